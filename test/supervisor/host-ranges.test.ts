import { expect, test } from 'vitest'
import { canonicalRange } from '../../codec/host-range.ts'
import type { HostRange } from '../../codec/host-range.ts'
import { createHostRanges } from '../../supervisor/host-ranges.ts'

function rangeOf(text: string): HostRange {
  const range = canonicalRange(text)
  if (range === undefined) throw new Error(`${text} is no range`)
  return range
}

test('a host is found under all the ranges that hold it, the widest first', () => {
  const ranges = createHostRanges<string>()
  const texts = ['10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0', '10.1.2.0/31', '::/0', '10.2.0.0/16']
  for (const text of texts) ranges.set(rangeOf(text), text)
  expect(ranges.size).toBe(6)
  expect(ranges.covering('10.1.2.3')).toEqual(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16'])
  expect(ranges.covering('10.1.2.1')).toHaveLength(4)
  expect(ranges.covering('2001:db8::1')).toEqual(['::/0'])
  expect(ranges.covering('a.example')).toEqual([])
})

test('one that is set twice is one, and one that is deleted is found no more', () => {
  const ranges = createHostRanges<number>()
  ranges.set(rangeOf('10.0.0.0/8'), 1)
  ranges.set(rangeOf('10.0.0.0/8'), 2)
  expect([ranges.size, ranges.covering('10.9.9.9')]).toEqual([1, [2]])
  ranges.delete(rangeOf('10.0.0.0/9'))
  expect(ranges.size).toBe(1)
  ranges.delete(rangeOf('10.0.0.0/8'))
  expect([ranges.size, ranges.covering('10.9.9.9')]).toEqual([0, []])
})
