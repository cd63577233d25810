import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { createRateBook } from '../../inspector/rates.ts'

const countersOf = (receivedMessages: number, sentBytes: number) => ({
  ...createCounters(),
  receivedMessages,
  sentBytes,
})

test('a rate is what grew by the time between two looks, and unknown before', () => {
  const book = createRateBook()
  expect(book.one('a', countersOf(10, 5), 1_000, 'receivedMessages')).toBe(-1)
  expect(book.of('a', countersOf(20, 5), 1_100)).toMatchObject({ receivedMessages: null })
  expect(book.of('a', countersOf(510, 1_005), 1_500)).toEqual({
    ...{ receivedMessages: 1_000, sentMessages: 0, receivedBytes: 0, sentBytes: 2_000 },
  })
  // Too soon for another one.
  expect(book.one('a', countersOf(9_999, 0), 1_600, 'receivedMessages')).toBe(1_000)
  book.forget('a')
  expect(book.of('a', countersOf(1, 1), 9_000)).toMatchObject({ sentBytes: null })
})

test('connections that come and go never get the numbers of another one', () => {
  const name = fc.integer({ min: 0, max: 200 })
  const step = fc.record({ name, forgets: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const book = createRateBook()
      const seen = new Map<number, number>()
      steps.forEach(({ forgets, name: of }, index) => {
        const nowMs = index * 1_000
        if (forgets) {
          book.forget(String(of))
          seen.delete(of)
          return
        }
        // Each grows by its own number a second.
        const rate = book.one(
          String(of),
          countersOf((of * nowMs) / 1_000, 0),
          nowMs,
          'receivedMessages',
        )
        expect(rate).toBe(seen.has(of) ? of : -1)
        seen.set(of, nowMs)
      })
    }),
  )
})
