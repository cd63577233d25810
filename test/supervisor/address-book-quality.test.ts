import { describe, expect, test } from 'vitest'
import {
  chanceOf,
  isSightAtEnd,
  isTerrible,
  NEVER_MS,
  newerSightMs,
  TIME_MS_MAX,
  verdictOn,
  wholeMs,
} from '../../supervisor/address-book-quality.ts'
import type { Quality } from '../../supervisor/address-book-quality.ts'
import { DAY_MS, HOUR_MS, NOW_MS } from '../support/address-books.ts'

const MINUTE_MS = 60_000

const quality = (known: Partial<Quality> = {}): Quality => ({
  seenMs: NOW_MS,
  succeededMs: NEVER_MS,
  attemptedMs: NEVER_MS,
  countedMs: NEVER_MS,
  failures: 0,
  ...known,
})
const ago = (ms: number) => NOW_MS - ms

test.each<[title: string, terrible: boolean, known: Partial<Quality>]>([
  ['seen now', false, {}],
  ['seen 10 minutes ahead', false, { seenMs: ago(-10 * MINUTE_MS) }],
  ['seen further ahead', true, { seenMs: ago(-10 * MINUTE_MS - 1) }],
  ['seen 30 days ago', false, { seenMs: ago(30 * DAY_MS) }],
  ['seen longer ago', true, { seenMs: ago(30 * DAY_MS + 1) }],
  ['never answering twice', false, { failures: 2, attemptedMs: ago(HOUR_MS) }],
  ['never answering three times', true, { failures: 3, attemptedMs: ago(HOUR_MS) }],
  ['failing three times after a success', false, { failures: 3, succeededMs: ago(30 * DAY_MS) }],
  ['failing ten times in 7 days', false, { failures: 10, succeededMs: ago(7 * DAY_MS) }],
  ['failing ten times in more', true, { failures: 10, succeededMs: ago(7 * DAY_MS + 1) }],
  ['failing nine times in more', false, { failures: 9, succeededMs: ago(7 * DAY_MS + 1) }],
  ['bad but tried a minute ago', false, { failures: 3, attemptedMs: ago(MINUTE_MS) }],
  ['bad and tried before that', true, { failures: 3, attemptedMs: ago(MINUTE_MS + 1) }],
  ['old but tried a minute ago', false, { seenMs: 1, attemptedMs: ago(MINUTE_MS) }],
])('whether an address %s is terrible: %s', (_, terrible, known) => {
  expect(isTerrible(quality(known), NOW_MS)).toBe(terrible)
})

describe('the chance of being chosen', () => {
  test('falls to 66 in a hundred with each failure, up to eight', () => {
    const chances = Array.from({ length: 12 }, (_, failures) =>
      chanceOf(quality({ failures }), NOW_MS),
    )
    expect(chances[0]).toBe(1)
    for (let failures = 1; failures <= 8; failures++) {
      expect((chances[failures] ?? 0) / (chances[failures - 1] ?? 0)).toBeCloseTo(0.66, 12)
    }
    expect(new Set(chances.slice(8)).size).toBe(1)
  })

  test('is a hundredth for ten minutes from an attempt', () => {
    const after = (ms: number) => chanceOf(quality({ attemptedMs: ago(ms) }), NOW_MS)
    expect(after(0)).toBe(0.01)
    expect(after(10 * MINUTE_MS - 1)).toBe(0.01)
    expect(after(10 * MINUTE_MS)).toBe(1)
  })

  test('is whole for one that was never tried, also where the clock has just begun', () => {
    expect(chanceOf(quality(), 1_000)).toBe(1)
  })
})

test.each([
  ['an hour newer', false, HOUR_MS, 0, 0],
  ['more than an hour newer', true, HOUR_MS + 1, 0, 0],
  ['an hour and the penalty newer', false, 3 * HOUR_MS, 2 * HOUR_MS, 0],
  ['more than that newer', true, 3 * HOUR_MS + 1, 2 * HOUR_MS, 0],
  ['a day newer, seen a day ago', false, DAY_MS, 0, DAY_MS],
  ['more than a day newer, seen a day ago', true, DAY_MS + 1, 0, DAY_MS],
  ['an hour newer, seen just within a day', true, HOUR_MS + 1, 0, DAY_MS - 1],
  ['older', false, -1, 0, 0],
])('whether a sight %s is news: %s', (_, isNews, newerMs, penaltyMs, sinceMs) => {
  const seenMs = ago(sinceMs)
  const keptMs = seenMs - newerMs
  const expected = isNews ? seenMs - penaltyMs : keptMs
  expect(newerSightMs(keptMs, { seenMs, penaltyMs }, NOW_MS)).toBe(expected)
})

test('the end of a connection is a sight when the last one is over 20 minutes old', () => {
  expect(isSightAtEnd(ago(20 * MINUTE_MS), NOW_MS)).toBe(false)
  expect(isSightAtEnd(ago(20 * MINUTE_MS + 1), NOW_MS)).toBe(true)
})

test.each<[old: string, verdict: string, known: Partial<Quality>, newcomerMs: number]>([
  ['succeeded within 4 hours', 'keep', { succeededMs: ago(4 * HOUR_MS - 1) }, 0],
  [
    'succeeded within 4 hours and failed since',
    'keep',
    { succeededMs: ago(4 * HOUR_MS - 1), attemptedMs: ago(2 * MINUTE_MS) },
    HOUR_MS,
  ],
  ['succeeded 4 hours ago', 'probe', { succeededMs: ago(4 * HOUR_MS) }, 0],
  ['tried a minute ago', 'wait', { attemptedMs: ago(MINUTE_MS) }, HOUR_MS],
  ['tried longer ago, in vain', 'replace', { attemptedMs: ago(MINUTE_MS + 1) }, 0],
  ['tried 4 hours ago', 'probe', { attemptedMs: ago(4 * HOUR_MS) }, 0],
  ['was not probed in 40 minutes', 'probe', {}, 40 * MINUTE_MS],
  ['was not probed in more', 'replace', {}, 40 * MINUTE_MS + 1],
])('where the old one %s: %s', (_, verdict, known, newcomerMs) => {
  const old = quality({ succeededMs: ago(DAY_MS), attemptedMs: ago(DAY_MS), ...known })
  const newcomer = quality({ succeededMs: ago(newcomerMs) })
  expect(verdictOn(old, newcomer, NOW_MS)).toBe(verdict)
})

test.each([
  [Number.NaN, 1],
  [Number.NEGATIVE_INFINITY, 1],
  [-5, 1],
  [0, 1],
  [1.9, 1],
  [Number.POSITIVE_INFINITY, TIME_MS_MAX],
  [NOW_MS + 0.5, NOW_MS],
])('the time %d is kept as %d', (ms, kept) => {
  expect(wholeMs(ms)).toBe(kept)
})
