/**
 * Items that the application did not want to decide about: for a while nobody is asked for them, and
 * they are not looked at again. Sent or asked for later, they may pass.
 * @module
 */
import { addToRuns, NO_RUNS } from '../../actors/runs.ts'
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
  /** In the order in which they end. */
  const entries: { readonly origin: string; readonly number: bigint; readonly untilMs: number }[] =
    []
  const origins = new Map<string, Runs>()

  const collect = (origin: string): void => {
    const numbers = entries.filter((entry) => entry.origin === origin)
    const runs = numbers.reduce<Runs>((all, { number }) => addToRuns(all, number), NO_RUNS)
    if (runs.length === 0) origins.delete(origin)
    else origins.set(origin, runs)
  }
  const forgetEnded = (): void => {
    const nowMs = monotonicMs()
    for (;;) {
      const [oldest] = entries
      if (oldest === undefined) return
      if (oldest.untilMs > nowMs && entries.length <= ignoredMax) return
      entries.shift()
      collect(oldest.origin)
    }
  }

  return {
    of(origin) {
      forgetEnded()
      return origins.get(origin) ?? NO_RUNS
    },
    add(origin, number) {
      entries.push({ origin, number, untilMs: monotonicMs() + ignoredMs })
      origins.set(origin, addToRuns(origins.get(origin) ?? NO_RUNS, number))
      forgetEnded()
    },
  }
}
