import { ECDH } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isPublicKey, isSignatureOf, u32le } from './botd-peer-crypto.ts'
import { botdIdentity, encodeBody, encodeEnvelope, encodeFields } from './botd-peer-messages.ts'
import { flipped, plainFrame, signedKeys } from './botd-peer-messages.ts'
import type { Ack, Forging, Init } from './botd-peer-messages.ts'
import { ACK_PAYLOAD_BYTES, ID, INIT_PAYLOAD_BYTES, LABEL, VECTORS } from './botd-peer-vectors.ts'
import { startBotdPeer } from './botd-peer.ts'
import { ascii, hexOf, hkdfExtract, join, publicKeyOf, sha256 } from './raw-native-crypto.ts'
import { sharedX } from './raw-native-crypto.ts'

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const ALICE = botdIdentity(LABEL.aliceStatic)
const BOB = botdIdentity(LABEL.bobStatic)
const MALLORY = botdIdentity('botd mallory static')
const EPHEMERAL = {
  alice: sha256(ascii(LABEL.aliceEphemeral)),
  bob: sha256(ascii(LABEL.bobEphemeral)),
}
const ALICE_EPHEMERAL = publicKeyOf(EPHEMERAL.alice)
const BOB_EPHEMERAL = publicKeyOf(EPHEMERAL.bob)

/** Both ends of a pipe that holds what was written until a test hands it on, in one chunk. */
function startPair({ rekeyFrames = 65_536 }: { readonly rekeyFrames?: number } = {}) {
  const side = (role: 'dialler' | 'listener', ids: readonly string[]) => {
    const written: Uint8Array[] = []
    const left = [...ids]
    const state = { isDestroyed: false }
    const peer = startBotdPeer({
      role,
      rekeyFrames,
      identity: role === 'dialler' ? ALICE : BOB,
      ephemeralPrivateKey: role === 'dialler' ? EPHEMERAL.alice : EPHEMERAL.bob,
      recipientKey: BOB.publicKey,
      nextId: () => left.shift() ?? 'e'.repeat(32),
      pipe: {
        write: (bytes) => written.push(bytes),
        end: () => undefined,
        destroy: () => (state.isDestroyed = true),
      },
    })
    return { peer, state, take: () => join(...written.splice(0)) }
  }
  const dialler = side('dialler', [ID.init, ID.diallerConfirm, ID.ping, ID.ping])
  const listener = side('listener', [ID.ack, ID.listenerConfirm, ID.pong])
  return { dialler, listener }
}
type Pair = ReturnType<typeof startPair>

/** Both have keys, both have confirmed. */
function startSession(options: Parameters<typeof startPair>[0] = {}) {
  const pair = startPair(options)
  const { dialler, listener } = pair
  dialler.peer.init()
  listener.peer.push(dialler.take())
  listener.peer.ack()
  listener.peer.confirm()
  dialler.peer.push(listener.take())
  dialler.peer.confirm()
  listener.peer.push(dialler.take())
  return pair
}

