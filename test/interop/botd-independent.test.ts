import { describe, expect, test } from 'vitest'
import { RECORD_PARAMETERS } from '../../codec/botd/handshake-bytes.ts'
import { joinedPieces } from '../../codec/bytes.ts'
import { botdWire } from '../../codec/botd/wire.ts'
import type { Protocol } from '../../index.ts'
import type { BotdMessage, BotdTypes } from '../../protocols/botd.ts'
import { ABSENT, BACKENDS } from '../support/crypto-backends.ts'
import { writingInstead } from '../support/wires.ts'
import {
  BODY,
  encodeAck,
  encodeBody,
  encodeEnvelope,
  flipped,
  plainFrame,
} from './botd-peer-messages.ts'
import type { BotdPeer } from './botd-peer.ts'
import { OTHER, OURS, RAW, ROLES, startSides } from './botd-sides.ts'
import type { BotdTcpPeer, Sides } from './botd-sides.ts'
import { ascii, hexOf, join, sha256 } from './raw-native-crypto.ts'

const app = (topic: string, payload: Uint8Array): BotdMessage => ({
  ...{ type: 'app', id: 'a', topic, payload },
})
const textOf = (payload: Uint8Array): string => Buffer.from(payload).toString('latin1')
const LINES = Array.from({ length: 500 }, (_, index) => `line ${index}`)
const rawApps = (peer: BotdPeer) => peer.heardOf('app').map(({ payload }) => textOf(payload))
const sayTo = ({ supervisor }: Sides, topic: string, payload: Uint8Array): void => {
  expect(supervisor.send(hexOf(RAW.publicKey), app(topic, payload))).toBe('queued')
}
const inOrder = async (sides: Sides, { peer, until }: BotdTcpPeer): Promise<void> => {
  for (const line of LINES) peer.app('raw', ascii(line))
  const heard = await sides.heardApps(LINES.length)
  expect(heard.map(({ payload, topic }) => [topic, textOf(payload)])).toEqual(
    LINES.map((line) => ['raw', line]),
  )
  for (const line of LINES) sayTo(sides, 'ours', ascii(line))
  await until(() => peer.heardOf('app').length === LINES.length)
  expect(rawApps(peer)).toEqual(LINES)
}

const fewFrames = (rekeyFrames: number) => ({
  change: (protocol: Protocol<BotdTypes>): Protocol<BotdTypes> => ({
    ...protocol,
    wire: (setup) => botdWire(setup, { ...RECORD_PARAMETERS, rekeyFrames }),
  }),
})

/** Of our node: once armed, the last byte of each write is another one when it leaves. */
function startTampering() {
  let isArmed = false
  return {
    arm: () => (isArmed = true),
    change: (protocol: Protocol<BotdTypes>): Protocol<BotdTypes> => ({
      ...protocol,
      wire: (setup) =>
        protocol.wire({
          ...setup,
          out: (bytes) => {
            setup.out(isArmed ? flipped(joinedPieces(bytes), -1) : bytes)
          },
        }),
    }),
  }
}

test.each(ABSENT)('the cryptography of $name (skipped: $why)', () => undefined)

const SEATS = BACKENDS.flatMap((backend) => ROLES.map((role) => [role, backend.name, backend]))

