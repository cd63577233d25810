import { describe, expect, test } from 'vitest'
import { concatBytes, encodeUtf8, equalBytes } from '../../codec/bytes.ts'
import { parseAddress } from '../../codec/botd/address.ts'
import { encodeEnvelope } from '../../codec/botd/envelope-codec.ts'
import { RECORD_PARAMETERS } from '../../codec/botd/handshake-bytes.ts'
import { encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import { APP_PAYLOAD_BYTES_MAX, PLAINTEXT_BYTES_MAX } from '../../codec/botd/messages.ts'
import { REASON_CODES } from '../../codec/botd/reason-codes.ts'
import { botdWire } from '../../codec/botd/wire.ts'
import { botd } from '../../protocols/botd.ts'
import type { BotdMessage } from '../../protocols/botd.ts'
import { startPair } from '../../testing/pair.ts'
import { oneByte } from '../../transport/memory/chunking.ts'
import { app } from './botd-support.ts'
import { addressOf, hexOf, OTHER, OURS, plainFrame, RAW, ROLES, startScene } from './botd-raw.ts'
import type { RawStream } from './botd-raw.ts'

const startBoth = (change: Partial<ReturnType<typeof botd>> = {}) => {
  const people = { dialler: RAW, listener: OURS }
  const pair = startPair(
    (role) => ({ ...botd({ privateKey: people[role].privateKey }), ...change }),
    { address: (_, { host }) => addressOf(OURS, host) },
  )
  const heard: BotdMessage[] = []
  for (const { supervisor } of [pair.dialler, pair.listener]) {
    supervisor.messages('app').subscribe(({ message }) => heard.push(message))
  }
  const identities = () =>
    [pair.dialler, pair.listener].map(({ supervisor }) => supervisor.connections()[0]?.identity)
  return { ...pair, heard, identities }
}

describe('the good flow', () => {
  test('G1: Init, Ack and both confirms, and each side knows the other’s key', async () => {
    const { identities, stop } = startBoth()
    expect(identities()).toEqual([hexOf(OURS.publicKey), hexOf(RAW.publicKey)])
    await stop()
  })

  test('G2: messages of the application pass both ways, empty and as large as they may be', () => {
    const { dialler, heard, listener, world } = startBoth()
    for (const { connection, supervisor } of [dialler, listener]) {
      for (const size of [0, APP_PAYLOAD_BYTES_MAX]) {
        const message = { ...app(), payload: new Uint8Array(size) }
        expect(supervisor.send(connection, message)).toBe('queued')
        world.advance(5_000)
        const [got] = heard.splice(0)
        // One by one a matcher would take a minute over them.
        expect(got?.type === 'app' && equalBytes(got.payload, message.payload)).toBe(true)
      }
      const tooLarge = { ...app(), payload: new Uint8Array(APP_PAYLOAD_BYTES_MAX + 1) }
      expect(() => supervisor.send(connection, tooLarge)).toThrow(/are the limit/)
    }
  })

  test('G2: the largest payload fits a record with the longest id and topic', () => {
    const envelope = encodeEnvelope({
      ...{ type: 'app', id: 'i'.repeat(64), topic: 't'.repeat(128) },
      payload: new Uint8Array(APP_PAYLOAD_BYTES_MAX),
    })
    expect(envelope.length).toBeLessThanOrEqual(PLAINTEXT_BYTES_MAX)
    expect(envelope.length).toBeGreaterThan(PLAINTEXT_BYTES_MAX - 16)
  })

  test.each(ROLES)(
    'G3: a Ping to a %s gets a Pong that names it and has an id of its own',
    (role) => {
      const raw = startScene().establish(role)
      raw.send({ type: 'ping', id: 'one' })
      const pong = raw.read().at(-1)
      expect(pong).toMatchObject({ type: 'pong', pingId: 'one' })
      expect(pong?.id).toMatch(/^[0-9a-f]{32}$/)
    },
  )

  test('G4: every frame may come a byte at a time', () => {
    const scene = startScene()
    scene.world.network.setChunking(oneByte)
    const raw = scene.establish()
    raw.send({ type: 'ping', id: 'one' })
    expect(scene.active()).toBe(1)
    expect(raw.heardTypes()).toEqual(['sessionConfirm', 'pong'])
  })

  test('G4: Ack, confirm and a ping may come in one write', () => {
    const scene = startScene()
    const raw = scene.attract()
    const ack = plainFrame(encodeAck(raw.ackOf()))
    // Agrees without sending; what is written follows in one piece.
    const pieces: Uint8Array[] = [ack]
    raw.prepare(encodeAck(raw.ackOf()))
    pieces.push(
      raw.sealed({ type: 'sessionConfirm', id: 'c', handshakeId: raw.theirId() }),
      raw.sealed({ type: 'ping', id: 'one' }),
    )
    raw.write(...pieces)
    expect(raw.heardTypes()).toEqual(['sessionConfirm', 'pong'])
    expect(scene.active()).toBe(1)
  })

  test('G5: the port is 9945 where none is given', () => {
    const key = hexOf(RAW.publicKey)
    for (const text of [`botd://${key}@192.0.2.1`, `${key}@192.0.2.1`]) {
      expect(parseAddress(text)).toEqual({
        address: { identity: key, host: '192.0.2.1', port: 9945 },
      })
    }
    expect(botd({ privateKey: OURS.privateKey }).defaultPort).toBe(9945)
  })

  test('G6: no ephemeral key comes twice in a thousand sessions', () => {
    const scene = startScene({ limits: { acceptedPerGroupMax: 100_000 } })
    const keys = new Set<string>()
    const host = scene.hostAt('10.0.0.2')
    for (let count = 0; count < 1_000; count++) {
      const raw = host.dial()
      raw.greet()
      scene.world.settle()
      keys.add(hexOf(raw.ackHeard().ephemeralKey))
      raw.end()
      scene.world.advance(100)
    }
    expect(keys.size).toBe(1_000)
  })

  test('G7: with new keys after each four frames, twenty each way still decrypt', () => {
    const { dialler, heard, listener, world } = startBoth({
      wire: (setup) => botdWire(setup, { ...RECORD_PARAMETERS, rekeyFrames: 4 }),
    })
    for (const { connection, supervisor } of [dialler, listener]) {
      for (let number = 0; number < 20; number++) {
        supervisor.send(connection, app(number))
        world.advance(1)
      }
    }
    expect(heard.map((one) => (one.type === 'app' ? one.payload[0] : undefined))).toEqual([
      ...[...Array(20).keys(), ...Array(20).keys()],
    ])
  })

  /** Field 100 with three bytes, and field 101 as a number. */
  const UNKNOWN = Uint8Array.of(0xa2, 0x06, 3, 1, 2, 3, 0xa8, 0x06, 7)

  test('G8: with an unknown field in Init both sides come to the same keys', () => {
    const scene = startScene()
    const raw = scene.dial()
    raw.greet(concatBytes(encodeInit(raw.initOf()), UNKNOWN))
    raw.agree()
    raw.confirm()
    expect(scene.active()).toBe(1)
    expect(raw.heardTypes()).toEqual(['sessionConfirm'])
  })

  test('G8: and so with one in Ack', () => {
    const scene = startScene()
    const raw = scene.attract()
    raw.greet(concatBytes(encodeAck(raw.ackOf()), UNKNOWN))
    raw.agree()
    raw.confirm()
    expect(scene.active()).toBe(1)
  })

  test('whatever decrypts first confirms', () => {
    for (const role of ROLES) {
      const scene = startScene()
      const raw = scene.agree(role)
      expect(scene.active()).toBe(0)
      raw.send({ type: 'ping', id: 'one' })
      expect(scene.active()).toBe(1)
      expect(raw.heardTypes()).toEqual(['sessionConfirm', 'pong'])
    }
  })
})

/** The first ones are good; then what a test says, and what came of it. */
function closedAfter(role: (typeof ROLES)[number], say: (raw: RawStream) => void) {
  const scene = startScene()
  const raw = scene.establish(role)
  const [before] = [raw.read().length]
  say(raw)
  scene.world.settle()
  expect(raw.state()).toBe('ended')
  return { detail: scene.details()[0], said: raw.read().slice(before) }
}

const saysReason = (said: readonly BotdMessage[], reason: keyof typeof REASON_CODES): void => {
  expect(said).toMatchObject([{ type: 'disconnecting', reason: REASON_CODES[reason] }])
}

describe.each(ROLES)('a session that our node has as %s is closed', (role) => {
  test.each([
    ['an Init', (raw: RawStream) => plainFrame(encodeInit(raw.initOf()))],
    ['a Ping', () => plainFrame(encodeEnvelope({ type: 'ping', id: 'p'.repeat(32) }))],
  ])('C11: after %s in plaintext, without a word', (_, frameOf) => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.write(frameOf(raw), new Uint8Array(64))
    })
    expect(detail).toBe('record-unauthentic')
    expect(said).toEqual([])
  })

  const flip = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
  const PING = { type: 'ping', id: 'p' } as const
  const APP = { type: 'app', id: 'a', topic: 't', payload: Uint8Array.of(1) } as const
  test.each<readonly [string, (raw: RawStream) => readonly Uint8Array[]]>([
    ['a bit flipped in the ciphertext', (raw) => [flip(raw.sealed(PING), 5)]],
    [
      'a bit flipped in the tag',
      (raw) => {
        const record = raw.sealed(PING)
        return [flip(record, record.length - 1)]
      },
    ],
    ['a bit flipped in the length', (raw) => [flip(raw.sealed(PING), 0), new Uint8Array(8)]],
    [
      'a frame sent twice',
      (raw) => {
        const record = raw.sealed(APP)
        return [record, record]
      },
    ],
    ['frames swapped', (raw) => [raw.sealed(APP), raw.sealed(PING)].reverse()],
    [
      'a frame dropped',
      (raw) => {
        raw.sealed(APP)
        return [raw.sealed(APP)]
      },
    ],
    ['its own frame reflected', (raw) => [raw.came().slice(-90)]],
    ['a tag cut short', (raw) => [Uint8Array.of(20, 0, 0, 0), raw.sealed(PING).slice(4, 24)]],
  ])('C22: after %s', (_, framesOf) => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.write(...framesOf(raw))
    })
    expect(detail).toBe('record-unauthentic')
    expect(said).toEqual([])
  })

  test.each([
    ['no body', Uint8Array.of(0xa8, 0x06, 7)],
    ['a body that is no message', Uint8Array.of(0x20, 1)],
    ['two bodies', concatBytes(encodeEnvelope(PING), encodeEnvelope(APP))],
    ['the same body twice', concatBytes(encodeEnvelope(PING), encodeEnvelope(PING))],
    ['an unknown body', Uint8Array.of(0xa2, 0x06, 0)],
    ['bytes that are no protobuf', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['a length that goes past the end', Uint8Array.of(0x22, 0x7f, 0)],
    ['a Ping without an id', Uint8Array.of(0x22, 0)],
    ['an id of 65 bytes', encodeEnvelope({ type: 'ping', id: 'x'.repeat(65) })],
    ['a topic of 129 bytes', encodeEnvelope({ ...APP, topic: 'x'.repeat(129) })],
  ])('C23: after an envelope with %s', (_, plaintext) => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.send(plaintext)
    })
    expect(detail).toBe('bad-envelope')
    saysReason(said, 'protocol-error')
  })

  test.each([
    ['0', Uint8Array.of(0, 0, 0, 0), 'record-too-short'],
    ['4, which a tag cut short would have', Uint8Array.of(4, 0, 0, 0), 'record-too-short'],
    ['16, which is a tag around nothing', Uint8Array.of(16, 0, 0, 0), 'record-too-short'],
    ['4 MiB and 17', Uint8Array.of(17, 0, 64, 0), 'record-too-long'],
    ['2^32 - 1', new Uint8Array(4).fill(255), 'record-too-long'],
  ])('C22: after a length of %s, before anything is waited for', (_, bytes, expected) => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.write(bytes)
    })
    expect(detail).toBe(expected)
    expect(said).toEqual([])
  })

  test('C24: after a confirm that names another handshake', () => {
    const scene = startScene()
    const raw = scene.agree(role)
    raw.confirm('9'.repeat(32))
    expect(scene.details()).toEqual(['wrong-confirm'])
    expect(scene.active()).toBe(0)
  })

  test('C24: after a confirm that is not the first message', () => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.confirm()
    })
    expect(detail).toBe('wrong-confirm')
    saysReason(said, 'protocol-error')
  })

  test('with a Disconnecting where it is us who leave', () => {
    const scene = startScene()
    const raw = scene.establish(role)
    scene.ours.supervisor.disconnect(scene.ours.supervisor.connections()[0]?.name ?? '')
    scene.world.settle()
    saysReason(raw.read().slice(1), 'shutdown')
    expect(raw.state()).toBe('ended')
  })

  test('as told, after a Disconnecting', () => {
    const { detail, said } = closedAfter(role, (raw) => {
      raw.send({ type: 'disconnecting', id: 'd', reason: 9, text: 'bye' })
      raw.end()
    })
    expect(detail).toBe('told-shutdown')
    expect(said).toEqual([])
  })

  test('as truncated, where the stream ends without one', () => {
    const { detail } = closedAfter(role, (raw) => {
      raw.end()
    })
    expect(detail).toBe('left-truncated')
  })
})

