import { expect, test } from 'vitest'
import { createPatientClock, holdClock, stopClock } from '../../actors/patient-clock.ts'
import type { Clock, ClockInput } from '../../world/clock.ts'
import { createObservationPort } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'

/** A platform that rings when the test says so, however late. */
function startClock() {
  let nowMs = 0
  let alarmMs: number | undefined
  let enter: (input: ClockInput) => void = () => undefined
  const platform: Clock = {
    start(next) {
      enter = next
    },
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    setAlarm(dueMs) {
      alarmMs = dueMs
    },
    askEndOfTurn: () => undefined,
    stop: () => undefined,
  }
  const loop = createStepLoop({
    clock: platform,
    port: createObservationPort(),
    onFault(error) {
      throw error
    },
  })
  platform.start(loop.enter)
  const rung: string[] = []
  const clock = createPatientClock(loop, (ring) => {
    ring()
  })
  const wait = (name: string, ms: number) => clock.setTimeout(() => rung.push(name), ms)
  /** A step at that time, which rings what is due. */
  const at = (ms: number): void => {
    nowMs = ms
    if (alarmMs !== undefined && alarmMs <= nowMs) enter({ kind: 'clock.alarm' })
    else enter({ kind: 'clock.turn-ended' })
  }
  at(0)
  return { at, clock, loop, rung, wait, alarm: () => alarmMs }
}

test('a wait rings when it is due, and not before', () => {
  const { at, clock, rung, wait } = startClock()
  wait('a', 100)
  at(99)
  expect([rung, clock.waits.length]).toEqual([[], 1])
  at(100)
  expect([rung, clock.waits.length]).toEqual([['a'], 0])
})

test('time in which our process did not come to look does not count', () => {
  const { at, loop, rung, wait } = startClock()
  wait('short', 100)
  wait('long', 1_000)
  // 500 ms late: a stall of that length.
  at(600)
  expect(loop.stalledMs).toBe(500)
  expect(rung).toEqual([])
  at(1_000)
  at(1_100)
  expect(rung).toEqual(['short'])
  at(1_499)
  expect(rung).toEqual(['short'])
  at(1_500)
  expect(rung).toEqual(['short', 'long'])
})

test('while it is held time stands still, however often it was held', () => {
  const { at, clock, rung, wait } = startClock()
  wait('a', 100)
  at(60)
  holdClock(clock, true)
  holdClock(clock, true)
  at(10_000)
  holdClock(clock, false)
  at(10_039)
  expect(rung).toEqual([])
  at(10_040)
  expect(rung).toEqual(['a'])
})

test('a wait that is set while it is held begins with the release', () => {
  const { at, clock, rung, wait } = startClock()
  holdClock(clock, true)
  wait('a', 100)
  at(500)
  holdClock(clock, false)
  at(599)
  expect(rung).toEqual([])
  at(600)
  expect(rung).toEqual(['a'])
})

test('what was cleared never rings, and after a stop nothing does', () => {
  const { at, clock, loop, rung, wait } = startClock()
  clock.clearTimeout(wait('cleared', 10))
  wait('stopped', 10)
  stopClock(clock)
  wait('late', 10)
  holdClock(clock, true)
  holdClock(clock, false)
  at(1_000)
  expect([rung, clock.waits.length, loop.counts().timers]).toEqual([[], 0, 0])
})
