import { describe, expect, test } from 'vitest'
import { areLanesEmpty, clearLanes, createLanes, fitsLane } from '../../actors/lanes.ts'
import { isUnderHalf, pushToLane, takeFromLanes } from '../../actors/lanes.ts'
import { countHeld } from '../support/collected.ts'

const BUDGETS = { control: 10, requests: 100, gossip: 20 }

interface Numbered {
  readonly number: number
}

const startLanes = () => createLanes<Numbered>(BUDGETS)
const numbers = (messages: readonly Numbered[]) => messages.map(({ number }) => number)

test('control leaves before requests before gossip, each in its own order', () => {
  const lanes = startLanes()
  pushToLane(lanes.gossip, { number: 5 }, 1)
  pushToLane(lanes.requests, { number: 3 }, 1)
  pushToLane(lanes.control, { number: 1 }, 1)
  pushToLane(lanes.requests, { number: 4 }, 1)
  pushToLane(lanes.control, { number: 2 }, 1)
  expect(numbers(takeFromLanes(lanes, 1_000))).toEqual([1, 2, 3, 4, 5])
  expect(areLanesEmpty(lanes)).toBe(true)
})

describe('a batch', () => {
  test('ends before the message that would make it too large', () => {
    const lanes = startLanes()
    for (const number of [1, 2, 3]) pushToLane(lanes.requests, { number }, 40)
    expect(numbers(takeFromLanes(lanes, 80))).toEqual([1, 2])
    expect(numbers(takeFromLanes(lanes, 80))).toEqual([3])
  })

  test('holds at least one message, however large', () => {
    const lanes = startLanes()
    pushToLane(lanes.requests, { number: 1 }, 99)
    expect(numbers(takeFromLanes(lanes, 1))).toEqual([1])
    expect(numbers(takeFromLanes(lanes, 1))).toEqual([])
  })

  test('does not pass over a large message for a small one behind it', () => {
    const lanes = startLanes()
    pushToLane(lanes.control, { number: 1 }, 5)
    pushToLane(lanes.requests, { number: 2 }, 50)
    pushToLane(lanes.gossip, { number: 3 }, 1)
    expect(numbers(takeFromLanes(lanes, 10))).toEqual([1])
  })
})

describe('a budget', () => {
  test('is exact: so many bytes fit and one more does not', () => {
    const lanes = startLanes()
    pushToLane(lanes.control, { number: 1 }, 4)
    expect(fitsLane(lanes.control, 6)).toBe(true)
    expect(fitsLane(lanes.control, 7)).toBe(false)
    expect(fitsLane(lanes.requests, 7)).toBe(true)
  })

  test('lets one message into an empty lane, whatever its size', () => {
    expect(fitsLane(startLanes().control, 11)).toBe(true)
  })

  test('counts what is promised, until it is taken back', () => {
    const lanes = startLanes()
    lanes.control.reservedBytes += 10
    expect(fitsLane(lanes.control, 1)).toBe(false)
    lanes.control.reservedBytes -= 10
    expect(fitsLane(lanes.control, 1)).toBe(true)
  })

  test('has room again at half', () => {
    const lanes = startLanes()
    for (const number of [1, 2, 3]) pushToLane(lanes.gossip, { number }, 6)
    expect(isUnderHalf(lanes.gossip)).toBe(false)
    takeFromLanes(lanes, 6)
    expect([lanes.gossip.bytes, isUnderHalf(lanes.gossip)]).toEqual([12, false])
    takeFromLanes(lanes, 6)
    expect([lanes.gossip.bytes, isUnderHalf(lanes.gossip)]).toEqual([6, true])
  })
})

test('a message may be made when its turn comes, and not before', () => {
  const lanes = startLanes()
  let now = 1
  pushToLane(lanes.requests, () => ({ number: now }), 1)
  now = 2
  expect(numbers(takeFromLanes(lanes, 10))).toEqual([2])
})

test('clearing forgets all, and says how many that were', () => {
  const lanes = startLanes()
  for (let number = 0; number < 200; number++) pushToLane(lanes.requests, { number }, 1)
  pushToLane(lanes.gossip, { number: 1 }, 1)
  expect(takeFromLanes(lanes, 150)).toHaveLength(150)
  expect(clearLanes(lanes)).toBe(51)
  expect([areLanesEmpty(lanes), lanes.requests.bytes, takeFromLanes(lanes, 10)]).toEqual([
    true,
    0,
    [],
  ])
})

test('what has left is let go of, however much waits behind it', async () => {
  const lanes = startLanes()
  const pushed = Array.from({ length: 20 }, (_, number) => {
    const message = { number }
    pushToLane(lanes.requests, message, 1)
    return new WeakRef(message)
  })
  takeFromLanes(lanes, 15)
  expect(await countHeld(pushed)).toBe(5)
})
