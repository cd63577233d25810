import { describe, expect, test } from 'vitest'
import { concatBytes, encodeAscii } from '../../codec/bytes.ts'
import { signedBytes } from '../../codec/botd/handshake-bytes.ts'
import { encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import { encodeEnvelope } from '../../codec/botd/envelope-codec.ts'
import type { AckMessage, InitMessage } from '../../codec/botd/messages.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { OTHER, OURS, plainFrame, RAW, startScene } from './botd-raw.ts'
import type { OurRole, RawStream, SceneOptions } from './botd-raw.ts'

const crypto = nobleCrypto()
const flipped = (bytes: Uint8Array, at = bytes.length - 1): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

/** What raw says in place of its good Init or Ack, and why our node closes; our node says nothing to it. */
function refusedFor(
  role: OurRole,
  payloadOf: (stream: RawStream) => Uint8Array,
  options: SceneOptions = {},
): string | undefined {
  const scene = startScene(options)
  const stream = scene.meet(role)
  if (role === 'dialler') stream.initHeard()
  const before = stream.came().length
  stream.greet(payloadOf(stream))
  scene.world.settle()
  expect(stream.came()).toHaveLength(before)
  expect(stream.state()).toBe('ended')
  expect(scene.active()).toBe(0)
  expect(scene.ours.eventsOf('fault')).toEqual([])
  return scene.details()[0]
}

const initWith =
  (change: (stream: RawStream) => Partial<InitMessage>, signer = RAW) =>
  (stream: RawStream) =>
    encodeInit(stream.initOf(change(stream), signer))
const ackWith =
  (change: (stream: RawStream) => Partial<AckMessage>, signer = RAW) =>
  (stream: RawStream) =>
    encodeAck(stream.ackOf(change(stream), signer))
const signs = (...parts: readonly Uint8Array[]) =>
  crypto.sign(concatBytes(...parts), RAW.privateKey)

describe('Init is refused without a byte', () => {
  test.each([
    [
      'C1: a bit of its signature flipped',
      initWith((raw) => ({ signature: flipped(raw.initOf().signature) })),
    ],
    ['C2: signed by another key', initWith(() => ({}), OTHER)],
    [
      'C3: signed over another recipient',
      initWith((raw) => ({ signature: signs(RAW.publicKey, OTHER.publicKey, raw.ephemeralKey) })),
    ],
    [
      'C4: signed over another ephemeral key',
      initWith(() => ({ signature: signs(RAW.publicKey, OURS.publicKey, OTHER.publicKey) })),
    ],
    [
      'C5: signed over fields in the wrong order',
      initWith((raw) => ({ signature: signs(OURS.publicKey, RAW.publicKey, raw.ephemeralKey) })),
    ],
  ])('%s', (_, payloadOf) => {
    expect(refusedFor('acceptor', payloadOf)).toBe('invalid-signature')
  })

  test('C13: its recipient is somebody else', () => {
    const payloadOf = initWith(() => ({ recipientKey: OTHER.publicKey }))
    expect(refusedFor('acceptor', payloadOf)).toBe('wrong-recipient')
  })

  test('C14: its sender is ourselves', () => {
    const payloadOf = initWith(() => ({ senderKey: OURS.publicKey }), OURS)
    expect(refusedFor('acceptor', payloadOf)).toBe('own-key')
  })

  test('its ephemeral key is a static one', () => {
    for (const { publicKey } of [RAW, OURS]) {
      const payloadOf = initWith(() => ({ ephemeralKey: publicKey }))
      expect(refusedFor('acceptor', payloadOf)).toBe('invalid-key')
    }
  })

  test('C16: an Ack comes in its place', () => {
    const ack = { type: 'ack', id: 'a', initId: 'b' } as const
    const payload = encodeAck({
      ...ack,
      ephemeralKey: RAW.publicKey,
      signature: new Uint8Array(64),
    })
    expect(refusedFor('acceptor', () => payload)).toBe('bad-handshake')
  })

  test('C16: a Ping comes in its place', () => {
    const payload = encodeEnvelope({ type: 'ping', id: 'p' })
    expect(refusedFor('acceptor', () => payload)).toBe('bad-handshake')
  })

  test('C16: a second one follows', () => {
    const scene = startScene()
    const stream = scene.dial()
    stream.greet()
    scene.world.settle()
    const { length } = stream.came()
    stream.greet()
    scene.world.settle()
    // Its header reads as that of a record that is shorter than what came, and authenticates nothing.
    expect(scene.details()).toEqual(['record-unauthentic'])
    expect(stream.came()).toHaveLength(length)
    expect(scene.active()).toBe(0)
  })

  test('C21: bytes come right behind it', () => {
    const scene = startScene()
    const stream = scene.dial()
    stream.write(plainFrame(encodeInit(stream.initOf())), Uint8Array.of(0))
    expect(scene.details()).toEqual(['early-bytes'])
    expect(stream.came()).toHaveLength(0)
  })
})

describe('Ack is refused without a byte', () => {
  test.each([
    [
      'C6: a bit of its signature flipped',
      ackWith((raw) => ({ signature: flipped(raw.ackOf().signature) })),
    ],
    ['C7: signed by another key', ackWith(() => ({}), OTHER)],
    [
      'C8: signed over another recipient',
      ackWith((raw) => ({ signature: signs(RAW.publicKey, OTHER.publicKey, raw.ephemeralKey) })),
    ],
    [
      'C9: signed over another ephemeral key',
      ackWith(() => ({ signature: signs(RAW.publicKey, OURS.publicKey, OTHER.publicKey) })),
    ],
    [
      'C10: signed over fields in the wrong order',
      ackWith((raw) => ({ signature: signs(OURS.publicKey, RAW.publicKey, raw.ephemeralKey) })),
    ],
  ])('%s', (_, payloadOf) => {
    expect(refusedFor('dialler', payloadOf)).toBe('invalid-signature')
  })

  test('C15: it answers another Init', () => {
    expect(
      refusedFor(
        'dialler',
        ackWith(() => ({ initId: '9'.repeat(32) })),
      ),
    ).toBe('wrong-init-id')
  })

  test('C16: an Init comes in its place', () => {
    expect(refusedFor('dialler', (raw) => encodeInit(raw.initOf()))).toBe('bad-handshake')
  })

  test('its ephemeral key is one that stands elsewhere', () => {
    const keysOf = (raw: RawStream) => [raw.initHeard().ephemeralKey, OURS.publicKey, RAW.publicKey]
    for (const index of [0, 1, 2]) {
      const payloadOf = ackWith((raw) => {
        const ephemeralKey = keysOf(raw)[index]
        return ephemeralKey === undefined ? {} : { ephemeralKey }
      })
      expect(refusedFor('dialler', payloadOf)).toBe('invalid-key')
    }
  })
})

/** 04 or 06 or 07, x and y: other forms of a point that libraries take. */
const uncompressed = (prefix: number): Uint8Array => {
  // The base point's; its y is even.
  const x = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
  const y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'
  return Uint8Array.of(prefix, ...Buffer.from(x + y, 'hex'))
}

describe.each(BACKENDS.map((backend) => [backend.name, backend] as const))(
  'with the cryptography of %s',
  (_, cryptoBackend) => {
    const BAD_KEYS: readonly (readonly [string, Uint8Array, string])[] = [
      ['of 32 bytes', RAW.publicKey.slice(0, 32), 'bad-handshake'],
      ['of 34 bytes', concatBytes(RAW.publicKey, Uint8Array.of(0)), 'bad-handshake'],
      ['of 65 bytes, uncompressed', uncompressed(4), 'bad-handshake'],
      ['of 65 bytes, hybrid', uncompressed(6), 'bad-handshake'],
      ['with prefix 05', Uint8Array.of(5, ...RAW.publicKey.slice(1)), 'bad-handshake'],
      ['with prefix 06', Uint8Array.of(6, ...RAW.publicKey.slice(1)), 'bad-handshake'],
      ['of zeros', new Uint8Array(33), 'bad-handshake'],
      ['that is missing', new Uint8Array(0), 'bad-handshake'],
      ['off the curve', Uint8Array.of(2, ...new Uint8Array(31), 5), 'invalid-key'],
    ]
    test.each(BAD_KEYS)('C17: a key %s is refused', (_, key, detail) => {
      const options = { cryptoBackend }
      for (const field of ['senderKey', 'recipientKey', 'ephemeralKey'] as const) {
        const payloadOf = initWith(() => ({ [field]: key, signature: new Uint8Array(64).fill(1) }))
        expect(refusedFor('acceptor', payloadOf, options)).toBe(detail)
      }
      const payloadOf = ackWith(() => ({
        ephemeralKey: key,
        signature: new Uint8Array(64).fill(1),
      }))
      expect(refusedFor('dialler', payloadOf, options)).toBe(detail)
    })

    const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const twinOf = (signature: Uint8Array): Uint8Array => {
      const s = ORDER - BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
      return concatBytes(
        signature.subarray(0, 32),
        Uint8Array.from(Buffer.from(s.toString(16).padStart(64, '0'), 'hex')),
      )
    }
    const derOf = (signature: Uint8Array): Uint8Array => {
      const integer = (bytes: Uint8Array) => {
        const body = (bytes[0] ?? 0) > 127 ? concatBytes(Uint8Array.of(0), bytes) : bytes
        return concatBytes(Uint8Array.of(2, body.length), body)
      }
      const body = concatBytes(integer(signature.slice(0, 32)), integer(signature.slice(32)))
      return concatBytes(Uint8Array.of(0x30, body.length), body)
    }
    const BAD_SIGNATURES: readonly (readonly [string, (good: Uint8Array) => Uint8Array, string])[] =
      [
        ['of 63 bytes', (good) => good.slice(1), 'bad-handshake'],
        ['of 65 bytes', (good) => concatBytes(good, Uint8Array.of(0)), 'bad-handshake'],
        ['in DER', derOf, 'bad-handshake'],
        [
          'with r zero',
          (good) => concatBytes(new Uint8Array(32), good.slice(32)),
          'invalid-signature',
        ],
        [
          'with s zero',
          (good) => concatBytes(good.slice(0, 32), new Uint8Array(32)),
          'invalid-signature',
        ],
        ['with a high s, the twin of a good one', twinOf, 'invalid-signature'],
      ]
    test.each(BAD_SIGNATURES)('C18: a signature %s is refused', (_, change, detail) => {
      const options = { cryptoBackend }
      const init = initWith((raw) => ({ signature: change(raw.initOf().signature) }))
      expect(refusedFor('acceptor', init, options)).toBe(detail)
      const ack = ackWith((raw) => ({ signature: change(raw.ackOf().signature) }))
      expect(refusedFor('dialler', ack, options)).toBe(detail)
    })
  },
)

describe('a plaintext frame ends the connection', () => {
  test.each([
    ['C19: with a wrong checksum', flipped(plainFrame(Uint8Array.of(1, 2, 3)), 4), 'bad-checksum'],
    ['C19: of length 0', new Uint8Array(8), 'frame-length'],
    ['C19: of length 1025', Uint8Array.of(1, 4, 0, 0), 'frame-length'],
    [
      'C19: of length 2^32 - 1, with nothing behind it',
      new Uint8Array(4).fill(255),
      'frame-length',
    ],
  ])('%s', (_, bytes, detail) => {
    const scene = startScene()
    const stream = scene.dial()
    stream.write(bytes)
    expect(scene.details()).toEqual([detail])
    expect(stream.came()).toHaveLength(0)
  })

  test('C19: that is cut off by the end of the stream', () => {
    const scene = startScene()
    const stream = scene.dial()
    stream.write(plainFrame(encodeInit(stream.initOf())).slice(0, -1))
    stream.end()
    expect(scene.details()).toEqual(['left-mid-frame'])
  })

  const INVALID_UTF8 = Uint8Array.of(0xff, 0xfe)
  const withId = (payload: Uint8Array, id: Uint8Array): Uint8Array =>
    // The last field with a number counts, wherever it stands.
    concatBytes(payload, Uint8Array.of(0x0a, id.length), id)
  test.each([
    ['empty', new Uint8Array(0)],
    ['of 65 bytes', encodeAscii('x'.repeat(65))],
    ['that is no UTF-8', INVALID_UTF8],
  ])('C20: an id %s', (_, id) => {
    expect(refusedFor('acceptor', (raw) => withId(encodeInit(raw.initOf()), id))).toBe(
      'bad-handshake',
    )
    expect(refusedFor('dialler', (raw) => withId(encodeAck(raw.ackOf()), id))).toBe('bad-handshake')
  })

  test('but an id of 64 bytes is one', () => {
    const scene = startScene()
    const stream = scene.dial()
    stream.greet(withId(encodeInit(stream.initOf()), encodeAscii('x'.repeat(64))))
    stream.agree()
    stream.confirm()
    expect(scene.active()).toBe(1)
  })
})

test('what is signed is 99 bytes without a word in front', () => {
  expect(signedBytes(RAW.publicKey, OURS.publicKey, OTHER.publicKey)).toHaveLength(99)
})
