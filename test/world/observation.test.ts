import { expect, test, vi } from 'vitest'
import { createObservationPort } from '../../world/observation.ts'
import type { Observation } from '../../world/observation.ts'

const alarm = { kind: 'clock.alarm' } as const
const event = (type: string): Observation => ({ of: 'event', event: { type } })

test('is watched while somebody watches, and tells everyone in the order of coming', () => {
  const port = createObservationPort()
  expect([port.wants.event, port.watcherCount]).toEqual([false, 0])
  const told: string[] = []
  const leaveOne = port.watch(() => told.push('one'))
  const leaveTwo = port.watch(() => told.push('two'))
  expect([port.wants.event, port.watcherCount]).toEqual([true, 2])
  port.tell(event('a'))
  leaveOne()
  leaveOne()
  port.tell(event('b'))
  leaveTwo()
  port.tell(event('c'))
  expect(told).toEqual(['one', 'two', 'two'])
  expect([port.wants.event, port.watcherCount]).toEqual([false, 0])
})

test('takes a watcher off that throws, reports it once, and tells the others', () => {
  const port = createObservationPort()
  const fault = new Error('a watcher')
  const onFault = vi.fn()
  const other = vi.fn()
  port.watch(
    () => {
      throw fault
    },
    { onFault },
  )
  port.watch(() => {
    throw new Error('nobody asked to hear of it')
  })
  port.watch(other)
  port.tell(event('a'))
  port.tell(event('b'))
  expect(onFault.mock.calls).toEqual([[fault]])
  expect(other).toHaveBeenCalledTimes(2)
  expect(port.watcherCount).toBe(1)
})

test('the same watcher twice is two watchers, each with its own leave', () => {
  const port = createObservationPort()
  const watcher = vi.fn()
  const leave = port.watch(watcher)
  port.watch(watcher)
  port.tell(event('a'))
  leave()
  port.tell(event('b'))
  expect(watcher).toHaveBeenCalledTimes(3)
})

test('who comes or leaves while something is told changes who is told the next, not this one', () => {
  const port = createObservationPort()
  const late = vi.fn()
  const second = vi.fn()
  port.watch(() => {
    if (port.watcherCount === 2) port.watch(late)
    leaveSecond()
  })
  const leaveSecond = port.watch(second)
  port.tell(event('a'))
  expect([late.mock.calls.length, second.mock.calls.length]).toEqual([0, 1])
  port.tell(event('b'))
  expect([late.mock.calls.length, second.mock.calls.length]).toEqual([1, 1])
})

test('wants the kinds alone that somebody watches, and tells each watcher no other', () => {
  const port = createObservationPort()
  const refused: Observation = { of: 'refused', connection: 'a', detail: 'b', bytesOnWire: 1 }
  const told: string[] = []
  const leave = port.watch(({ of }) => told.push(of), { kinds: ['event', 'refused'] })
  expect(port.wants).toEqual({
    ...{ written: false, step: false, effect: false, transition: false, message: false },
    ...{ refused: true, event: true, timing: false },
  })
  port.tell(refused)
  port.tell({ of: 'step', step: { number: 0, monotonicMs: 0, wallMs: 0 }, input: alarm })
  expect(told).toEqual(['refused'])
  const leaveAll = port.watch(() => undefined)
  leave()
  expect(Object.values(port.wants)).toEqual(Array(8).fill(true))
  leaveAll()
  expect(Object.values(port.wants)).toEqual(Array(8).fill(false))
})