describe('the example of the specification', () => {
  const signature = { init: bytesOf(VECTORS.initSignature), ack: bytesOf(VECTORS.ackSignature) }
  const signed = {
    init: signedKeys(ALICE.publicKey, BOB.publicKey, ALICE_EPHEMERAL),
    ack: signedKeys(BOB.publicKey, ALICE.publicKey, BOB_EPHEMERAL),
  }

  test('keys, digests and the shared x come out of the labels', () => {
    const x = sharedX(EPHEMERAL.alice, BOB_EPHEMERAL)
    expect({
      aliceStaticKey: hexOf(ALICE.publicKey),
      bobStaticKey: hexOf(BOB.publicKey),
      aliceEphemeralKey: hexOf(ALICE_EPHEMERAL),
      bobEphemeralKey: hexOf(BOB_EPHEMERAL),
      initDigest: hexOf(sha256(signed.init)),
      ackDigest: hexOf(sha256(signed.ack)),
      sharedX: hexOf(x),
      extracted: hexOf(hkdfExtract(bytesOf(VECTORS.transcript), x)),
    }).toEqual({
      aliceStaticKey: VECTORS.aliceStaticKey,
      bobStaticKey: VECTORS.bobStaticKey,
      aliceEphemeralKey: VECTORS.aliceEphemeralKey,
      bobEphemeralKey: VECTORS.bobEphemeralKey,
      initDigest: VECTORS.initDigest,
      ackDigest: VECTORS.ackDigest,
      sharedX: VECTORS.sharedX,
      extracted: VECTORS.extracted,
    })
    expect(hexOf(sharedX(EPHEMERAL.bob, ALICE_EPHEMERAL))).toBe(VECTORS.sharedX)
  })

  test('its signatures verify, and neither their twins nor over anything else', () => {
    expect(isSignatureOf(ALICE.publicKey, signed.init, signature.init)).toBe(true)
    expect(isSignatureOf(BOB.publicKey, signed.ack, signature.ack)).toBe(true)
    expect(isSignatureOf(BOB.publicKey, signed.init, signature.init)).toBe(false)
    expect(isSignatureOf(ALICE.publicKey, sha256(signed.init), signature.init)).toBe(false)
    const order = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')
    const s = BigInt(`0x${VECTORS.initSignature.slice(64)}`)
    const twin = VECTORS.initSignature.slice(0, 64) + (order - s).toString(16).padStart(64, '0')
    expect(isSignatureOf(ALICE.publicKey, signed.init, bytesOf(twin))).toBe(false)
  })

  test('its frames come out of two peers, byte for byte', () => {
    const { dialler, listener } = startPair({ rekeyFrames: 2 })
    const material = () => [
      dialler.peer.keys?.sending.material(),
      dialler.peer.keys?.receiving.material(),
    ]
    const hexes = (all: readonly (Uint8Array | undefined)[]) =>
      all.map((bytes) => bytes && hexOf(bytes))

    dialler.peer.init({ sent: { signature: signature.init } })
    const init = dialler.take()
    expect(hexOf(init.slice(0, 8))).toBe(VECTORS.initHead)
    expect(init.length - 8).toBe(INIT_PAYLOAD_BYTES)
    expect(hexOf(sha256(init))).toBe(VECTORS.initFrameHash)
    listener.peer.push(init)
    listener.peer.ack({ sent: { signature: signature.ack } })
    const ack = listener.take()
    expect(hexOf(ack.slice(0, 8))).toBe(VECTORS.ackHead)
    expect(ack.length - 8).toBe(ACK_PAYLOAD_BYTES)
    dialler.peer.push(ack)
    expect(dialler.peer.keys && hexOf(dialler.peer.keys.transcript)).toBe(VECTORS.transcript)
    expect(hexes(material())).toEqual([VECTORS.diallerMaterial, VECTORS.listenerMaterial])
    const theirs = listener.peer.keys
    expect(hexes([theirs?.receiving.material(), theirs?.sending.material()])).toEqual([
      VECTORS.diallerMaterial,
      VECTORS.listenerMaterial,
    ])

    dialler.peer.confirm()
    listener.peer.confirm()
    const confirms = [dialler.take(), listener.take()] as const
    expect(hexes(confirms)).toEqual([VECTORS.diallerConfirm, VECTORS.listenerConfirm])
    listener.peer.push(confirms[0])
    dialler.peer.push(confirms[1])
    expect([dialler.peer.isConfirmed, listener.peer.isConfirmed]).toEqual([true, true])

    expect(dialler.peer.ping()).toBe(ID.ping)
    const ping = dialler.take()
    expect(hexOf(ping)).toBe(VECTORS.diallerPing)
    listener.peer.push(ping)
    listener.peer.pong(ID.ping)
    const pong = listener.take()
    expect(hexOf(pong)).toBe(VECTORS.listenerPong)
    dialler.peer.push(pong)
    expect(dialler.peer.heardOf('pong')).toEqual([{ kind: 'pong', id: ID.pong, pingId: ID.ping }])

    // Two frames each way: both sides have moved on.
    expect(hexes(material().slice(0, 1))).toEqual([VECTORS.diallerMaterialAfterRekey])
    dialler.peer.ping()
    const again = dialler.take()
    expect(hexOf(again)).toBe(VECTORS.diallerPingAfterRekey)
    listener.peer.push(again)
    expect(listener.peer.heardOf('ping')).toHaveLength(2)
    expect([dialler.peer.problem, listener.peer.problem]).toEqual([undefined, undefined])
  })
})

