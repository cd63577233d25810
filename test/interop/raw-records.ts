/**
 * Sealed records by node:crypto and nothing of ours, as independent peers of more than one network read
 * and write them. What differs (the order of a length's bytes, labels) is the peer's, written from its
 * network's own document.
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'

export const TAG_BYTES = 16
const KEY_BYTES = 32

/** One direction's key, base IV and counter; moves on to new keys by itself. */
export interface Direction {
  /** The record of a plaintext: length, ciphertext, tag. */
  seal(plaintext: Uint8Array): Uint8Array
  /** What is in it; nothing where it does not authenticate, and then nothing is counted. */
  open(length: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  /** A copy of the key and the base IV that the next record has. */
  material(): Uint8Array
}

export interface DirectionRules {
  lengthOf(value: number): Uint8Array
  readonly recordsPerKey: number
  /** A key and the base IV behind it, out of the key before. */
  nextMaterial(key: Uint8Array): Uint8Array
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** Base IV XOR the counter, which is big-endian whatever the lengths are. */
function nonceOf(baseIv: Uint8Array, counter: number): Uint8Array {
  const counted = Buffer.alloc(12)
  counted.writeBigUInt64BE(BigInt(counter), 4)
  return baseIv.map((byte, index) => byte ^ (counted[index] ?? 0))
}

export function startDirection(
  first: Uint8Array,
  { lengthOf, nextMaterial, recordsPerKey }: DirectionRules,
): Direction {
  let material = first
  let counter = 0
  const key = () => material.slice(0, KEY_BYTES)
  const baseIv = () => material.slice(KEY_BYTES)
  const next = (): void => {
    counter += 1
    if (counter < recordsPerKey) return
    const old = material
    material = nextMaterial(key())
    old.fill(0)
    counter = 0
  }
  // Without this length OpenSSL takes a tag of four bytes for a whole one.
  const options = { authTagLength: TAG_BYTES }
  return {
    seal(plaintext) {
      const length = lengthOf(plaintext.length + TAG_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key(), nonceOf(baseIv(), counter), options)
      cipher.setAAD(length)
      const sealed = join(cipher.update(plaintext), cipher.final())
      const record = join(length, sealed, cipher.getAuthTag())
      next()
      return record
    },
    open(length, sealed) {
      if (sealed.length <= TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key(), nonceOf(baseIv(), counter), options)
      decipher.setAAD(length)
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      const begun = decipher.update(sealed.subarray(0, -TAG_BYTES))
      try {
        const plaintext = join(begun, decipher.final())
        next()
        return plaintext
      } catch {
        return undefined
      }
    },
    material: () => material.slice(),
  }
}
