import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import {
  checkPrivateKey,
  hasCompressedForm,
  hasLowSignatureForm,
  isPrivateKey,
} from '../../../transport/crypto/guards.ts'
import { hex } from '../../support/hex.ts'

/** SEC 2 section 2.4.1. */
const PRIME = 2n ** 256n - 2n ** 32n - 977n
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n
const TOP = 2n ** 256n - 1n

const numberBytes = (value: bigint) => hex(value.toString(16).padStart(64, '0'))
const ONE = numberBytes(1n)

/** Values on both sides of a limit that differ from it in one word or through several. */
const around = (limit: bigint) =>
  [1n, 2n ** 32n, 2n ** 128n, 2n ** 160n].flatMap((step) => [limit - step, limit + step])

describe('isPrivateKey', () => {
  test('is true from 1 to n - 1 and nowhere else', () => {
    for (const value of [1n, 2n ** 32n, 2n ** 255n, ORDER - 1n]) {
      expect(isPrivateKey(numberBytes(value)), `${value}`).toBe(true)
    }
    for (const value of [0n, ORDER, ORDER + 1n, TOP]) {
      expect(isPrivateKey(numberBytes(value)), `${value}`).toBe(false)
    }
    for (const value of around(ORDER)) {
      if (value > TOP) continue
      expect(isPrivateKey(numberBytes(value)), `${value}`).toBe(value < ORDER)
    }
  })

  test('is false for 31 and 33 bytes, and checkPrivateKey throws what it refuses', () => {
    for (const length of [0, 31, 33]) {
      expect(isPrivateKey(new Uint8Array(length).fill(1))).toBe(false)
    }
    expect(() => checkPrivateKey(numberBytes(ORDER))).toThrow(RangeError)
    expect(() => checkPrivateKey(ONE)).not.toThrow()
  })
})

describe('hasCompressedForm', () => {
  test('is true for the prefixes 02 and 03 alone', () => {
    for (let prefix = 0; prefix < 256; prefix++) {
      const form = concatBytes(Uint8Array.of(prefix), ONE)
      expect(hasCompressedForm(form), `${prefix}`).toBe(prefix === 2 || prefix === 3)
    }
  })

  test('is true for 33 bytes alone', () => {
    for (let length = 0; length < 70; length++) {
      const form = new Uint8Array(length).fill(2)
      expect(hasCompressedForm(form), `${length}`).toBe(length === 33)
    }
  })

  test('is true for x below p alone', () => {
    for (const x of [0n, PRIME - 1n, PRIME, TOP, ...around(PRIME)]) {
      if (x > TOP) continue
      const form = concatBytes(Uint8Array.of(3), numberBytes(x))
      expect(hasCompressedForm(form), `${x}`).toBe(x < PRIME)
    }
  })
})

describe('hasLowSignatureForm', () => {
  const form = (r: bigint, s: bigint) => concatBytes(numberBytes(r), numberBytes(s))

  test('is true for r from 1 to n - 1', () => {
    for (const r of [0n, 1n, ORDER - 1n, ORDER, TOP]) {
      expect(hasLowSignatureForm(form(r, 1n)), `${r}`).toBe(r > 0n && r < ORDER)
    }
  })

  test('is true for s from 1 to n / 2', () => {
    const half = ORDER / 2n
    for (const s of [0n, 1n, half, half + 1n, ORDER - 1n, ORDER, TOP, ...around(half)]) {
      expect(hasLowSignatureForm(form(1n, s)), `${s}`).toBe(s > 0n && s <= half)
    }
  })

  test('is false for 63 and 65 bytes', () => {
    const right = form(1n, 1n)
    expect(hasLowSignatureForm(right)).toBe(true)
    expect(hasLowSignatureForm(right.subarray(1))).toBe(false)
    expect(hasLowSignatureForm(concatBytes(right, Uint8Array.of(1)))).toBe(false)
    expect(hasLowSignatureForm(concatBytes(Uint8Array.of(0), right))).toBe(false)
  })
})
