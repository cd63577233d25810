/**
 * secp256k1 keys in the form that node:crypto takes them: objects, which it reads from DER. Reading costs
 * as much as arithmetic does: least for points that are not compressed, and for private keys whose public
 * part stands beside them.
 * @module
 */
import { createPrivateKey, createPublicKey, ECDH } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { concatBytes } from '../../codec/bytes.ts'
import { hasCompressedForm } from './guards.ts'

export const CURVE = 'secp256k1'

/** 1.3.132.0.10, secp256k1 (SEC 2). */
const CURVE_NAME = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a]
/** SubjectPublicKeyInfo (RFC 5480) of an uncompressed point of 65 bytes, up to the point. */
const PUBLIC_KEY_PREFIX = Uint8Array.of(
  ...[0x30, 0x56, 0x30, 0x10],
  // 1.2.840.10045.2.1, ecPublicKey
  ...[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...CURVE_NAME,
  // BIT STRING of 65 bytes, no unused bits
  ...[0x03, 0x42, 0x00],
)
/** ECPrivateKey (RFC 5915), version 1, up to the 32 bytes of the key. */
const PRIVATE_KEY_PREFIX = Uint8Array.of(0x30, 0x54, 0x02, 0x01, 0x01, 0x04, 0x20)
/** What stands between them and the compressed point of 33 bytes: the curve, and a BIT STRING. */
const PRIVATE_KEY_MIDDLE = Uint8Array.of(
  ...[0xa0, 0x07, ...CURVE_NAME],
  ...[0xa1, 0x24, 0x03, 0x22, 0x00],
)

/**
 * Keys whose parsed form is kept. Parsing is a third of a verification, and the same origins and
 * peers sign again and again; 256 is several times the peers of a node, at about 1 KiB each.
 */
const PARSED_KEYS_MAX = 256

/** The 65 bytes of the point; undefined for what is no point, or one in another form. */
export function uncompressedPoint(publicKey: Uint8Array): Buffer | undefined {
  if (!hasCompressedForm(publicKey)) return undefined
  try {
    const point = ECDH.convertKey(publicKey, CURVE, undefined, undefined, 'uncompressed')
    return typeof point === 'string' ? undefined : point
  } catch {
    // Length, prefix and range are right, so what failed is the curve's equation.
    return undefined
  }
}

/** Undefined where `publicKey` is none. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject | undefined {
  const point = uncompressedPoint(publicKey)
  if (point === undefined) return undefined
  const der = Buffer.concat([PUBLIC_KEY_PREFIX, point])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** Of a private key that is one, and its public part. */
export function privateKeyObject(privateKey: Uint8Array, ownPublicKey: Uint8Array): KeyObject {
  const parts = [PRIVATE_KEY_PREFIX, privateKey, PRIVATE_KEY_MIDDLE, ownPublicKey]
  const der = concatBytes(...parts)
  try {
    const key = Buffer.from(der.buffer, der.byteOffset, der.length)
    return createPrivateKey({ key, format: 'der', type: 'sec1' })
  } finally {
    der.fill(0)
  }
}

/** As `publicKeyObject`; the keys last asked for are kept, and no more than `PARSED_KEYS_MAX` of them. */
export function createKeyParser(): (publicKey: Uint8Array) => KeyObject | undefined {
  const parsed = new Map<string, KeyObject>()
  return (publicKey) => {
    const name = Buffer.from(publicKey).toString('latin1')
    const key = parsed.get(name) ?? publicKeyObject(publicKey)
    if (key === undefined) return undefined
    // A Map keeps the order of insertion: its first key is the one that was not asked for longest.
    parsed.delete(name)
    parsed.set(name, key)
    if (parsed.size > PARSED_KEYS_MAX) {
      const oldest = parsed.keys().next()
      if (oldest.done !== true) parsed.delete(oldest.value)
    }
    return key
  }
}