test('C12: after the handshake nothing readable goes out', () => {
  const scene = startScene()
  const raw = scene.establish()
  const secret = 'nobody is to read this in passing'
  const { supervisor } = scene.ours
  supervisor.send(supervisor.connections()[0]?.name ?? '', {
    ...{ type: 'app', id: 'a', topic: 'secret topic', payload: encodeUtf8(secret) },
  })
  scene.world.settle()
  // All of it decrypts: `read` throws where a byte does not, and nothing is left.
  expect(raw.heardTypes()).toEqual(['sessionConfirm', 'app'])
  expect(raw.unreadBytes()).toBe(0)
  const text = Buffer.from(raw.came()).toString('latin1')
  expect(text.includes(secret) || text.includes('secret topic')).toBe(false)
})

test('an unknown field beside a body is passed over', () => {
  const scene = startScene()
  const raw = scene.establish()
  const unknown = Uint8Array.of(0xa8, 0x06, 7)
  raw.send(concatBytes(encodeEnvelope({ type: 'ping', id: 'p' }), unknown))
  expect(raw.heardTypes()).toEqual(['sessionConfirm', 'pong'])
})

test.each(ROLES)('a confirmed session is not displaced by an unconfirmed one, to a %s', (role) => {
  const scene = startScene()
  const first = scene.establish(role)
  scene.agree('acceptor', '10.0.0.3', RAW)
  scene.world.advance(11_000)
  expect(first.state()).toBe('open')
  expect(scene.details()).toEqual(['no-confirm'])
})

test('a third key is somebody else', () => {
  const scene = startScene()
  scene.establish('acceptor')
  scene.establish('acceptor', '10.0.0.3', OTHER)
  expect(scene.phases()).toEqual(['active', 'active'])
})
