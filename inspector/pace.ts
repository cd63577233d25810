/**
 * When a node is looked at: in short turns, four times a second and less often where they are dear: before
 * the next turn passes 99 times as long as one took. So looking never takes more than a hundredth of the
 * node's time, however much is looked at.
 * @module
 */
import { performance } from 'node:perf_hooks'

/** Time as the pace needs it. */
export interface Timing {
  /** Monotonic milliseconds. */
  nowMs(): number
  /** Returns how to call it off. */
  after(ms: number, run: () => void): () => void
}

/** A process does not stay for it. */
export const platformTiming: Timing = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Four times a second: faster than anybody reads. */
export const LOOK_MS = 250
/**
 * Looking takes at most a hundredth of the time: one percent of the five that watching may cost. The time
 * line has another one.
 */
export const COST_SHARE = 100
/** A page that opens asks for several views one after the other: they are answered together. */
const SOON_MS = 20

export interface Pace {
  /** Somebody looks from now on. */
  begin(): void
  /** Nobody does any more. */
  end(): void
  /** Something new was asked. */
  soon(): void
}

/** @param look one turn; returns whether it is to be looked again soon */
export function createPace(timing: Timing, look: () => boolean): Pace {
  /** Before it the turn that was would have taken too much. */
  let earliestMs = -Infinity
  let begun = false
  let dueMs = Infinity
  let cancel: (() => void) | undefined

  const arm = (wantedMs: number): void => {
    const atMs = Math.max(wantedMs, earliestMs)
    if (!begun || atMs >= dueMs) return
    cancel?.()
    dueMs = atMs
    cancel = timing.after(Math.max(0, atMs - timing.nowMs()), run)
  }

  function run(): void {
    dueMs = Infinity
    const startMs = timing.nowMs()
    const isSoon = look()
    const endMs = timing.nowMs()
    earliestMs = startMs + (endMs - startMs) * COST_SHARE
    arm(endMs + (isSoon ? SOON_MS : LOOK_MS))
  }

  return {
    begin() {
      begun = true
    },
    end() {
      begun = false
      cancel?.()
      cancel = undefined
      dueMs = Infinity
    },
    soon() {
      arm(timing.nowMs() + SOON_MS)
    },
  }
}
