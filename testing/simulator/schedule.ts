/**
 * The timers of whoever moves a simulated world: an alarm of its own on the world's clock, so that
 * what is done to nodes happens between their steps, at its time, in one order.
 * @module
 */
import type { Clock } from '../../world/clock.ts'
import { createTimers } from '../../world/timers.ts'

export interface Schedule {
  /** Runs it so much later; returns how to call it off. */
  after(afterMs: number, run: () => void): () => void
  /** Nothing runs any more. */
  stop(): void
}

/** @param clock of nobody else */
export function createSchedule(clock: Clock): Schedule {
  const timers = createTimers()
  let setMs: number | undefined

  const setAlarm = (): void => {
    const dueMs = timers.nextDueMs()
    if (dueMs === setMs) return
    setMs = dueMs
    clock.setAlarm(dueMs)
  }

  clock.start(({ kind }) => {
    if (kind !== 'clock.alarm') return
    setMs = undefined
    const timer = timers.take(clock.monotonicMs())
    timer?.ring()
    setAlarm()
  })

  return {
    after(afterMs, run) {
      const timer = timers.set(clock.monotonicMs() + afterMs, run)
      setAlarm()
      return () => {
        timers.cancel(timer)
        setAlarm()
      }
    },
    stop: clock.stop,
  }
}
