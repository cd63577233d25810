import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addToRuns,
  NO_RUNS,
  numbersIn,
  opensRun,
  pairsOf,
  removeFromRuns,
  runCount,
  runsHave,
  runsWithout,
  uniteRuns,
} from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'

const U64_MAX = 2n ** 64n - 1n

const runsOf = (numbers: Iterable<bigint>): Runs => {
  const sorted = [...new Set(numbers)].toSorted((one, other) => (one < other ? -1 : 1))
  const runs: bigint[] = []
  for (const number of sorted) {
    if (runs.at(-1) === number - 1n) runs[runs.length - 1] = number
    else runs.push(number, number)
  }
  return runs
}

/** Few enough numbers that runs touch, meet and fall apart; at either end of what a field holds. */
const sets = fc
  .tuple(fc.uniqueArray(fc.bigInt(0n, 40n)), fc.constantFrom(0n, U64_MAX - 40n))
  .map(([numbers, base]) => new Set(numbers.map((number) => number + base)))
const pairsOfSets = fc.tuple(
  fc.uniqueArray(fc.bigInt(0n, 40n)),
  fc.uniqueArray(fc.bigInt(0n, 40n)),
  fc.constantFrom(0n, U64_MAX - 40n),
)

describe('as sets of numbers', () => {
  test('both together', () => {
    fc.assert(
      fc.property(pairsOfSets, ([one, other, base]) => {
        const [a, b] = [one, other].map((numbers) => numbers.map((number) => number + base))
        const united = uniteRuns(runsOf(a ?? []), runsOf(b ?? []))
        expect(united).toEqual(runsOf([...(a ?? []), ...(b ?? [])]))
      }),
    )
  })

  test('one without the other', () => {
    fc.assert(
      fc.property(pairsOfSets, ([one, other, base]) => {
        const rest = runsWithout(
          runsOf(one.map((number) => number + base)),
          runsOf(other.map((number) => number + base)),
        )
        const expected = one.filter((number) => !other.includes(number))
        expect(rest).toEqual(runsOf(expected.map((number) => number + base)))
      }),
    )
  })

  test('one number more, one less, and whether it is there', () => {
    fc.assert(
      fc.property(sets, fc.bigInt(0n, 41n), fc.boolean(), (set, drawn, isHigh) => {
        const number = isHigh ? U64_MAX - drawn : drawn
        const runs = runsOf(set)
        expect(runsHave(runs, number)).toBe(set.has(number))
        expect(addToRuns(runs, number)).toEqual(runsOf([...set, number]))
        const less = [...set].filter((other) => other !== number)
        expect(removeFromRuns(runs, number)).toEqual(runsOf(less))
        const grows = runCount(addToRuns(runs, number)) > runCount(runs)
        expect(opensRun(runs, number)).toBe(grows)
        expect(numbersIn(runs)).toBe(BigInt(set.size))
      }),
    )
  })
})

test('what is given stays as it was', () => {
  const runs = Object.freeze([0n, 4n, 9n, 9n])
  expect(addToRuns(runs, 5n)).toEqual([0n, 5n, 9n, 9n])
  expect(removeFromRuns(runs, 2n)).toEqual([0n, 1n, 3n, 4n, 9n, 9n])
  expect(uniteRuns(runs, [5n, 8n])).toEqual([0n, 9n])
  expect(runs).toEqual([0n, 4n, 9n, 9n])
})

test('all the numbers there are cost no more than one', () => {
  const all: Runs = [0n, U64_MAX]
  expect(numbersIn(all)).toBe(2n ** 64n)
  expect(runsWithout(all, [5n, 5n])).toEqual([0n, 4n, 6n, U64_MAX])
  expect(runsWithout([3n, 9n], all)).toEqual(NO_RUNS)
  expect(uniteRuns(all, [7n, U64_MAX])).toEqual(all)
  expect(removeFromRuns(all, U64_MAX)).toEqual([0n, U64_MAX - 1n])
  expect(pairsOf(all)).toEqual([[0n, U64_MAX]])
})