describe.each(SEATS as [(typeof ROLES)[number], string, (typeof BACKENDS)[number]][])(
  'our node as %s, with the cryptography of %s,',
  (role, _, backend) => {
    test('G1 G2: knows its peer and is known, and messages go both ways in order', async () => {
      await using sides = await startSides({ backend })
      const raw = await sides.meet(role)
      const { identity } = await sides.eventOf('connection.active')
      expect(identity).toBe(hexOf(RAW.publicKey))
      expect(raw.peer.theirKey).toEqual(OURS.publicKey)
      await inOrder(sides, raw)
      expect(raw.peer.problem).toBeUndefined()
    })

    test('G2: the largest message goes both ways, and so does an empty one', async () => {
      await using sides = await startSides({ backend })
      const { peer, until } = await sides.meet(role)
      // As much as a record holds: 4 MiB with what stands around the payload.
      const id = 'i'.repeat(64)
      const type = 't'.repeat(128)
      const around = encodeEnvelope({
        ...{ kind: 'app', id, type, payload: new Uint8Array(4_000_000) },
      })
      const payload = new Uint8Array(4_194_304 - (around.length - 4_000_000)).fill(7)
      peer.say({ kind: 'app', id, type, payload })
      peer.app('', new Uint8Array(0))
      const [large, empty] = await sides.heardApps(2)
      expect(large && hexOf(sha256(large.payload))).toBe(hexOf(sha256(payload)))
      expect([empty?.topic, empty?.payload]).toEqual(['', new Uint8Array(0)])
      const message = { ...app(type, payload.subarray(0, 4_194_096)), id }
      expect(sides.supervisor.send(hexOf(RAW.publicKey), message)).toBe('queued')
      sayTo(sides, '', new Uint8Array(0))
      await until(() => peer.heardOf('app').length === 2)
      const [back, nothing] = peer.heardOf('app')
      expect(back && hexOf(sha256(back.payload))).toBe(
        hexOf(sha256(payload.subarray(0, 4_194_096))),
      )
      expect([nothing?.type, nothing?.payload]).toEqual(['', new Uint8Array(0)])
      expect(peer.problem).toBeUndefined()
    })

    test('G3: answers a ping at once, with an id of its own', async () => {
      await using sides = await startSides({ backend })
      const { peer, until } = await sides.meet(role)
      const pingId = peer.ping()
      await until(() => peer.heardOf('pong').length === 1)
      const [pong] = peer.heardOf('pong')
      expect(pong?.pingId).toBe(pingId)
      expect(pong?.id).toMatch(/^[0-9a-f]{32}$/)
      expect(pong?.id).not.toBe(pingId)
    })

    test('G7: moves on to new keys after every four frames, as its peer does', async () => {
      await using sides = await startSides({ backend, ...fewFrames(4) })
      const raw = await sides.meet(role, { rekeyFrames: 4 })
      const first = raw.peer.keys?.sending.material()
      await inOrder(sides, raw)
      expect(raw.peer.keys?.sending.material()).not.toEqual(first)
      expect(raw.peer.problem).toBeUndefined()
    })

    test('C22: closes at a tampered record and says nothing more', async () => {
      await using sides = await startSides({ backend })
      const { closed, peer } = await sides.meet(role)
      const { length } = peer.heard
      const sealed = peer.seal(encodeEnvelope({ kind: 'ping', id: 'p' }))
      peer.write(flipped(sealed, -1))
      expect((await sides.eventOf('connection.closed')).detail).toBe('record-unauthentic')
      await closed
      expect(peer.heard).toHaveLength(length)
      expect(peer.end).not.toBe('clean')
    })
  },
)

test('G7: of a key that has sealed 65,536 frames the next one is made, on both sides', async () => {
  await using sides = await startSides()
  const raw = await sides.meet('listener')
  const { peer, until } = raw
  const first = peer.keys
  const before = [first?.sending.material(), first?.receiving.material()]
  const count = 65_600
  const frames: Uint8Array[] = []
  for (let number = 0; number < count; number++) {
    frames.push(peer.seal(encodeEnvelope({ kind: 'app', id: 'r', type: '', payload: u24(number) })))
  }
  for (let from = 0; from < count; from += 1_000)
    peer.write(join(...frames.slice(from, from + 1_000)))
  const heard = await sides.heardApps(count)
  expect(heard.every(({ payload }, number) => numberOf(payload) === number)).toBe(true)
  for (let number = 0; number < count; number++) {
    if (sides.supervisor.send(hexOf(RAW.publicKey), app('', u24(number))) !== 'queued') {
      await sides.supervisor.room(hexOf(RAW.publicKey), { timeoutMs: 60_000 })
      number--
    }
  }
  await until(() => peer.heard.length >= count + 1)
  expect(peer.heardOf('app').every(({ payload }, number) => numberOf(payload) === number)).toBe(
    true,
  )
  const after = [peer.keys?.sending.material(), peer.keys?.receiving.material()]
  expect(after[0]).not.toEqual(before[0])
  expect(after[1]).not.toEqual(before[1])
  expect(peer.problem).toBeUndefined()
}, 60_000)

const u24 = (number: number): Uint8Array =>
  Uint8Array.of(number >> 16, (number >> 8) & 255, number & 255)
