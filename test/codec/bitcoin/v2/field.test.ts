import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  FIELD_PRIME,
  inverseRoot,
  inverted,
  isSquare,
  reduced,
} from '../../../../codec/bitcoin/v2/field.ts'
import { holds } from '../../../support/properties.ts'

/** Small ones, ones with many zero bits at the end, ones near the prime, and any. */
const element = fc.oneof(
  fc.bigInt({ min: 0n, max: 40n }),
  fc.nat({ max: 255 }).map((shift) => reduced(1n << BigInt(shift))),
  fc.bigInt({ min: 1n, max: 40n }).map((below) => FIELD_PRIME - below),
  fc.bigInt({ min: 0n, max: FIELD_PRIME - 1n }),
)

/** Euler's criterion, by squaring and multiplying alone. */
function eulerOf(value: bigint): bigint {
  let result = 1n
  let power = value
  for (let exponent = (FIELD_PRIME - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * power) % FIELD_PRIME
    power = (power * power) % FIELD_PRIME
  }
  return result
}

test('a number is a square where Euler says so, and then its root, which is one, has an inverse', () => {
  holds(
    fc.property(element, (value) => {
      const isOne = eulerOf(value) !== FIELD_PRIME - 1n
      expect(isSquare(value)).toBe(isOne)
      if (!isOne || value === 0n) return
      const root = inverseRoot(value)
      expect(root < FIELD_PRIME).toBe(true)
      expect(reduced(root * root * value)).toBe(1n)
      expect(isSquare(root)).toBe(true)
    }),
    200,
  )
})

test('an inverse times its number is one, and zero has none', () => {
  holds(
    fc.property(element, (value) => {
      if (value === 0n) return
      expect(reduced(inverted(value) * value)).toBe(1n)
    }),
  )
  expect(() => inverted(0n)).toThrow()
})

test('any integer is brought into the field', () => {
  holds(
    fc.property(element, fc.bigInt({ min: -3n, max: 3n }), (value, times) => {
      expect(reduced(value + times * FIELD_PRIME)).toBe(value)
    }),
  )
})
