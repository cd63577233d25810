/**
 * The checks that every backend makes before it asks its library, so that all refuse the same.
 *
 * Libraries differ in what they take: OpenSSL reads uncompressed and hybrid points, accepts a high
 * S, and opens a message whose tag was cut to 4 bytes; others throw where the answer is `false`.
 * What is left to the library after these checks is the arithmetic: is the point on the curve, is
 * the signature right, does the tag authenticate.
 * @module
 */
import { concatBytes, viewOf } from '../../codec/bytes.ts'
import type { Aead, DetachedSeal } from '../../world/crypto.ts'

export const TAG_BYTES = 16
const AEAD_KEY_BYTES = 32
const NONCE_BYTES = 12
const SCALAR_BYTES = 32
const PUBLIC_KEY_BYTES = 33
const SIGNATURE_BYTES = 64
/** RFC 5869: the counter of the expansion is one byte, from 1. */
const HKDF_BYTES_MAX = 255 * 32

/** SEC 2 section 2.4.1, in 32-bit words from the most significant: the field's prime p. */
const FIELD_PRIME = Uint32Array.of(
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xfffffffe,
  0xfffffc2f,
)
/** The order n of the base point. */
const ORDER = Uint32Array.of(
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xfffffffe,
  0xbaaedce6,
  0xaf48a03b,
  0xbfd25e8c,
  0xd0364141,
)
/** (n - 1) / 2 + 1: the least S that counts as high. */
const LEAST_HIGH_S = Uint32Array.of(
  0x7fffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0x5d576e73,
  0x57a4501d,
  0xdfe92f46,
  0x681b20a1,
)

/** Whether the 32 bytes at `offset` are from 0 or 1 to below `limit`. No branch depends on them. */
function isInRange(bytes: Uint8Array, offset: number, limit: Uint32Array, least: 0 | 1): boolean {
  const view = viewOf(bytes)
  let borrow = 0
  let any = 0
  for (let word = 7; word >= 0; word--) {
    const value = view.getUint32(offset + word * 4)
    // Plain numbers hold the difference exactly; its sign is the borrow.
    borrow = Number(value - (limit[word] ?? 0) - borrow < 0)
    any |= value
  }
  return borrow === 1 && Number(any !== 0) >= least
}

export const isPrivateKey = (bytes: Uint8Array): boolean =>
  bytes.length === SCALAR_BYTES && isInRange(bytes, 0, ORDER, 1)

/** @throws {RangeError} not a private key */
export function checkPrivateKey(bytes: Uint8Array): void {
  if (!isPrivateKey(bytes)) throw new RangeError('not a secp256k1 private key')
}

/** Everything about a compressed point but whether it is on the curve. */
export const hasCompressedForm = (publicKey: Uint8Array): boolean =>
  publicKey.length === PUBLIC_KEY_BYTES &&
  (publicKey[0] === 0x02 || publicKey[0] === 0x03) &&
  isInRange(publicKey, 1, FIELD_PRIME, 0)

/** r then s, r from 1 to n - 1, s from 1 to n / 2. */
export const hasLowSignatureForm = (signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_BYTES &&
  isInRange(signature, 0, ORDER, 1) &&
  isInRange(signature, SCALAR_BYTES, LEAST_HIGH_S, 1)

/** @throws {RangeError} not a length that HKDF-SHA256 gives */
export function checkHkdfBytes(bytes: number): void {
  if (!(Number.isInteger(bytes) && bytes >= 1 && bytes <= HKDF_BYTES_MAX)) {
    throw new RangeError(`HKDF-SHA256 gives 1 to ${HKDF_BYTES_MAX} bytes, not ${bytes}`)
  }
}

/** One library's cipher, called with lengths that are right. */
export interface AeadCipher {
  /** In memory of its own. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    additionalData: Uint8Array,
    plaintext: Uint8Array,
  ): DetachedSeal
  /** `sealed` is at least a tag long. Undefined where it does not authenticate. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    additionalData: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
  /** What `open` gave, and nobody will look at again. */
  readonly free: (plaintext: Uint8Array) => void
}

/** @throws {RangeError} not a 32-byte key */
export function createAead(cipher: AeadCipher, key: Uint8Array): Aead {
  if (key.length !== AEAD_KEY_BYTES) throw new RangeError('the key is not 32 bytes')
  const ownKey = Uint8Array.from(key)
  let wiped = false

  function check(nonce: Uint8Array): void {
    if (wiped) throw new Error('the key of this cipher was wiped')
    if (nonce.length !== NONCE_BYTES) throw new RangeError('the nonce is not 12 bytes')
  }

  return {
    seal(nonce, additionalData, plaintext) {
      check(nonce)
      const { ciphertext, tag } = cipher.seal(ownKey, nonce, additionalData, plaintext)
      return concatBytes(ciphertext, tag)
    },
    sealInto(nonce, additionalData, plaintext, target, offset) {
      check(nonce)
      const room = target.length - offset - plaintext.length
      if (!(Number.isInteger(offset) && offset >= 0 && room >= TAG_BYTES)) {
        throw new RangeError('no room for the sealed bytes')
      }
      const { ciphertext, tag } = cipher.seal(ownKey, nonce, additionalData, plaintext)
      target.set(ciphertext, offset)
      target.set(tag, offset + ciphertext.length)
    },
    sealDetached(nonce, additionalData, plaintext) {
      check(nonce)
      return cipher.seal(ownKey, nonce, additionalData, plaintext)
    },
    open(nonce, additionalData, sealed) {
      check(nonce)
      if (sealed.length < TAG_BYTES) return undefined
      return cipher.open(ownKey, nonce, additionalData, sealed)
    },
    free: cipher.free,
    wipe() {
      wiped = true
      ownKey.fill(0)
    },
  }
}
