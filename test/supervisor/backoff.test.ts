import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs, doubled } from '../../supervisor/backoff.ts'
import type { Random } from '../../world/random.ts'
import { seededRandom } from '../../transport/random.ts'
import { holds } from '../support/properties.ts'

/** Draws the same number whenever it is asked. */
const drawing = (unit: number): Random => ({
  ...seededRandom('unused'),
  unit: () => unit,
})

const LARGEST_UNIT = 1 - Number.EPSILON / 2

test.each([
  [1, 500, 1_000],
  [2, 1_000, 2_000],
  [3, 2_000, 4_000],
  [4, 4_000, 8_000],
  [5, 8_000, 16_000],
  [6, 16_000, 32_000],
  [7, 30_000, 60_000],
  [8, 30_000, 60_000],
  [5_000, 30_000, 60_000],
])('before retry %i it waits from %i to %i ms', (retry, leastMs, mostMs) => {
  expect(backoffMs(drawing(0), retry)).toBe(leastMs)
  expect(backoffMs(drawing(0.5), retry)).toBe((leastMs + mostMs) / 2)
  const longest = backoffMs(drawing(LARGEST_UNIT), retry)
  expect(longest).toBeGreaterThan(mostMs - 0.001)
  expect(longest).toBeLessThanOrEqual(mostMs)
})

test('the waits of many peers that failed together are spread over the whole range', () => {
  const random = seededRandom('spread')
  const waits = Array.from({ length: 1_000 }, () => backoffMs(random, 3))
  const quarters = [0, 0, 0, 0]
  for (const waitMs of waits) {
    const quarter = Math.floor((waitMs - 2_000) / 500)
    quarters[quarter] = (quarters[quarter] ?? 0) + 1
  }
  expect(Math.min(...quarters)).toBeGreaterThan(180)
  expect(quarters).toHaveLength(4)
})

test('a maximum under the base bounds the first wait too', () => {
  expect(backoffMs(drawing(LARGEST_UNIT), 1, { baseMs: 5_000, maxMs: 100 })).toBeLessThanOrEqual(
    100,
  )
})

test('doubling never passes the maximum and never falls', () => {
  holds(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.nat(80),
      fc.nat(1e9),
      (first, times, max) => {
        const ms = doubled(first, times, max)
        expect(ms).toBeLessThanOrEqual(max)
        expect(ms).toBeGreaterThanOrEqual(doubled(first, Math.max(0, times - 1), max))
        expect(ms).toBe(Math.min(max, first * 2 ** times))
      },
    ),
  )
})
