import { expect, test } from 'vitest'
import { waitOf } from '../../actors/written-times.ts'

test('a time is so many seconds, or a whole number and a unit', () => {
  expect(['30', '0.5', '0.0001', '500ms', '90s', '10m', '1h'].map((text) => waitOf(text))).toEqual([
    ...[30_000, 500, 1, 500, 90_000, 600_000, 3_600_000],
  ])
})

test.each(['', '0', '0s', '-1', '1.5s', '1d', 'm', '1e3', ' 1', '2147484'])(
  '%j is none',
  (text) => {
    expect(waitOf(text)).toBeUndefined()
  },
)

test('what is longer than a command bears is none', () => {
  expect([waitOf('60s', 60_000), waitOf('61', 60_000), waitOf('2m', 60_000)]).toEqual([
    ...[60_000, undefined, undefined],
  ])
})
