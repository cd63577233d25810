import { expect, test } from 'vitest'
import { seededRandom } from '../../../transport/random.ts'
import { drawsFrom, mixed } from '../../../transport/simulated/drawing.ts'

const COUNT = 20_000

const startDraws = () => drawsFrom(seededRandom('draws'))

const drawn = (draw: () => number): readonly number[] => Array.from({ length: COUNT }, draw)

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

test('a tail has its mean, is short as a rule, and seldom long', () => {
  const draws = startDraws()
  const tails = drawn(() => draws.tail(30))
  expect(meanOf(tails)).toBeGreaterThan(29)
  expect(meanOf(tails)).toBeLessThan(31)
  // Of an exponential distribution 63 % are below the mean and 5 % above three times of it.
  const shareBelow = (ms: number) => tails.filter((tail) => tail < ms).length / COUNT
  expect(shareBelow(30)).toBeCloseTo(0.63, 1)
  expect(1 - shareBelow(90)).toBeCloseTo(0.05, 1)
  expect(Math.min(...tails)).toBeGreaterThanOrEqual(0)
  expect(draws.tail(0)).toBe(0)
})

test('what has no chance draws nothing, what is certain always happens', () => {
  const one = startDraws()
  const other = startDraws()
  expect(drawn(() => Number(one.happens(0))).includes(1)).toBe(false)
  expect(one.unit()).toBe(other.unit())
  expect(drawn(() => Number(one.happens(1))).includes(0)).toBe(false)
  expect(meanOf(drawn(() => Number(one.happens(0.25))))).toBeCloseTo(0.25, 1)
})

test('whole numbers are below their limit, and each of them comes', () => {
  const draws = startDraws()
  expect(new Set(drawn(() => draws.below(7)))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]))
  const between = drawn(() => draws.between({ min: 5, max: 6 }))
  expect(Math.min(...between)).toBeGreaterThanOrEqual(5)
  expect(Math.max(...between)).toBeLessThan(6)
})

test('a mixture is even, and its own for each pair and way', () => {
  const values = Array.from({ length: 10_000 }, (_, index) =>
    mixed(7, index % 100, Math.floor(index / 100)),
  )
  expect(meanOf(values)).toBeCloseTo(0.5, 1)
  expect(values.filter((value) => value < 0.1).length / values.length).toBeCloseTo(0.1, 1)
  expect(mixed(7, 1, 2)).toBe(mixed(7, 1, 2))
  expect(mixed(7, 1, 2)).not.toBe(mixed(7, 2, 1))
  expect(mixed(7, 1, 2)).not.toBe(mixed(8, 1, 2))
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...values)).toBeLessThan(1)
})
