/**
 * Whether anything still arrives: it looks when the time could be over, not when bytes come, so that a
 * busy connection pays nothing for it.
 * @module
 */
import { CLOCK_STEP_MS } from '../world/clock.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { PatientClock } from './patient-clock.ts'

export interface ProgressWatchOptions {
  readonly clock: Pick<PatientClock, 'setTimeout'>
  readonly loop: Pick<StepLoop, 'step'>
  /** Without a single byte arriving. */
  readonly progressMs: number
  isActive(): boolean
  lastBytesMs(): number
  onSilent(): void
}

/** From now on, until the connection is not active any more. */
export function watchProgress(options: ProgressWatchOptions): void {
  const { clock, loop, progressMs } = options
  const watch = (afterMs: number): void => {
    const look = (): void => {
      if (!options.isActive()) return
      const leftMs = progressMs - (loop.step.monotonicMs - options.lastBytesMs())
      if (leftMs >= CLOCK_STEP_MS) watch(leftMs)
      else options.onSilent()
    }
    clock.setTimeout(look, afterMs, 'progress')
  }
  watch(progressMs)
}
