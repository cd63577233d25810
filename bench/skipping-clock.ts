/**
 * The platform's time with jumps: what a node does is as fast as it is, and between two dials as much
 * time passes for it as its own rates ask for.
 * @module
 */
import { systemClock } from '../transport/clock.ts'
import type { Clock } from '../world/clock.ts'

export interface SkippingClock extends Clock {
  /** Monotonic time goes on at once; the wall's time does not. */
  skip(ms: number): void
}

export function skippingClock(): SkippingClock {
  const clock = systemClock()
  let skippedMs = 0
  let alarmMs: number | undefined

  const arm = (): void => {
    clock.setAlarm(alarmMs === undefined ? undefined : alarmMs - skippedMs)
  }

  return {
    ...clock,
    start(enter) {
      clock.start((input) => {
        if (input.kind === 'clock.alarm') alarmMs = undefined
        enter(input)
      })
    },
    monotonicMs: () => clock.monotonicMs() + skippedMs,
    setAlarm(dueMs) {
      alarmMs = dueMs
      arm()
    },
    skip(ms) {
      skippedMs += ms
      arm()
    },
  }
}
