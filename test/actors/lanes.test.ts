import { describe, expect, test } from 'vitest'
import { createLanes } from '../../actors/lanes.ts'
import { countHeld } from '../support/collected.ts'

const BUDGETS = { control: 10, requests: 100, gossip: 20 }

interface Numbered {
  readonly number: number
}

const startLanes = () => createLanes<Numbered>(BUDGETS)
const numbers = (messages: readonly Numbered[]) => messages.map(({ number }) => number)

test('control leaves before requests before gossip, each in its own order', () => {
  const lanes = startLanes()
  lanes.push('gossip', { number: 5 }, 1)
  lanes.push('requests', { number: 3 }, 1)
  lanes.push('control', { number: 1 }, 1)
  lanes.push('requests', { number: 4 }, 1)
  lanes.push('control', { number: 2 }, 1)
  expect(numbers(lanes.take(1_000))).toEqual([1, 2, 3, 4, 5])
  expect(lanes.isEmpty()).toBe(true)
})

describe('a batch', () => {
  test('ends before the message that would make it too large', () => {
    const lanes = startLanes()
    for (const number of [1, 2, 3]) lanes.push('requests', { number }, 40)
    expect(numbers(lanes.take(80))).toEqual([1, 2])
    expect(numbers(lanes.take(80))).toEqual([3])
  })

  test('holds at least one message, however large', () => {
    const lanes = startLanes()
    lanes.push('requests', { number: 1 }, 99)
    expect(numbers(lanes.take(1))).toEqual([1])
    expect(numbers(lanes.take(1))).toEqual([])
  })

  test('does not pass over a large message for a small one behind it', () => {
    const lanes = startLanes()
    lanes.push('control', { number: 1 }, 5)
    lanes.push('requests', { number: 2 }, 50)
    lanes.push('gossip', { number: 3 }, 1)
    expect(numbers(lanes.take(10))).toEqual([1])
  })
})

describe('a budget', () => {
  test('is exact: so many bytes fit and one more does not', () => {
    const lanes = startLanes()
    lanes.push('control', { number: 1 }, 4)
    expect(lanes.fits('control', 6)).toBe(true)
    expect(lanes.fits('control', 7)).toBe(false)
    expect(lanes.fits('requests', 7)).toBe(true)
  })

  test('lets one message into an empty lane, whatever its size', () => {
    expect(startLanes().fits('control', 11)).toBe(true)
  })

  test('counts what is promised, until it is taken back', () => {
    const lanes = startLanes()
    lanes.reserve('control', 10)
    expect(lanes.fits('control', 1)).toBe(false)
    lanes.unreserve('control', 10)
    expect(lanes.fits('control', 1)).toBe(true)
  })

  test('has room again at half', () => {
    const lanes = startLanes()
    for (const number of [1, 2, 3]) lanes.push('gossip', { number }, 6)
    expect(lanes.underHalf('gossip')).toBe(false)
    lanes.take(6)
    expect([lanes.bytesOf('gossip'), lanes.underHalf('gossip')]).toEqual([12, false])
    lanes.take(6)
    expect([lanes.bytesOf('gossip'), lanes.underHalf('gossip')]).toEqual([6, true])
  })
})

test('a message may be made when its turn comes, and not before', () => {
  const lanes = startLanes()
  let now = 1
  lanes.push('requests', () => ({ number: now }), 1)
  now = 2
  expect(numbers(lanes.take(10))).toEqual([2])
})

test('clearing forgets all, and says how many that were', () => {
  const lanes = startLanes()
  for (let number = 0; number < 200; number++) lanes.push('requests', { number }, 1)
  lanes.push('gossip', { number: 1 }, 1)
  expect(lanes.take(150)).toHaveLength(150)
  expect(lanes.clear()).toBe(51)
  expect([lanes.isEmpty(), lanes.bytesOf('requests'), lanes.take(10)]).toEqual([true, 0, []])
})

test('what has left is let go of, however much waits behind it', async () => {
  const lanes = startLanes()
  const pushed = Array.from({ length: 20 }, (_, number) => {
    const message = { number }
    lanes.push('requests', message, 1)
    return new WeakRef(message)
  })
  lanes.take(15)
  expect(await countHeld(pushed)).toBe(5)
})