describe('two peers in one process', () => {
  test('an Ack and what is encrypted behind it may come in one chunk', () => {
    const { dialler, listener } = startPair()
    dialler.peer.init()
    listener.peer.push(dialler.take())
    listener.peer.ack()
    listener.peer.confirm()
    listener.peer.ping()
    dialler.peer.push(listener.take())
    expect(dialler.peer.heard.map(({ envelope }) => envelope.kind)).toEqual(['confirm', 'ping'])
    expect(dialler.peer.problem).toBeUndefined()
  })

  test('an unknown field belongs to the transcript', () => {
    const { dialler, listener } = startPair()
    dialler.peer.init({ payload: (payload) => join(payload, encodeFields([99, 'more'])) })
    listener.peer.push(dialler.take())
    listener.peer.ack({ payload: (payload) => join(payload, encodeFields([98, 7])) })
    listener.peer.confirm()
    dialler.peer.push(listener.take())
    expect([dialler.peer.isConfirmed, dialler.peer.problem]).toEqual([true, undefined])
  })

  test('a byte that changes on the way in an unknown field is found out at the first frame', () => {
    const { dialler, listener } = startPair()
    dialler.peer.init({
      payload: (payload) => join(payload, encodeFields([99, 'more'])),
      onTheWay: (frame) => plainFrame(flipped(frame.slice(8), -1)),
    })
    listener.peer.push(dialler.take())
    listener.peer.ack()
    listener.peer.confirm()
    dialler.peer.push(listener.take())
    expect(dialler.peer.problem).toBe('a frame that does not authenticate')
    dialler.peer.confirm()
    listener.peer.push(dialler.take())
    expect(listener.peer.problem).toBe('a frame that does not authenticate')
    expect([dialler.state.isDestroyed, listener.state.isDestroyed]).toEqual([true, true])
  })

  test('an end without a farewell is told from one with it', () => {
    const ends = (act: (pair: Pair) => void) => {
      const pair = startSession()
      act(pair)
      pair.listener.peer.push(pair.dialler.take())
      pair.listener.peer.ended()
      return pair.listener.peer.end
    }
    expect(ends(({ dialler }) => dialler.peer.leave(9, 'bye'))).toBe('clean')
    expect(ends(({ dialler }) => dialler.peer.hangUp())).toBe('truncated')
    expect(ends(({ dialler }) => dialler.peer.write(u32le(30)))).toBe('mid-frame')
    const fresh = startPair().listener.peer
    fresh.ended()
    expect(fresh.end).toBe('before-keys')
  })
})

/** x = 5 has no point. */
const offCurve = bytesOf(`02${'05'.padStart(64, '0')}`)
const whole = new Uint8Array(
  ECDH.convertKey(MALLORY.publicKey, 'secp256k1', undefined, undefined, 'uncompressed') as Buffer,
)
const badKeys: readonly (readonly [what: string, key: Uint8Array])[] = [
  ['of 32 bytes', MALLORY.publicKey.slice(1)],
  ['of 34 bytes', join(MALLORY.publicKey, Uint8Array.of(0))],
  ['that is uncompressed', whole],
  ['that is hybrid', join(Uint8Array.of(6 + ((whole[64] ?? 0) & 1)), whole.slice(1))],
  ['with head 5', join(Uint8Array.of(5), MALLORY.publicKey.slice(1))],
  ['with head 6', join(Uint8Array.of(6), MALLORY.publicKey.slice(1))],
  ['that is not on the curve', offCurve],
  ['of zeros', new Uint8Array(33)],
]

test.each(badKeys)('a key %s is none', (_, key) => {
  expect(isPublicKey(key)).toBe(false)
})
test('a key with head 2 and one with head 3 are keys', () => {
  expect([ALICE, BOB].map(({ publicKey }) => publicKey[0])).toEqual([3, 2])
  expect([ALICE, BOB].every(({ publicKey }) => isPublicKey(publicKey))).toBe(true)
})

/** What is the same about an Init and an Ack. */
type Shared = Pick<Init & Ack, 'id' | 'ephemeralKey' | 'signature'>
const zero = new Uint8Array(32)
const one = join(new Uint8Array(31), Uint8Array.of(1))
const shared: readonly (readonly [what: string, forging: Forging<Shared>, problem: string])[] = [
  ['a flipped bit', { payload: (payload) => flipped(payload, -1) }, 'the signature'],
  ['another one’s signature', { signedBy: MALLORY.privateKey }, 'the signature'],
  ['a high S', { form: 'high-s' }, 'the signature'],
  ['DER', { form: 'der' }, 'the signature'],
  ['63 bytes of signature', { sent: { signature: new Uint8Array(63).fill(1) } }, 'the signature'],
  ['65 bytes of signature', { sent: { signature: new Uint8Array(65).fill(1) } }, 'the signature'],
  ['r of zero', { sent: { signature: join(zero, one) } }, 'the signature'],
  ['s of zero', { sent: { signature: join(one, zero) } }, 'the signature'],
  ['all of zero', { sent: { signature: new Uint8Array(64) } }, 'the signature'],
  ['no id', { sent: { id: '' } }, 'an empty id'],
  ['a long id', { sent: { id: 'i'.repeat(65) } }, 'a text of 65 bytes'],
  [
    'an id that is no UTF-8',
    { payload: (payload) => join(payload, Uint8Array.of(10, 1, 0xff)) },
    'a text that is no UTF-8',
  ],
  ['a checksum of others', { onTheWay: (frame) => flipped(frame, 4) }, 'the checksum'],
  ['a changed payload', { onTheWay: (frame) => flipped(frame, -1) }, 'the checksum'],
  ['a length of 0', { onTheWay: () => plainFrame(new Uint8Array(0)) }, 'a frame of 0 bytes'],
  ['a length of 1025', { onTheWay: () => u32le(1_025) }, 'a frame of 1025 bytes'],
  [
    'the largest length',
    { onTheWay: () => new Uint8Array(4).fill(255) },
    'a frame of 4294967295 bytes',
  ],
  ...badKeys.map(
    ([what, ephemeralKey]) =>
      [`an ephemeral key ${what}`, { sent: { ephemeralKey } }, 'the ephemeral key'] as const,
  ),
]

