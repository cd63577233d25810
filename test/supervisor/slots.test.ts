import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSlots } from '../../supervisor/slots.ts'
import { holds } from '../support/properties.ts'

const startSlots = () =>
  createSlots([
    { name: 'full', role: 'dialler', max: 2 },
    { name: 'feeler', role: 'dialler', max: 1 },
    { name: 'inbound', role: 'listener', max: 2 },
  ])

test('a kind gives as many slots as it has, and gives one again that came back', () => {
  const slots = startSlots()
  expect([slots.take('a', 'full'), slots.take('b', 'full'), slots.take('c', 'full')]).toEqual([
    true,
    true,
    false,
  ])
  expect(slots.kindOf('c')).toBeUndefined()
  expect(slots.giveBack('a')).toBe('full')
  expect(slots.take('c', 'full')).toBe(true)
  expect(slots.counts()).toEqual({ full: 2, feeler: 0, inbound: 0 })
})

test.each([0, -1, 1.5, NaN, 2, 3])(
  'a kind of two slots of which %s are filled is refused',
  (fill) => {
    expect(() => createSlots([{ name: 'full', role: 'dialler', max: 2, fill }])).toThrow(RangeError)
  },
)

test('any slot of a role is the first kind with room in the declared order', () => {
  const slots = startSlots()
  expect(['a', 'b', 'c', 'd'].map((name) => slots.takeAny(name, 'dialler'))).toEqual([
    'full',
    'full',
    'feeler',
    undefined,
  ])
  expect(slots.takeAny('e', 'listener')).toBe('inbound')
  expect(slots.free('dialler')).toBe(0)
  expect(slots.free('listener')).toBe(1)
  expect(slots.kinds('dialler')).toEqual([
    { name: 'full', free: 0 },
    { name: 'feeler', free: 0 },
  ])
})

test('giving back twice gives back once', () => {
  const slots = startSlots()
  slots.take('a', 'inbound')
  slots.take('b', 'inbound')
  expect([slots.giveBack('a'), slots.giveBack('a'), slots.giveBack('never')]).toEqual([
    'inbound',
    undefined,
    undefined,
  ])
  expect(slots.free('listener')).toBe(1)
})

test('a slot that is handed over is taken all the while', () => {
  const slots = startSlots()
  slots.take('a', 'feeler')
  expect(slots.handOver('a', 'b')).toBe(true)
  expect(slots.kindOf('a')).toBeUndefined()
  expect(slots.kindOf('b')).toBe('feeler')
  expect(slots.take('c', 'feeler')).toBe(false)
  expect(slots.handOver('a', 'd')).toBe(false)
})

test.each([
  ['a kind that there is not', () => startSlots().take('a', 'none')],
  [
    'a second slot for one connection',
    () => {
      const slots = startSlots()
      slots.take('a', 'full')
      slots.take('a', 'inbound')
    },
  ],
  [
    'two kinds of one name',
    () =>
      createSlots([
        { name: 'x', role: 'dialler', max: 1 },
        { name: 'x', role: 'listener', max: 1 },
      ]),
  ],
  ['a maximum that is no count', () => createSlots([{ name: 'x', role: 'dialler', max: -1 }])],
])('%s is our fault', (_, wrong) => {
  expect(wrong).toThrow(RangeError)
})

test('whatever is taken and given back, no kind is ever above its maximum', () => {
  const step = fc.tuple(
    fc.constantFrom('full', 'feeler', 'inbound', 'back'),
    fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
  )
  holds(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = startSlots()
      const held = new Map<string, string>()
      for (const [what, name] of steps) {
        if (what === 'back') {
          expect(slots.giveBack(name)).toBe(held.get(name))
          held.delete(name)
        } else if (!held.has(name) && slots.take(name, what)) held.set(name, what)
        const counts = slots.counts()
        for (const kind of ['full', 'feeler', 'inbound']) {
          expect(counts[kind]).toBe([...held.values()].filter((one) => one === kind).length)
        }
        expect(counts.full).toBeLessThanOrEqual(2)
        expect(counts.feeler).toBeLessThanOrEqual(1)
        expect(counts.inbound).toBeLessThanOrEqual(2)
      }
    }),
  )
})
