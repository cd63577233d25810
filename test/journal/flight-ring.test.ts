import { assert, constantFrom, array, property, integer } from 'fast-check'
import { expect, test } from 'vitest'
import { clearRing, createFlightRing, pushEntry, readEntries } from '../../journal/flight-ring.ts'

test('holds what a list cut at its front would hold, equal neighbours as one', () => {
  const pushes = array(constantFrom(1, 2, 3), { maxLength: 120 })
  assert(
    property(pushes, integer({ min: 1, max: 40 }), (codes, size) => {
      const ring = createFlightRing(size)
      const model: { code: number; atMs: number; untilMs: number; count: number }[] = []
      codes.forEach((code, atMs) => {
        pushEntry(ring, atMs, code, 7, 8, 9)
        const last = model.at(-1)
        if (last?.code === code) {
          last.untilMs = atMs
          last.count++
        } else {
          model.push({ code, atMs, untilMs: atMs, count: 1 })
          if (model.length > size) model.shift()
        }
      })
      expect(readEntries(ring)).toEqual(
        model.map((one) => ({ ...one, first: 7, second: 8, amount: 9 })),
      )
    }),
  )
})

test.each([
  ['another code', [2, 7, 8, 9]],
  ['another first name', [1, 0, 8, 9]],
  ['another second name', [1, 7, 0, 9]],
  ['another amount', [1, 7, 8, 0]],
] as const)('%s is another entry', (_, [code, first, second, amount]) => {
  const ring = createFlightRing(4)
  pushEntry(ring, 0, 1, 7, 8, 9)
  pushEntry(ring, 0, code, first, second, amount)
  expect(readEntries(ring).map(({ count }) => count)).toEqual([1, 1])
})

test('keeps the largest numbers of each field, and an amount above them as the largest', () => {
  const ring = createFlightRing(2)
  pushEntry(ring, 1e15 + 0.5, 0xffff, 0xffff, 0xffff, 2 ** 40)
  expect(readEntries(ring)).toEqual([
    {
      ...{ atMs: 1e15 + 0.5, untilMs: 1e15 + 0.5, count: 1 },
      ...{ code: 0xffff, first: 0xffff, second: 0xffff, amount: 2 ** 32 - 1 },
    },
  ])
})

test('grows with its entries up to what was said, 2 KiB for 64, and keeps them all meanwhile', () => {
  const ring = createFlightRing(64)
  const sizes = new Set<number>()
  for (let at = 0; at < 100; at++) {
    pushEntry(ring, at, at, 0, 0, 0)
    sizes.add(ring.view.byteLength)
    const kept = Math.min(at + 1, 64)
    expect(readEntries(ring).map(({ code }) => code)).toEqual(
      Array.from({ length: kept }, (_, index) => at + 1 - kept + index),
    )
  }
  expect([...sizes]).toEqual([512, 1_024, 2_048])
})

test.each([1, 15, 16, 17, 40])('%i entries take no more memory than they need', (entries) => {
  const ring = createFlightRing(entries)
  for (let at = 0; at < 100; at++) pushEntry(ring, at, at, 0, 0, 0)
  expect(readEntries(ring)).toHaveLength(entries)
  expect(ring.view.byteLength).toBe(entries * 32)
})

test('is empty once cleared, and its memory serves again', () => {
  const ring = createFlightRing(64)
  for (let at = 0; at < 100; at++) pushEntry(ring, at, at, 0, 0, 0)
  const { view } = ring
  clearRing(ring)
  expect(readEntries(ring)).toEqual([])
  pushEntry(ring, 1, 1, 0, 0, 0)
  expect([readEntries(ring).length, ring.view === view]).toEqual([1, true])
})
