import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTimers } from '../../world/timers.ts'
import type { Timer } from '../../world/timers.ts'
import { holds } from '../support/properties.ts'

const ring = (): void => undefined

test('takes what is due by due time, then in the order of setting', () => {
  const timers = createTimers()
  const rung: string[] = []
  const due = [5, 3, 5, 1, 3]
  for (const [index, dueMs] of due.entries())
    timers.set(dueMs, () => rung.push(`${dueMs}:${index}`))
  for (let timer = timers.take(5); timer !== undefined; timer = timers.take(5)) timer.ring()
  expect(rung).toEqual(['1:3', '3:1', '3:4', '5:0', '5:2'])
  expect(timers.count).toBe(0)
})

test('takes nothing before its time, nor what was set from a sequence on', () => {
  const timers = createTimers()
  timers.set(10, ring)
  expect(timers.take(9.999)).toBeUndefined()
  const before = timers.nextSequence
  timers.set(10, ring)
  expect(timers.take(10, before)?.sequence).toBe(0)
  expect(timers.take(10, before)).toBeUndefined()
  expect(timers.take(10)?.sequence).toBe(before)
})

/** What is done with both, and what a sorted array makes of it. */
type Deed =
  | { readonly do: 'set'; readonly dueMs: number }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'take'; readonly nowMs: number }

const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('set'), dueMs: fc.integer({ max: 40, min: 0 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel'), which: fc.nat(60) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('take'), nowMs: fc.integer({ max: 45, min: 0 }) }),
    },
  ),
  { maxLength: 120 },
)

test('does what a sorted array does, whatever is set, cancelled and taken', () => {
  const property = fc.property(deeds, (list) => {
    const timers = createTimers()
    const all: Timer[] = []
    let model: Timer[] = []
    for (const deed of list) {
      if (deed.do === 'set') {
        const timer = timers.set(deed.dueMs, ring)
        all.push(timer)
        // A stable sort: what was set earlier stays ahead of its equals.
        model = [...model, timer].sort((one, other) => one.dueMs - other.dueMs)
      } else if (deed.do === 'cancel') {
        const timer = all[deed.which]
        if (timer !== undefined) timers.cancel(timer)
        model = model.filter((other) => other !== timer)
      } else {
        const first = model[0]
        const expected = first !== undefined && first.dueMs <= deed.nowMs ? first : undefined
        expect(timers.take(deed.nowMs)).toBe(expected)
        model = model.filter((other) => other !== expected)
      }
      expect(timers.count).toBe(model.length)
      expect(timers.nextDueMs()).toBe(model[0]?.dueMs)
    }
    for (const expected of model) expect(timers.take(Infinity)).toBe(expected)
    expect(timers.take(Infinity)).toBeUndefined()
  })
  holds(property, 500)
})

test('forgets ten thousand timers that were cancelled in any order', () => {
  const timers = createTimers()
  const set = Array.from({ length: 10_000 }, (_, index) =>
    timers.set((index * 7_919) % 10_007, ring),
  )
  for (const [index, timer] of set.entries()) if (index % 2 === 0) timers.cancel(timer)
  for (const timer of set) timers.cancel(timer)
  expect(timers.count).toBe(0)
  expect(set.every(({ place }) => place === -1)).toBe(true)
})