const { publicKey: a } = ALICE
const { publicKey: b } = BOB
const { publicKey: m } = MALLORY

describe('a listener closes at an Init with', () => {
  const wrong: readonly (readonly [what: string, forging: Forging<Init>, problem: string])[] = [
    ...shared,
    ['another recipient signed', { signed: join(a, m, ALICE_EPHEMERAL) }, 'the signature'],
    ['another ephemeral key signed', { signed: join(a, b, BOB_EPHEMERAL) }, 'the signature'],
    ['keys signed in another order', { signed: join(b, a, ALICE_EPHEMERAL) }, 'the signature'],
    ['another recipient', { fields: { recipientKey: m } }, 'meant for another one'],
    ['its own key', { fields: { senderKey: b }, signedBy: BOB.privateKey }, 'our own key'],
    ['the sender’s key as ephemeral', { fields: { ephemeralKey: a } }, 'a static key as ephemeral'],
    ['its key as ephemeral', { fields: { ephemeralKey: b } }, 'a static key as ephemeral'],
    [
      'bytes behind it',
      { onTheWay: (frame) => join(frame, Uint8Array.of(0)) },
      'bytes behind the Init',
    ],
    ['itself behind it', { onTheWay: (frame) => join(frame, frame) }, 'bytes behind the Init'],
    ...badKeys.flatMap(([what, key]) => [
      [`a sender’s key ${what}`, { sent: { senderKey: key } }, 'the sender’s key'] as const,
      [
        `a recipient’s key ${what}`,
        { sent: { recipientKey: key } },
        'the recipient’s key',
      ] as const,
    ]),
  ]
  test.each(wrong)('%s', (_, forging, problem) => {
    const { dialler, listener } = startPair()
    dialler.peer.init(forging)
    listener.peer.push(dialler.take())
    expect([listener.peer.problem, listener.state.isDestroyed]).toEqual([problem, true])
    expect(listener.take()).toHaveLength(0)
  })
})

describe('a dialler closes at an Ack with', () => {
  const wrong: readonly (readonly [what: string, forging: Forging<Ack>, problem: string])[] = [
    ...shared,
    ['another dialler signed', { signed: join(b, m, BOB_EPHEMERAL) }, 'the signature'],
    ['another ephemeral key signed', { signed: join(b, a, ALICE_EPHEMERAL) }, 'the signature'],
    ['keys signed in another order', { signed: join(a, b, BOB_EPHEMERAL) }, 'the signature'],
    ['another Init’s id', { sent: { initId: ID.ack } }, 'an answer to another Init'],
    ['no id of an Init', { sent: { initId: '' } }, 'an empty id'],
    [
      'the dialler’s ephemeral key',
      { fields: { ephemeralKey: ALICE_EPHEMERAL } },
      'a known key as ephemeral',
    ],
    ['the dialler’s key', { fields: { ephemeralKey: a } }, 'a known key as ephemeral'],
    ['the listener’s key', { fields: { ephemeralKey: b } }, 'a known key as ephemeral'],
  ]
  test.each(wrong)('%s', (_, forging, problem) => {
    const { dialler, listener } = startPair()
    dialler.peer.init()
    listener.peer.push(dialler.take())
    listener.peer.ack(forging)
    dialler.peer.push(listener.take())
    expect([dialler.peer.problem, dialler.state.isDestroyed]).toEqual([problem, true])
    expect(dialler.take()).toHaveLength(0)
  })

  test('nothing asked', () => {
    const { dialler, listener } = startPair()
    dialler.peer.init()
    listener.peer.push(dialler.take())
    listener.peer.ack()
    const early = startPair().dialler
    early.peer.push(listener.take())
    expect(early.peer.problem).toBe('an answer to nothing')
  })
})

