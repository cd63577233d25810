/**
 * Faults that happen by themselves, so many a minute and target. A beat a second draws how many of each
 * kind fall into the second to come, and when: no timer a host or stream, whose number may be large.
 * @module
 */
import type { Random } from '../../world/random.ts'

/** Short beside what lasts minutes, and a thousandth of what else a node does in a second. */
const BEAT_MS = 1_000
const BEATS_PER_MINUTE = 60_000 / BEAT_MS

export interface Rate {
  readonly perMinute: number
  /** How many there are that it may hit. */
  readonly targets: () => number
  /** One of them is hit, or nobody where there is none left. */
  readonly strike: () => void
}

export interface RatesOptions {
  readonly random: Random
  readonly nowMs: () => number
  readonly at: (dueMs: number, run: () => void) => void
  readonly rates: readonly Rate[]
  readonly isStopped: () => boolean
}

export function startRates({ random, nowMs, at, rates, isStopped }: RatesOptions): void {
  const used = rates.filter(({ perMinute }) => perMinute > 0)
  if (used.length === 0) return

  const beat = (): void => {
    if (isStopped()) return
    for (const { perMinute, targets, strike } of used) {
      const expected = (perMinute * targets()) / BEATS_PER_MINUTE
      const whole = Math.floor(expected)
      const count = whole + (random.unit() < expected - whole ? 1 : 0)
      for (let index = 0; index < count; index++) at(nowMs() + random.unit() * BEAT_MS, strike)
    }
    at(nowMs() + BEAT_MS, beat)
  }
  at(nowMs() + BEAT_MS, beat)
}
