/**
 * How often a node is looked at: four times a second, and less often where looking costs it more than a
 * fiftieth of its time. Whoever asks in between is answered soon, not at once.
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
/** Looking takes at most a fiftieth of the time: two percent, of the five that watching may cost. */
const COST_SHARE = 50
/** However long it takes, it is looked so often: a page that shows nothing for longer seems broken. */
const LOOK_MS_MAX = 10_000
/** A page that opens asks for several views one after the other: they are answered together. */
const SOON_MS = 20

export interface Pace {
  /** How often it is looked now. */
  readonly everyMs: number
  /** Somebody looks from now on. */
  begin(): void
  /** Nobody does any more. */
  end(): void
  /** Something new was asked. */
  soon(): void
}

/** @param look whether it is to be looked again soon */
export function createPace(timing: Timing, look: () => boolean): Pace {
  let everyMs = LOOK_MS
  let endedMs = -Infinity
  let begun = false
  let dueMs = Infinity
  let cancel: (() => void) | undefined

  const arm = (atMs: number): void => {
    if (!begun || atMs >= dueMs) return
    cancel?.()
    dueMs = atMs
    cancel = timing.after(Math.max(0, atMs - timing.nowMs()), run)
  }

  function run(): void {
    dueMs = Infinity
    const startMs = timing.nowMs()
    const isSoon = look()
    endedMs = timing.nowMs()
    const costMs = endedMs - startMs
    everyMs = Math.round(Math.min(LOOK_MS_MAX, Math.max(LOOK_MS, costMs * COST_SHARE)))
    arm(endedMs + (isSoon ? SOON_MS : everyMs))
  }

  return {
    get everyMs() {
      return everyMs
    },
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
      // A page that asks without end is answered at the pace of one that looks.
      const earliestMs = everyMs > LOOK_MS ? endedMs + everyMs : endedMs + LOOK_MS / 2
      arm(Math.max(timing.nowMs() + SOON_MS, earliestMs))
    },
  }
}
