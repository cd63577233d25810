import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordRestart } from '../../machines/restart-policy.ts'
import type { RestartIntensity, RestartRecord } from '../../machines/restart-policy.ts'
import { holds } from '../support/properties.ts'

/** What the list of times says after each restart. */
function recordAll(times: readonly number[], intensity: RestartIntensity): RestartRecord[] {
  let kept: readonly number[] = []
  return times.map((nowMs) => {
    const record = recordRestart(kept, nowMs, intensity)
    kept = record.times
    return record
  })
}

const FIVE_A_MINUTE = { count: 5, withinMs: 60_000 }

test('five restarts within the period are borne, the sixth is one too many', () => {
  const records = recordAll([0, 1, 2, 3, 4, 5], FIVE_A_MINUTE)
  expect(records.map(({ exceeded }) => exceeded)).toEqual([false, false, false, false, false, true])
  expect(records.map(({ nth }) => nth)).toEqual([1, 2, 3, 4, 5, 6])
})

test('from the third restart within the period on a child starts fresh', () => {
  const records = recordAll([0, 10, 20, 30], FIVE_A_MINUTE)
  expect(records.map(({ fresh }) => fresh)).toEqual([false, false, true, true])
})

test('a restart that is as old as the period counts, an older one does not', () => {
  expect(recordAll([0, 60_000], FIVE_A_MINUTE).at(-1)?.nth).toBe(2)
  expect(recordAll([0, 60_001], FIVE_A_MINUTE).at(-1)?.nth).toBe(1)
})

test('an intensity of nothing bears no restart', () => {
  expect(recordAll([7], { count: 0, withinMs: 1 })[0]).toMatchObject({ exceeded: true, nth: 1 })
})

test('the list that was handed in stays as it is', () => {
  const times = Object.freeze([1, 2])
  expect(recordRestart(times, 3, FIVE_A_MINUTE).times).toEqual([1, 2, 3])
  expect(times).toEqual([1, 2])
})

test('for any times it counts what a look at the whole history counts, in bounded memory', () => {
  const gaps = fc.array(fc.nat(40), { maxLength: 60 })
  holds(
    fc.property(gaps, fc.nat(6), fc.nat(100), (drawn, count, withinMs) => {
      let nowMs = 0
      const times = drawn.map((gapMs) => (nowMs += gapMs))
      recordAll(times, { count, withinMs }).forEach((record, index) => {
        const atMs = times[index] ?? 0
        const within = times.slice(0, index + 1).filter((timeMs) => atMs - timeMs <= withinMs)
        expect(record.exceeded).toBe(within.length > count)
        expect(record.nth).toBe(Math.min(within.length, count + 2))
        expect(record.times.length).toBeLessThanOrEqual(count + 1)
      })
    }),
  )
})
