import { expect, test } from 'vitest'
import { createPending } from '../../actors/pending.ts'
import type { PendingTable } from '../../actors/pending.ts'

/** Timers that a test rings. */
function startPending(table: PendingTable<string> = new Map(), pendingMax = 2) {
  const timers = new Map<() => void, number>()
  const over: string[] = []
  const after = (afterMs: number, ring: () => void) => {
    timers.set(ring, afterMs)
    return () => timers.delete(ring)
  }
  const pending = createPending(table, { after }, { pendingMax, verdictMs: 5_000 }, (entry) => {
    over.push(`${entry.content} of ${[...entry.senders].join('+')}`)
  })
  const ringAll = () => {
    for (const ring of [...timers.keys()]) {
      timers.delete(ring)
      ring()
    }
  }
  return { pending, table, over, timers, ringAll }
}

test('a verdict is about all who sent it, each once, the first one first', () => {
  const { pending, timers } = startPending()
  pending.hold('key', 'content', ['one'])
  expect(pending.attach('key', ['two', 'one'])).toBe(true)
  expect([...timers.values()]).toEqual([5_000])
  const entry = pending.settle('key')
  expect(entry).toMatchObject({ key: 'key', content: 'content' })
  expect([...(entry?.senders ?? [])]).toEqual(['one', 'two'])
  expect([pending.settle('key'), pending.has('key'), timers.size]).toEqual([undefined, false, 0])
})

test('nobody is attached to what does not wait', () => {
  const { pending } = startPending()
  expect(pending.attach('key', ['one'])).toBe(false)
  expect(pending.has('key')).toBe(false)
})

test('a place is free again once there is a verdict, or its time is over', () => {
  const { over, pending, ringAll } = startPending()
  const hold = (key: string) => pending.hold(key, key, ['one']) !== undefined
  expect([hold('a'), hold('b'), hold('c')]).toEqual([true, true, false])
  expect(pending.has('c')).toBe(false)
  pending.settle('a')
  expect(hold('c')).toBe(true)
  ringAll()
  expect(over).toEqual(['b of one', 'c of one'])
  expect([pending.settle('b'), hold('d'), hold('e')]).toEqual([undefined, true, true])
})

test('what is not timed waits for as long as it takes, until its time begins', () => {
  const { over, pending, ringAll, timers } = startPending()
  pending.hold('key', 'content', ['one'], false)
  expect([timers.size, pending.attach('key', ['two'])]).toEqual([0, true])
  pending.time('key')
  pending.time('key')
  pending.time('nothing')
  expect([...timers.values()]).toEqual([5_000])
  ringAll()
  expect(over).toEqual(['content of one+two'])
  pending.hold('other', 'content', ['one'], false)
  expect(pending.settle('other')?.content).toBe('content')
  pending.time('other')
  expect(timers.size).toBe(0)
})

test('what was left by another incarnation waits again, and has its deadline', () => {
  const { table, pending: first } = startPending()
  first.hold('a', 'content', ['one'])
  const { over, pending, ringAll, timers } = startPending(table)
  expect([pending.attach('a', ['two']), timers.size]).toEqual([true, 1])
  ringAll()
  expect([over, table.size]).toEqual([['content of one+two'], 0])
})
