import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { createRateBook } from '../../inspector/rates.ts'

const countersOf = (receivedMessages: number, sentBytes: number) => ({
  ...createCounters(),
  receivedMessages,
  sentBytes,
})

const LOOK_MS = 250
const everyMs = () => LOOK_MS

test('a rate is what grew by the time between two looks, and unknown before', () => {
  const book = createRateBook(everyMs)
  expect(book.one('a', countersOf(10, 5), 1_000, 'receivedMessages')).toBe(-1)
  expect(book.of('a', countersOf(20, 5), 2_900)).toMatchObject({ receivedMessages: null })
  expect(book.of('a', countersOf(2_010, 4_005), 3_000)).toEqual({
    ...{ receivedMessages: 1_000, sentMessages: 0, receivedBytes: 0, sentBytes: 2_000 },
  })
  // Too soon for another one.
  expect(book.one('a', countersOf(9_999, 0), 4_900, 'receivedMessages')).toBe(1_000)
  book.forget('a')
  expect(book.of('a', countersOf(1, 1), 9_000)).toMatchObject({ sentBytes: null })
})

test('a message each two seconds is half a message a second, however often it is looked', () => {
  const book = createRateBook(everyMs)
  const rates = Array.from({ length: 80 }, (_, look) => {
    const nowMs = look * LOOK_MS
    const messages = Math.floor((nowMs + 1_000) / 2_000)
    return book.of('a', countersOf(messages, 0), nowMs).receivedMessages
  })
  expect(new Set(rates.slice(0, 8))).toEqual(new Set([null]))
  expect(new Set(rates.slice(8))).toEqual(new Set([0.5]))
})

test('nothing is said of a time at which nobody looked', () => {
  const book = createRateBook(everyMs)
  const at = (nowMs: number) => book.one('a', countersOf(nowMs, 0), nowMs, 'receivedMessages')
  expect([0, 2_000, 2_250, 4_500, 7_001, 9_001].map(at)).toEqual([
    ...[-1, 1_000, 1_000, 1_000, -1, 1_000],
  ])
})

test('connections that come and go never get the numbers of another one', () => {
  const name = fc.integer({ min: 0, max: 200 })
  const step = fc.record({ name, forgets: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const book = createRateBook(() => Infinity)
      const seen = new Map<number, number>()
      steps.forEach(({ forgets, name: of }, index) => {
        const nowMs = index * 2_000
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