const numberOf = ([high = 0, middle = 0, low = 0]: Uint8Array): number =>
  (high << 16) | (middle << 8) | low

describe.each(ROLES)('our node as %s', (role) => {
  test('G4: takes a session a byte at a time, and is taken so', async () => {
    await using sides = await startSides()
    const { peer, until } = await sides.meet(role, { byteByByte: true })
    peer.app('raw', ascii('slowly'))
    const [heard] = await sides.heardApps(1)
    expect(heard && textOf(heard.payload)).toBe('slowly')
    sayTo(sides, 'ours', ascii('as well'))
    await until(() => peer.heardOf('app').length === 1)
    expect(rawApps(peer)).toEqual(['as well'])
  })

  test('leaves with a Disconnecting, so that its peer knows of a clean end', async () => {
    await using sides = await startSides()
    const { closed, peer } = await sides.meet(role)
    sides.supervisor.disconnect(hexOf(RAW.publicKey))
    await closed
    expect(peer.heardOf('disconnecting')).toMatchObject([{ reason: 9, payload: '' }])
    expect([peer.end, peer.problem]).toEqual(['clean', undefined])
  })

  test('is told by a Disconnecting why its peer leaves, and knows a cut from it', async () => {
    await using sides = await startSides()
    const leaving = await sides.meet(role)
    leaving.peer.leave(9, 'bye')
    const told = await sides.eventOf('connection.closed')
    expect([told.reason, told.detail]).toEqual(['peer-left', 'told-shutdown'])
    await leaving.closed
    expect(leaving.peer.heardOf('disconnecting')).toEqual([])
    const cut = await sides.meet(role, { identity: OTHER })
    cut.peer.hangUp()
    expect((await sides.eventOf('connection.closed', 2)).detail).toBe('left-truncated')
  })

  test('meets the same key again, with keys and a session of its own each time', async () => {
    await using sides = await startSides()
    const transcripts = new Set<string>()
    const ephemeralKeys = new Set<string>()
    for (const number of [1, 2, 3]) {
      const { closed, peer } = await sides.meet(role)
      const { identity } = await sides.eventOf('connection.active', number)
      expect(identity).toBe(hexOf(RAW.publicKey))
      transcripts.add(hexOf(peer.keys?.transcript ?? new Uint8Array(0)))
      for (const { ephemeralKey } of [peer.theirInit, peer.theirAck].flatMap((one) => one ?? [])) {
        ephemeralKeys.add(hexOf(ephemeralKey))
      }
      sides.supervisor.disconnect(hexOf(RAW.publicKey))
      await closed
      await sides.eventOf('connection.closed', number)
    }
    expect([transcripts.size, ephemeralKeys.size]).toEqual([3, 3])
  })

  test('C22: is left by its peer where one of its own records was tampered with', async () => {
    const { arm, change } = startTampering()
    await using sides = await startSides({ change })
    const { closed, peer } = await sides.meet(role)
    arm()
    sayTo(sides, 'ours', ascii('unharmed'))
    await closed
    expect(peer.problem).toBe('a frame that does not authenticate')
    expect(peer.heardOf('app')).toEqual([])
  })

  test('C22: closes where a record comes twice', async () => {
    await using sides = await startSides()
    const { closed, peer } = await sides.meet(role)
    const sealed = peer.seal(encodeEnvelope({ kind: 'app', id: 'a', type: '', payload: u24(1) }))
    peer.write(join(sealed, sealed))
    expect((await sides.eventOf('connection.closed')).detail).toBe('record-unauthentic')
    await closed
    expect(await sides.heardApps(1)).toHaveLength(1)
  })
})

/** What our node is to say on this topic is sealed as an envelope, as it is. */
const AS_IT_IS = 'as it is'
const sealingAsItIs = (protocol: Protocol<BotdTypes>): Protocol<BotdTypes> =>
  writingInstead(protocol, (messages) =>
    messages.map((message) =>
      !('raw' in message) && message.type === 'app' && message.topic === AS_IT_IS
        ? { raw: message.payload }
        : message,
    ),
  )

const withinApp = (fields: Uint8Array): Uint8Array => encodeBody(BODY.app, fields)

