/**
 * Items that the application did not want to decide about: for a while nobody is asked for them, and
 * they are not looked at again. Sent or asked for later, they may pass.
 * @module
 */
import { addToRuns, NO_RUNS, removeFromRuns, runsHave } from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import type { ChildTools } from '../../actors/child.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'

export interface IgnoredNumbers {
  of(origin: string): Runs
  add(origin: string, number: bigint): void
}

export function createIgnoredNumbers(
  { monotonicMs }: Pick<ChildTools<NativeTypes>, 'monotonicMs'>,
  { ignoredMax, ignoredMs }: { readonly ignoredMax: number; readonly ignoredMs: number },
): IgnoredNumbers {
  /** In the order in which they end; each number once. */
  const entries: { readonly origin: string; readonly number: bigint; readonly untilMs: number }[] =
    []
  const origins = new Map<string, Runs>()

  const forgetEnded = (): void => {
    const nowMs = monotonicMs()
    for (;;) {
      const [oldest] = entries
      if (oldest === undefined) return
      if (oldest.untilMs > nowMs && entries.length <= ignoredMax) return
      entries.shift()
      const { number, origin } = oldest
      const runs = removeFromRuns(origins.get(origin) ?? NO_RUNS, number)
      if (runs.length === 0) origins.delete(origin)
      else origins.set(origin, runs)
    }
  }

  return {
    of(origin) {
      forgetEnded()
      return origins.get(origin) ?? NO_RUNS
    },
    add(origin, number) {
      forgetEnded()
      if (runsHave(origins.get(origin) ?? NO_RUNS, number)) return
      entries.push({ origin, number, untilMs: monotonicMs() + ignoredMs })
      origins.set(origin, addToRuns(origins.get(origin) ?? NO_RUNS, number))
      forgetEnded()
    },
  }
}
