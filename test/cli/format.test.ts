import { describe, expect, test } from 'vitest'
import { formatBytes, formatDuration, printable, shorten, tableLines } from '../../cli/format.ts'

describe('a quantity', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [99_500, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [1.5e9, '1.5 GB'],
    [5e15, '5000 TB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 0 s'],
    [3_600_000, '1 h 0 min'],
    [90_000_000, '1 d 1 h'],
  ])('of %d milliseconds is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

test('a text is shortened in its middle, and no longer than it may be', () => {
  expect(shorten('0123456789', 10)).toBe('0123456789')
  for (let characters = 1; characters < 10; characters++) {
    const short = shorten('0123456789', characters)
    expect(short).toHaveLength(characters)
    expect(short).toContain('…')
  }
  expect(shorten('0123456789', 7)).toBe('0123…89')
})

test('a terminal obeys nothing that is printed', () => {
  expect(printable('a\u001B[2Jb\nc\u009B1md\u2028é')).toBe('a?[2Jb?c?1md?é')
})

test('a table has its columns one below the other', () => {
  const rows = [
    { name: 'one', count: 1 },
    { name: 'twenty\n', count: 20 },
  ]
  const lines = tableLines(
    [
      { title: 'name', cell: ({ name }) => name },
      { title: 'count', cell: ({ count }) => String(count), align: 'right' },
    ],
    rows,
  )
  expect(lines).toEqual(['name     count', 'one          1', 'twenty?     20'])
})
