import { describe, expect, test } from 'vitest'
import { parseDuration, parseWait } from '../../cli/duration.ts'

describe('a duration', () => {
  test('has a unit, and an end', () => {
    expect(['1ms', '90s', '10m', '24h'].map((text) => parseDuration(text, 86_400_000))).toEqual([
      1, 90_000, 600_000, 86_400_000,
    ])
    for (const text of ['0s', '90', '1.5s', '86401s', '1d', 's', '-1s']) {
      expect(() => parseDuration(text, 86_400_000)).toThrow(/a whole number and a unit/)
    }
  })
})

describe('a time that a command waits', () => {
  test('is a number of seconds, or has a unit', () => {
    expect(['1', '0.25', '2147483'].map((text) => parseWait(text))).toEqual([
      1_000, 250, 2_147_483_000,
    ])
    expect(['30s', '500ms', '10m', '596h'].map((text) => parseWait(text))).toEqual([
      30_000, 500, 600_000, 2_145_600_000,
    ])
  })

  test('may have another end', () => {
    expect(['100', '100s'].map((text) => parseWait(text, 100))).toEqual([100_000, 100_000])
    for (const text of ['101', '101s', '2m']) {
      expect(() => parseWait(text, 100)).toThrow(/^It is no number of seconds up to 100[.,]/)
    }
  })

  test.each(['0', '-1', '1e3', '', '2147484', '30S', 'Infinity', '0s', '1.5s', '30 s', '1d'])(
    'is not "%s"',
    (text) => {
      expect(() => parseWait(text)).toThrow(/^It is no number of seconds up to 2147483[.,]/)
    },
  )
  test.each(['597h', '-1s', 's', 'soon'])('nor "%s"', (text) => {
    expect(() => parseWait(text)).toThrow(
      /and no whole number and a unit, such as 90s, 10m or 1h\.$/,
    )
  })
})
