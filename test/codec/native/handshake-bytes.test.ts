import {
  createCipheriv,
  createECDH,
  createHash,
  createPublicKey,
  hkdfSync,
  verify,
} from 'node:crypto'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { encodeHex } from '../../../codec/bytes.ts'
import {
  previousOf,
  RECORD_PARAMETERS,
  sessionKeysOf,
  signedBytes,
  transcriptOf,
} from '../../../codec/native/handshake-bytes.ts'
import { encodeSmall } from '../../../codec/native/handshake-codec.ts'
import { createSealer } from '../../../codec/sealed-records.ts'
import { BACKENDS } from '../../support/crypto-backends.ts'
import { hex } from '../../support/hex.ts'
import {
  ALICE,
  ALICE_EPHEMERAL,
  ALICE_PAYLOAD,
  ALICE_UNSIGNED,
  BOB,
  BOB_EPHEMERAL,
  BOB_PAYLOAD,
  BOB_UNSIGNED,
  NETWORK,
  VECTORS,
} from './vectors.ts'

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))(
  'the worked example, with %s',
  (_, crypto) => {
    test('has the identities of the specification', () => {
      expect(encodeHex(ALICE.publicKey)).toBe(VECTORS.alicePublicKey)
      expect(encodeHex(BOB.publicKey)).toBe(VECTORS.bobPublicKey)
      expect(ALICE.id).toBe(VECTORS.aliceId)
      expect(BOB.id).toBe(VECTORS.bobId)
      expect(encodeHex(crypto.publicKeyOf(ALICE_EPHEMERAL))).toBe(VECTORS.aliceEphemeralKey)
      expect(encodeHex(crypto.publicKeyOf(BOB_EPHEMERAL))).toBe(VECTORS.bobEphemeralKey)
    })

    test('is signed by the initiator as the specification says', () => {
      const signed = signedBytes('dialler', ALICE_UNSIGNED)
      expect(signed).toHaveLength(258)
      expect(encodeHex(crypto.sha256(signed))).toBe(VECTORS.initiatorDigest)
      expect(encodeHex(crypto.sign(signed, ALICE.privateKey))).toBe(VECTORS.initiatorSignature)
    })

    test('is signed by the responder over the initiator’s payload', () => {
      const previous = previousOf(crypto, ALICE_PAYLOAD)
      expect(ALICE_PAYLOAD).toHaveLength(VECTORS.initiatorPayloadBytes)
      expect(encodeHex(previous)).toBe(VECTORS.previous)
      const signed = signedBytes('listener', BOB_UNSIGNED, previous)
      expect(encodeHex(crypto.sha256(signed))).toBe(VECTORS.responderDigest)
      expect(encodeHex(crypto.sign(signed, BOB.privateKey))).toBe(VECTORS.responderSignature)
      expect(encodeHex(crypto.sha256(BOB_PAYLOAD))).toBe(VECTORS.responderPayloadHash)
    })

    test('gives both sides the same keys, the other way round', () => {
      const transcript = transcriptOf(crypto, ALICE_PAYLOAD, BOB_PAYLOAD)
      expect(encodeHex(transcript)).toBe(VECTORS.transcript)
      const aliceX = crypto.sharedX(ALICE_EPHEMERAL, BOB_UNSIGNED.ephemeralKey)
      const bobX = crypto.sharedX(BOB_EPHEMERAL, ALICE_UNSIGNED.ephemeralKey)
      expect(aliceX).toEqual(hex(VECTORS.sharedX))
      expect(bobX).toEqual(aliceX)
      const alice = sessionKeysOf(crypto, 'dialler', hex(VECTORS.sharedX), transcript)
      const bob = sessionKeysOf(crypto, 'listener', hex(VECTORS.sharedX), transcript)
      expect(alice.send).toEqual({ key: hex(VECTORS.initiatorKey), iv: hex(VECTORS.initiatorIv) })
      expect(alice.receive).toEqual({
        key: hex(VECTORS.responderKey),
        iv: hex(VECTORS.responderIv),
      })
      expect(bob).toEqual({ send: alice.receive, receive: alice.send })
    })

    test('ends with the pinned confirm', () => {
      const keys = { key: hex(VECTORS.initiatorKey), iv: hex(VECTORS.initiatorIv) }
      const sealer = createSealer(crypto, keys, RECORD_PARAMETERS)
      const record = sealer.seal(encodeSmall({ type: 'confirm' }))
      expect(encodeHex(record)).toBe(VECTORS.confirmRecord)
    })
  },
)