describe.each(ROLES)('our node as %s and its peer agree on what an envelope is:', (role) => {
  const body = encodeEnvelope({ kind: 'app', id: 'a', type: 'raw', payload: u24(7) })
  const other = encodeEnvelope({ kind: 'pong', id: 'p', pingId: 'q' })
  const unknown = encodeBody(99, u24(1))
  // A ping's number, with a number in place of bytes: proto3 does not know such a field.
  const noBytes = Uint8Array.of(0x20, 1)

  test.each([
    ['an unknown field behind the body', join(body, unknown)],
    ['one before it', join(unknown, body)],
    ['the number of a body without bytes', join(noBytes, body)],
    ['an unknown field within the body', withinApp(join(body.subarray(3), unknown))],
    ['a field of the body that comes twice', withinApp(join(u24(0x0a0162), body.subarray(3)))],
  ])('%s is passed over', async (_, plaintext) => {
    await using sides = await startSides({ change: sealingAsItIs })
    const { peer, until } = await sides.meet(role)
    peer.write(peer.seal(plaintext))
    const [heard] = await sides.heardApps(1)
    expect(heard).toEqual({ type: 'app', id: 'a', topic: 'raw', payload: u24(7) })
    sayTo(sides, AS_IT_IS, plaintext)
    await until(() => peer.heardOf('app').length === 1)
    expect(peer.heardOf('app')).toEqual([{ kind: 'app', id: 'a', type: 'raw', payload: u24(7) }])
  })

  test.each([
    ['the same body twice', join(body, body), 2],
    ['two bodies', join(other, body), 2],
    ['an unknown body alone', unknown, 0],
    ['the number of a body without bytes, alone', noBytes, 0],
  ])('C23: %s ends the session, whoever sends it', async (_, plaintext, bodies) => {
    await using sides = await startSides()
    const { closed, peer } = await sides.meet(role)
    peer.write(peer.seal(plaintext))
    expect((await sides.eventOf('connection.closed')).detail).toBe('bad-envelope')
    await closed
    expect(peer.heardOf('disconnecting')).toMatchObject([{ reason: 13 }])

    await using others = await startSides({ change: sealingAsItIs })
    const rude = await others.meet(role)
    sayTo(others, AS_IT_IS, plaintext)
    await rude.closed
    expect(rude.peer.problem).toBe(`an envelope of ${bodies} bodies`)
  })
})

describe('a wrong key', () => {
  test('C13: of the recipient: our node closes without a byte', async () => {
    await using sides = await startSides()
    const { closed, peer } = await sides.host.dial(sides.port, OTHER.publicKey, { identity: RAW })
    peer.init()
    expect((await sides.eventOf('connection.closed')).detail).toBe('wrong-recipient')
    await closed
    expect([peer.ackPayload, peer.keys]).toEqual([undefined, undefined])
  })

  test('C13: of the recipient: so does the peer that our node dials', async () => {
    await using sides = await startSides()
    const { next, port } = await sides.host.listen({ identity: RAW })
    const dialled = sides.supervisor
      .connect(`botd://${hexOf(OTHER.publicKey)}@127.0.0.1:${port}`)
      .catch(() => undefined)
    const { closed, peer } = await next()
    await closed
    expect(peer.problem).toBe('meant for another one')
    const { detail, phase, receivedBytes } = await sides.eventOf('connection.closed')
    expect([phase, receivedBytes]).toEqual(['handshaking', 0])
    expect(detail).toBe('ended')
    await sides.supervisor.stop()
    await dialled
  })

  test('C2: of the signer: our node closes without an Ack', async () => {
    await using sides = await startSides()
    const { closed, peer } = await sides.host.dial(sides.port, OURS.publicKey, { identity: RAW })
    peer.init({ signedBy: OTHER.privateKey })
    expect((await sides.eventOf('connection.closed')).detail).toBe('invalid-signature')
    await closed
    expect(peer.ackPayload).toBeUndefined()
  })

  test('C7: of the signer: our node, which dialled, says nothing sealed', async () => {
    await using sides = await startSides()
    // Whoever answers at the address has the key of somebody else to show, and its own to sign with.
    const { address, next } = await sides.host.listen({
      identity: { publicKey: RAW.publicKey, privateKey: OTHER.privateKey },
    })
    const dialled = sides.supervisor.connect(address).catch(() => undefined)
    const { closed, peer, until } = await next()
    await until(() => peer.theirInit !== undefined)
    peer.ack()
    expect((await sides.eventOf('connection.closed')).detail).toBe('invalid-signature')
    await closed
    expect([peer.heard.length, peer.isConfirmed]).toEqual([0, false])
    await sides.supervisor.stop()
    await dialled
  })
})

