import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOrderedTable } from '../../store/ordered-table.ts'

const key = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\xff'), maxLength: 4 })
const change = fc.record({ key, isRemoval: fc.boolean() })

test('walks like a sorted list, whatever was set and deleted', () => {
  const bound = fc.option(key, { nil: undefined })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), bound, bound, (changes, from, before) => {
      const table = createOrderedTable<number>()
      const model = new Map<string, number>()
      for (const [index, { key, isRemoval }] of changes.entries()) {
        if (isRemoval) {
          table.delete(key)
          model.delete(key)
        } else {
          table.set(key, index)
          model.set(key, index)
        }
      }
      const expected = [...model]
        .filter(([key]) => (from ?? '') <= key && (before === undefined || key < before))
        .sort(([one], [other]) => (one < other ? -1 : 1))
      expect(table.size).toBe(model.size)
      expect([...table.walk({ from, before, reverse: false })]).toEqual(expected)
      expect([...table.walk({ from, before, reverse: true })]).toEqual(expected.toReversed())
    }),
  )
})

test('keeps the order of a hundred thousand keys that come and go in no order', () => {
  const table = createOrderedTable<number>()
  const name = (index: number) => index.toString().padStart(6, '0')
  const count = 100_000
  for (let index = 0; index < count; index++) {
    const spread = (index * 7_919) % count
    table.set(name(spread), spread)
  }
  for (let index = 0; index < count; index++) {
    const spread = (index * 104_729) % count
    if (spread % 3 !== 0) table.delete(name(spread))
  }
  const expected = Array.from({ length: Math.ceil(count / 3) }, (_, index) => index * 3)
  const values = (reverse: boolean) => [...table.walk({ reverse })].map(([, value]) => value)
  expect(values(false)).toEqual(expected)
  expect(values(true)).toEqual(expected.toReversed())
  for (const index of expected) table.delete(name(index))
  expect(table.size).toBe(0)
  expect(values(false)).toEqual([])
})

test.each([false, true])(
  'goes on behind its place when changed while walked (reverse: %s)',
  (reverse) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.array(change), (before, during) => {
        const table = createOrderedTable<string>()
        for (const { key } of before) table.set(key, key)
        const untouched = new Set(before.map(({ key }) => key))
        for (const { key } of during) untouched.delete(key)

        const seen: string[] = []
        const left = [...during]
        for (const [key] of table.walk({ reverse })) {
          seen.push(key)
          const next = left.pop()
          if (next?.isRemoval === true) table.delete(next.key)
          else if (next !== undefined) table.set(next.key, next.key)
        }
        const sorted = [...new Set(seen)].sort((one, other) => (one < other ? -1 : 1))
        expect(seen).toEqual(reverse ? sorted.toReversed() : sorted)
        // What nobody touched was seen; the rest may have been.
        expect([...untouched].filter((key) => !seen.includes(key))).toEqual([])
      }),
    )
  },
)