/** None of our code below: node:crypto, msgpackr, and the layouts written out once more. */
describe('the worked example, computed by other code', () => {
  const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const ascii = (text: string) => Buffer.from(text, 'ascii')
  const uint = (value: bigint, bytes: number) =>
    Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
  const lp = (bytes: Uint8Array) => Buffer.concat([uint(BigInt(bytes.length), 2), bytes])
  const publicKey = (privateKey: Uint8Array) => {
    const ecdh = createECDH('secp256k1')
    ecdh.setPrivateKey(privateKey)
    return ecdh.getPublicKey(null, 'compressed')
  }
  const idOf = (key: Uint8Array) => sha256(ascii('node-network/id/v1'), Uint8Array.of(1), key)

  const keys = {
    alice: publicKey(sha256(ascii('nn alice static'))),
    bob: publicKey(sha256(ascii('nn bob static'))),
    aliceEphemeral: publicKey(sha256(ascii('nn alice ephemeral'))),
    bobEphemeral: publicKey(sha256(ascii('nn bob ephemeral'))),
  }

  interface Side {
    readonly label: string
    readonly key: Uint8Array
    readonly recipient: Uint8Array
    readonly timeMs: bigint
    readonly nonce: Uint8Array
    readonly ephemeral: Uint8Array
    readonly previous: Uint8Array
    readonly signature: Uint8Array
  }
  const signedOf = (side: Side) =>
    Buffer.concat([
      lp(ascii(`node-network/handshake/v1/${side.label}`)),
      uint(1n, 2),
      uint(0n, 2),
      lp(ascii(NETWORK)),
      Uint8Array.of(1),
      idOf(side.key),
      side.key,
      idOf(side.recipient),
      uint(side.timeMs, 8),
      side.nonce,
      side.ephemeral,
      side.previous,
    ])
  const packr = new Packr({ useRecords: false })
  const pack = (value: unknown) => packr.pack(value)
  const payloadOf = (side: Side) =>
    Buffer.concat([
      Uint8Array.of(0x90 | 12),
      ...[1, 1, 0, NETWORK, 1].map(pack),
      ...[idOf(side.key), side.key, idOf(side.recipient)].map(pack),
      // The library writes a bigint as a signed integer, which is as good on the wire.
      Uint8Array.of(0xcf),
      uint(side.timeMs, 8),
      ...[side.nonce, side.ephemeral, side.signature].map(pack),
    ])
  /** SubjectPublicKeyInfo of a compressed point on secp256k1. */
  const keyObject = (key: Uint8Array) =>
    createPublicKey({
      key: Buffer.concat([
        Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
        key,
      ]),
      format: 'der',
      type: 'spki',
    })

  const alice: Side = {
    label: 'initiator',
    key: keys.alice,
    recipient: keys.bob,
    timeMs: 1_700_000_000_000n,
    nonce: sha256(ascii('nn nonce alice')),
    ephemeral: keys.aliceEphemeral,
    previous: Buffer.alloc(32),
    signature: hex(VECTORS.initiatorSignature),
  }
  const bob: Side = {
    label: 'responder',
    key: keys.bob,
    recipient: keys.alice,
    timeMs: 1_700_000_000_120n,
    nonce: sha256(ascii('nn nonce bob')),
    ephemeral: keys.bobEphemeral,
    previous: sha256(payloadOf(alice)),
    signature: hex(VECTORS.responderSignature),
  }

  test.each([
    ['initiator', alice, VECTORS.initiatorDigest, ALICE_PAYLOAD],
    ['responder', bob, VECTORS.responderDigest, BOB_PAYLOAD],
  ] as const)(
    'has the same digest, payload and a valid signature: %s',
    (_, side, digest, payload) => {
      const signed = signedOf(side)
      expect(sha256(signed).toString('hex')).toBe(digest)
      expect(encodeHex(payload)).toBe(payloadOf(side).toString('hex'))
      const key = keyObject(side.key)
      expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, side.signature)).toBe(
        true,
      )
    },
  )

  test('has the same previous hash, transcript, keys and confirm', () => {
    expect(bob.previous).toEqual(Buffer.from(VECTORS.previous, 'hex'))
    const [first, second] = [payloadOf(alice), payloadOf(bob)]
    const transcript = sha256(
      ascii('node-network/transcript/v1'),
      uint(BigInt(first.length), 4),
      first,
      uint(BigInt(second.length), 4),
      second,
    )
    expect(transcript.toString('hex')).toBe(VECTORS.transcript)

    const ecdh = createECDH('secp256k1')
    ecdh.setPrivateKey(sha256(ascii('nn alice ephemeral')))
    const x = ecdh.computeSecret(keys.bobEphemeral)
    expect(x.toString('hex')).toBe(VECTORS.sharedX)
    const derive = (label: string) =>
      Buffer.from(hkdfSync('sha256', x, transcript, ascii(`node-network/v1 ${label}`), 44))
    const initiator = derive('initiator')
    expect(initiator.toString('hex')).toBe(VECTORS.initiatorKey + VECTORS.initiatorIv)
    const responder = derive('responder')
    expect(responder.toString('hex')).toBe(VECTORS.responderKey + VECTORS.responderIv)

    // The first record's counter is 0, so its nonce is the base IV.
    const cipher = createCipheriv('aes-256-gcm', initiator.subarray(0, 32), initiator.subarray(32))
    const plaintext = pack([6])
    const length = uint(BigInt(plaintext.length + 16), 4)
    cipher.setAAD(length)
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    expect(Buffer.concat([length, sealed]).toString('hex')).toBe(VECTORS.confirmRecord)
  })
})

test('role, version, network, times, keys and the previous payload all change what is signed', () => {
  const base = encodeHex(signedBytes('dialler', ALICE_UNSIGNED))
  const variants = [
    signedBytes('listener', ALICE_UNSIGNED),
    signedBytes('dialler', ALICE_UNSIGNED, hex(VECTORS.previous)),
    ...[
      { major: 2 },
      { minor: 1 },
      { network: 'testnet/Demo' },
      { keyType: 2 },
      { nodeId: BOB.nodeId },
      { publicKey: BOB.publicKey },
      { recipientId: ALICE.nodeId },
      { timestampMs: 1n },
      { nonce: BOB_UNSIGNED.nonce },
      { ephemeralKey: BOB_UNSIGNED.ephemeralKey },
    ].map((change) => signedBytes('dialler', { ...ALICE_UNSIGNED, ...change })),
  ].map(encodeHex)
  expect(new Set([base, ...variants]).size).toBe(variants.length + 1)
})