describe('a recorded handshake', () => {
  test('A1: an Init that our node has answered is not answered again', async () => {
    await using sides = await startSides()
    const { peer } = await sides.meet('listener')
    const copy = await sides.host.dial(sides.port, OURS.publicKey)
    copy.peer.write(plainFrame(peer.initPayload ?? new Uint8Array(0)))
    expect((await sides.eventOf('connection.closed')).detail).toBe('replayed-init')
    await copy.closed
    expect(copy.peer.end).toBe('before-keys')
    // Whom it was copied from is not disturbed.
    peer.app('raw', ascii('still here'))
    expect(await sides.heardApps(1)).toHaveLength(1)
  })

  test('A1: an Init of our node, and its first sealed frame, prove nothing to its peer', async () => {
    await using sides = await startSides()
    const seat = { identity: RAW }
    const listening = await sides.host.listen(seat)
    const connected = sides.supervisor.connect(listening.address)
    const { peer } = await listening.nextSession()
    await connected
    const copy = await sides.host.dial(listening.port, RAW.publicKey, { identity: OTHER })
    copy.peer.write(plainFrame(peer.initPayload ?? new Uint8Array(0)))
    const fooled = await listening.next()
    await fooled.until(() => fooled.peer.theirInit !== undefined)
    fooled.peer.ack()
    expect(fooled.peer.theirKey).toEqual(OURS.publicKey)
    copy.peer.write(peer.heard[0]?.frame ?? new Uint8Array(0))
    await fooled.closed
    expect(fooled.peer.problem).toBe('a frame that does not authenticate')
    expect(fooled.peer.isConfirmed).toBe(false)
  })

  test('A2: an Ack to our node, patched for its next Init, makes no session', async () => {
    await using sides = await startSides()
    const listening = await sides.host.listen({ identity: RAW })
    const first = sides.supervisor.connect(listening.address)
    const recorded = await listening.nextSession()
    await first
    sides.supervisor.disconnect(hexOf(RAW.publicKey))
    await recorded.closed
    await sides.eventOf('connection.closed')
    const again = sides.supervisor.connect(listening.address).catch(() => undefined)
    const copy = await listening.next()
    await copy.until(() => copy.peer.theirInit !== undefined)
    // Its other fields and its signature are those that our node once took.
    const [oldId = '', newId = ''] = [recorded, copy].map(({ peer }) => peer.theirInit?.id)
    const ack = Buffer.from(recorded.peer.ackPayload ?? []).toString('latin1')
    const sealed = recorded.peer.seal(encodeEnvelope({ kind: 'ping', id: 'p' }))
    copy.peer.write(join(plainFrame(ascii(ack.replace(oldId, newId))), sealed))
    expect((await sides.eventOf('connection.closed', 2)).detail).toBe('record-unauthentic')
    expect(sides.eventsOf('connection.active')).toHaveLength(1)
    await sides.supervisor.stop()
    await again
  })

  test('A2: an Ack of our node, patched for another Init, makes no session with its peer', async () => {
    await using sides = await startSides()
    const recorded = await sides.meet('listener')
    const ack = recorded.peer.theirAck
    if (ack === undefined) throw new Error('no Ack')
    // Somebody in our node's place has all that it said.
    const listening = await sides.host.listen({ identity: OURS })
    const dialler = await sides.host.dial(listening.port, OURS.publicKey, { identity: RAW })
    const impostor = await listening.next()
    dialler.peer.init()
    await impostor.until(() => impostor.peer.theirInit !== undefined)
    const initId = impostor.peer.theirInit?.id ?? ''
    impostor.peer.write(
      join(
        plainFrame(encodeAck({ ...ack, initId })),
        recorded.peer.heard[0]?.frame ?? new Uint8Array(0),
      ),
    )
    await dialler.closed
    expect(dialler.peer.problem).toBe('a frame that does not authenticate')
    expect(dialler.peer.isConfirmed).toBe(false)
  })
})
