/**
 * The cryptography of BOTD #2 by node:crypto and nothing of ours: strict keys and signatures, the
 * transcript, and the two directions of a session. Each choice that BOTD leaves open is made once,
 * here, so that whoever made another one is found out at the first frame.
 * @module
 */
import { createECDH, ECDH, hkdfSync } from 'node:crypto'
import { ascii, sha256, verify } from './raw-native-crypto.ts'
import { startDirection } from './raw-records.ts'
import type { Direction } from './raw-records.ts'

const CURVE = 'secp256k1'
/** A key and the base IV behind it. */
const MATERIAL_BYTES = 44
export const REKEY_FRAMES = 65_536

/** BOTD is silent about the order of bytes; its ancestor writes the lowest first. */
export function u32le(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return new Uint8Array(bytes)
}

/**
 * Compressed, and on the curve. The length and the head are looked at first, because OpenSSL takes
 * the other encodings of a point as well, and a key has one encoding here.
 */
export function isPublicKey(bytes: Uint8Array): boolean {
  const [head] = bytes
  if (bytes.length !== 33 || (head !== 2 && head !== 3)) return false
  try {
    ECDH.convertKey(bytes, CURVE)
    return true
  } catch {
    return false
  }
}

/** Neither high S, nor DER, nor another length, nor a key in another encoding. */
export const isSignatureOf = (
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean => isPublicKey(publicKey) && verify(publicKey, bytes, signature)

export const same = (one: Uint8Array, other: Uint8Array): boolean =>
  Buffer.compare(one, other) === 0

/** A drawn number is no key with a chance of 2^-127; the curve's own generator knows. */
export function drawnPrivateKey(): Uint8Array {
  const pair = createECDH(CURVE)
  pair.generateKeys()
  return new Uint8Array(Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32))
}

/** Of the payloads as they went over the wire, with whatever unknown fields they have. */
export const transcriptOf = (init: Uint8Array, ack: Uint8Array): Uint8Array =>
  sha256(ascii('BOTD2 v1 transcript'), u32le(init.length), init, u32le(ack.length), ack)

/** RFC 5869 from end to end: extract and expand. */
const hkdf = (input: Uint8Array, salt: Uint8Array, info: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', input, salt, ascii(info), MATERIAL_BYTES))

/** Its next key is made of the old one alone, without a salt. */
export const directionOf = (
  sharedX: Uint8Array,
  transcript: Uint8Array,
  side: 'initiator' | 'responder',
  recordsPerKey: number,
): Direction =>
  startDirection(hkdf(sharedX, transcript, `BOTD2 v1 ${side}`), {
    lengthOf: u32le,
    recordsPerKey,
    nextMaterial: (key) => hkdf(key, new Uint8Array(0), 'BOTD2 v1 rekey'),
  })
