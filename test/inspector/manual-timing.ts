/**
 * Time for a source in a test: it passes when the test says so.
 */
import type { Timing } from '../../inspector/pace.ts'

export interface ManualTiming extends Timing {
  advance(ms: number): void
  /** It passes while something is done: nothing that is due meanwhile runs before it is over. */
  spend(ms: number): void
}

export function manualTiming(): ManualTiming {
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  let nowMs = 0
  return {
    nowMs: () => nowMs,
    after(ms, run) {
      const timer = { atMs: nowMs + ms, run }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    },
    advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const [next] = [...timers]
          .filter(({ atMs }) => atMs <= endMs)
          .toSorted((one, other) => one.atMs - other.atMs)
        if (next === undefined) break
        nowMs = Math.max(nowMs, next.atMs)
        timers.delete(next)
        next.run()
      }
      nowMs = Math.max(nowMs, endMs)
    },
    spend(ms) {
      nowMs += ms
    },
  }
}
