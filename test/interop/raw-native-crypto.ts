/**
 * The cryptography that `docs/native-protocol.md` names, by node:crypto and nothing of ours: a second
 * implementation shares no line with the first, so that a mistake of one is not a mistake of both.
 * @module
 */
import {
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  ECDH,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { startDirection } from './raw-records.ts'
import type { Direction } from './raw-records.ts'

const CURVE = 'secp256k1'
/** Of secp256k1 (SEC 2, 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts))

function bigEndian(value: bigint, byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(2 * byteCount, '0'), 'hex'))
}
export const u16be = (value: number): Uint8Array => bigEndian(BigInt(value), 2)
export const u32be = (value: number): Uint8Array => bigEndian(BigInt(value), 4)
export const u64be = (value: bigint): Uint8Array => bigEndian(value, 8)
export const lp = (bytes: Uint8Array): Uint8Array => join(u16be(bytes.length), bytes)

/** Section 1: the compressed form. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const pair = createECDH(CURVE)
  pair.setPrivateKey(privateKey)
  return new Uint8Array(pair.getPublicKey(null, 'compressed'))
}

export const nodeIdOf = (publicKey: Uint8Array, keyType = 1): Uint8Array =>
  sha256(ascii('node-network/id/v1'), Uint8Array.of(keyType), publicKey)

/** Section 6: the x coordinate of the shared point. */
export function sharedX(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const pair = createECDH(CURVE)
  pair.setPrivateKey(privateKey)
  return new Uint8Array(pair.computeSecret(publicKey))
}

function jwkOf(publicKey: Uint8Array, privateKey?: Uint8Array) {
  // A point in whole: 0x04, x, y.
  const whole = ECDH.convertKey(publicKey, CURVE, undefined, undefined, 'uncompressed')
  const point = Buffer.from(whole as Uint8Array)
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) =>
    part.toString('base64url'),
  )
  const d = privateKey && { d: Buffer.from(privateKey).toString('base64url') }
  return { kty: 'EC', crv: CURVE, ...{ x: x ?? '', y: y ?? '' }, ...d }
}
const signingKeys = new Map<string, KeyObject>()
function signingKeyOf(privateKey: Uint8Array): KeyObject {
  const name = hexOf(privateKey)
  const jwk = jwkOf(publicKeyOf(privateKey), privateKey)
  const key = signingKeys.get(name) ?? createPrivateKey({ key: jwk, format: 'jwk' })
  signingKeys.set(name, key)
  return key
}

const sOf = (signature: Uint8Array): bigint => BigInt(`0x${hexOf(signature.subarray(32))}`)
const isHigh = (signature: Uint8Array): boolean => sOf(signature) > ORDER / 2n
/** The other signature of the same key over the same bytes. */
const twinOf = (signature: Uint8Array): Uint8Array =>
  join(signature.subarray(0, 32), bigEndian(ORDER - sOf(signature), 32))

/** Section 1; and the two forms that it forbids. DER is cut, or padded with zeros, to 64 bytes. */
export type SignatureForm = 'as-specified' | 'high-s' | 'der'

export function sign(
  privateKey: Uint8Array,
  bytes: Uint8Array,
  form: SignatureForm = 'as-specified',
): Uint8Array {
  const key = signingKeyOf(privateKey)
  if (form === 'der') {
    const der = new Uint8Array(64)
    der.set(signBytes('sha256', bytes, { key, dsaEncoding: 'der' }).subarray(0, 64))
    return der
  }
  const drawn = new Uint8Array(signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }))
  return isHigh(drawn) === (form === 'high-s') ? drawn : twinOf(drawn)
}

export function verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || isHigh(signature)) return false
  const key = createPublicKey({ key: jwkOf(publicKey), format: 'jwk' })
  return verifyBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** RFC 5869, both steps by hand: the document gives an extract and several expands. */
const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}
export const hkdfExtract = (salt: Uint8Array, input: Uint8Array): Uint8Array => hmac(salt, input)
function hkdfExpand(key: Uint8Array, info: string, byteCount: number): Uint8Array {
  let [output, block] = [new Uint8Array(0), new Uint8Array(0)] as Uint8Array[]
  for (let count = 1; output !== undefined && output.length < byteCount; count++) {
    block = hmac(key, block ?? output, ascii(info), Uint8Array.of(count))
    output = join(output, block)
  }
  return (output ?? new Uint8Array(0)).subarray(0, byteCount)
}

/** Section 4. */
export const directionOf = (prk: Uint8Array, info: string): Direction =>
  startDirection(hkdfExpand(prk, info, 44), {
    lengthOf: u32be,
    recordsPerKey: 65_536,
    nextMaterial: (key) =>
      hkdfExpand(hkdfExtract(new Uint8Array(32), key), 'node-network/v1 rekey', 44),
  })