describe('with keys a peer closes at', () => {
  const app = encodeEnvelope({ kind: 'app', id: ID.ping, type: 'line', payload: ascii('hello') })
  const SEALED = 'a frame that does not authenticate'
  type Act = (pair: Pair, frame: (plaintext?: Uint8Array) => Uint8Array) => Uint8Array
  const wrong: readonly (readonly [what: string, act: Act, problem: string])[] = [
    ['a flipped bit of what is encrypted', (_, frame) => flipped(frame(), 4), SEALED],
    ['a flipped bit of the tag', (_, frame) => flipped(frame(), -1), SEALED],
    ['a flipped bit of the length', (_, frame) => flipped(frame(), 0, 2), SEALED],
    [
      'a tag of four bytes',
      (_, frame) => join(u32le(app.length + 4), frame().slice(4, app.length + 8)),
      SEALED,
    ],
    [
      'a frame that comes twice',
      (_, frame) => {
        const one = frame()
        return join(one, one)
      },
      SEALED,
    ],
    ['two frames in another order', (_, frame) => join(...[frame(), frame()].reverse()), SEALED],
    [
      'a frame behind one that is missing',
      (_, frame) => {
        frame()
        return frame()
      },
      SEALED,
    ],
    [
      'its own frame',
      ({ listener }) => {
        listener.peer.app('line', ascii('mine'))
        return listener.take()
      },
      SEALED,
    ],
    ['a plain frame', () => plainFrame(encodeFields([1, ID.ping])), SEALED],
    ['a frame of a tag alone', (_, frame) => frame(new Uint8Array(0)), 'a frame of 16 bytes'],
    ['a length beyond the largest', () => u32le(4_194_321), 'a frame of 4194321 bytes'],
    ['the same body twice', (_, frame) => frame(join(app, app)), 'an envelope of 2 bodies'],
    [
      'an unknown body',
      (_, frame) => frame(encodeBody(6, encodeFields([1, ID.ping]))),
      'an envelope of 0 bodies',
    ],
    ['an empty ping', (_, frame) => frame(encodeBody(4, new Uint8Array(0))), 'an empty id'],
    ['what is no protobuf', (_, frame) => frame(Uint8Array.of(0x22, 9)), 'no protobuf'],
    [
      'a second confirmation',
      (_, frame) =>
        frame(encodeEnvelope({ kind: 'confirm', id: ID.diallerConfirm, handshakeId: ID.ack })),
      'a confirmation that is not the first frame',
    ],
  ]
  test.each(wrong)('%s', (_, act, problem) => {
    const pair = startSession()
    const { dialler, listener } = pair
    listener.peer.push(act(pair, (plaintext = app) => dialler.peer.seal(plaintext)))
    expect([listener.peer.problem, listener.state.isDestroyed]).toEqual([problem, true])
    expect(listener.take()).toHaveLength(0)
  })

  test.each([
    ['a type', 128, (text: string) => ({ kind: 'app', type: text, payload: zero }) as const],
    [
      'what a farewell says',
      256,
      (text: string) => ({ kind: 'disconnecting', reason: 9, payload: text }) as const,
    ],
  ])('%s that is longer than %i bytes', (_, most, make) => {
    const { dialler, listener } = startSession()
    dialler.peer.say({ id: ID.ping, ...make('t'.repeat(most)) })
    listener.peer.push(dialler.take())
    expect([listener.peer.heard.length, listener.peer.problem]).toEqual([2, undefined])
    dialler.peer.say({ id: ID.ping, ...make('t'.repeat(most + 1)) })
    listener.peer.push(dialler.take())
    expect(listener.peer.problem).toBe(`a text of ${most + 1} bytes`)
  })

  test('the first of two wrongs, and reads nothing behind it', () => {
    const { dialler, listener } = startSession()
    const [first, second] = [dialler.peer.seal(join(app, app)), dialler.peer.seal(app)]
    listener.peer.push(first)
    listener.peer.push(second)
    expect(listener.peer.problem).toBe('an envelope of 2 bodies')
    expect(listener.peer.heard).toHaveLength(1)
  })

  test('a confirmation of another handshake', () => {
    const { dialler, listener } = startPair()
    dialler.peer.init()
    listener.peer.push(dialler.take())
    listener.peer.ack()
    dialler.peer.push(listener.take())
    dialler.peer.confirm(ID.init)
    listener.peer.push(dialler.take())
    expect(listener.peer.problem).toBe('a confirmation of another handshake')
    expect(listener.peer.isConfirmed).toBe(false)
  })
})
