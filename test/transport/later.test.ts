import { expect, test } from 'vitest'
import { createDeliveryQueue } from '../../transport/later.ts'

test('delivers one at a time, in the order of asking, also what a delivery asks for', () => {
  const queue = createDeliveryQueue()
  const seen: string[] = []
  queue.later(() => {
    seen.push('a')
    queue.later(() => seen.push('c'))
  })
  queue.later(() => seen.push('b'))
  expect([queue.pending, seen]).toEqual([2, []])
  expect(queue.deliver()).toBe(true)
  expect([queue.pending, seen]).toEqual([2, ['a']])
  expect(queue.run()).toBe(2)
  expect(seen).toEqual(['a', 'b', 'c'])
  expect([queue.deliver(), queue.pending, queue.run()]).toEqual([false, 0, 0])
})

test('keeps the order over many thousands that come and go', () => {
  const queue = createDeliveryQueue()
  const seen: number[] = []
  let asked = 0
  const ask = (count: number): void => {
    for (let made = 0; made < count; made++) {
      const number = asked++
      queue.later(() => seen.push(number))
    }
  }
  for (let round = 0; round < 50; round++) {
    ask(500)
    for (let made = 0; made < 450; made++) queue.deliver()
  }
  expect(queue.pending).toBe(50 * 50)
  queue.run()
  expect(seen).toEqual(Array.from({ length: 25_000 }, (_, index) => index))
})

test('goes on behind a delivery that throws', () => {
  const queue = createDeliveryQueue()
  const seen: string[] = []
  queue.later(() => {
    throw new Error('a delivery')
  })
  queue.later(() => seen.push('next'))
  expect(() => queue.run()).toThrow('a delivery')
  queue.run()
  expect(seen).toEqual(['next'])
})

test('finds out what goes in circles, and not what ends at the limit', () => {
  const queue = createDeliveryQueue()
  const again = (): void => queue.later(again)
  again()
  expect(() => queue.run(1_000)).toThrow('after 1000 deliveries')
  const other = createDeliveryQueue()
  for (let made = 0; made < 10; made++) other.later(() => undefined)
  expect(other.run(10)).toBe(10)
})
