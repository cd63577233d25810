import { expect, test } from 'vitest'
import type { ChildStore } from '../../actors/child.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { keepSequence, startSequence } from '../../protocols/native/sequence.ts'

type Settled = (outcome: 'durable' | 'failed') => void

/** A store that a test brings its writes onto the medium of, and a clock that it sets. */
function startStore(wallMs = 1_000) {
  const entries = new Map<string, Uint8Array>()
  const waiting: Settled[] = []
  let writes = 0
  const keyOf = (table: string, key: Uint8Array) => `${table} ${encodeHex(key)}`
  const store: ChildStore = {
    get: (table, key) => entries.get(keyOf(table, key)),
    range: () => [],
    write(changes, settled) {
      writes++
      for (const { key, table, value } of changes) {
        if (value !== undefined) entries.set(keyOf(table, key), value)
      }
      if (settled !== undefined) waiting.push(settled)
    },
  }
  const clock = { wallMs }
  const tools = { store, wallMs: () => clock.wallMs }
  return {
    clock,
    tools,
    entries,
    writes: () => writes,
    settle(outcome: 'durable' | 'failed' = 'durable') {
      for (const settled of waiting.splice(0)) settled(outcome)
    },
    start: (kept = keepSequence()) => {
      const sequence = startSequence(tools, kept)
      const taken: (bigint | 'store-failed')[] = []
      const take = () =>
        sequence.take((outcome) => {
          taken.push(outcome === 'store-failed' ? outcome : outcome.sequence)
        })
      return { sequence, taken, take }
    },
  }
}

test('the first number is the wall clock in microseconds, and waits for the store', () => {
  const { settle, start, writes } = startStore()
  const { take, taken } = start()
  take()
  take()
  expect([taken, writes()]).toEqual([[], 1])
  settle()
  expect(taken).toEqual([1_000_000n, 1_000_001n])
})

test('what is wanted no more gets no number, and costs none', () => {
  const { settle, start } = startStore()
  const { take, taken } = start()
  const untake = take()
  take()
  untake()
  settle()
  expect(taken).toEqual([1_000_000n])
})

test('with room ahead nothing waits, and little is written', () => {
  const { settle, start, writes } = startStore()
  const { take, taken } = start()
  take()
  settle()
  for (let count = 0; count < 200_000; count++) {
    take()
    // The medium is slow: it takes as long as a thousand numbers.
    if (count % 1_000 === 0) settle()
  }
  expect(taken).toHaveLength(200_001)
  expect(new Set(taken).size).toBe(200_001)
  expect(taken.at(-1)).toBe(1_200_000n)
  expect(writes()).toBeLessThan(10)
})

test.each([
  ['a clock that went on', 5_000, (first: bigint) => first > 1_000_000n && first === 5_000_000n],
  ['a clock that was set back', 10, (first: bigint) => first > 1_000_002n],
])('after a restart, with %s, no number comes again', (_, wallMs, isRight) => {
  const { clock, settle, start } = startStore()
  const { take, taken } = start()
  for (let count = 0; count < 3; count++) take()
  settle()
  expect(taken).toEqual([1_000_000n, 1_000_001n, 1_000_002n])
  clock.wallMs = wallMs
  const again = start()
  again.take()
  settle()
  expect(again.taken.map((first) => first !== 'store-failed' && isRight(first))).toEqual([true])
})

test('after its process died before the store had it, no number was used', () => {
  const { clock, entries, settle, start } = startStore()
  const { take, taken } = start()
  take()
  entries.clear()
  clock.wallMs = 10
  const again = start()
  again.take()
  settle()
  expect([again.taken, taken.length]).toEqual([[10_000n], 1])
})

test('what the store holds and is no bound is as if it were not there', () => {
  const { entries, settle, start, tools } = startStore()
  start().take()
  settle()
  const [[key] = ['']] = entries
  entries.set(key, Uint8Array.of(255))
  const sequence = startSequence(tools, keepSequence())
  const taken: unknown[] = []
  sequence.take((outcome) => taken.push(outcome))
  settle()
  expect(taken).toEqual([{ sequence: 1_000_000n }])
})

test('where the store fails all that waits hears of it, and the next one tries again', () => {
  const { settle, start, writes } = startStore()
  const { take, taken } = start()
  take()
  take()
  settle('failed')
  expect(taken).toEqual(['store-failed', 'store-failed'])
  take()
  expect(writes()).toBe(2)
  settle()
  expect(taken.at(-1)).toBe(1_000_000n)
})

test('the next incarnation goes on where the last one was, whose wait is over', () => {
  const { settle, start, writes } = startStore()
  const kept = keepSequence()
  const first = start(kept)
  first.take()
  settle()
  first.sequence.stop()
  const second = start(kept)
  second.take()
  expect([second.taken, writes()]).toEqual([[1_000_001n], 1])

  const stopped = start()
  stopped.take()
  stopped.sequence.stop()
  settle()
  expect(stopped.taken).toEqual([])
})
