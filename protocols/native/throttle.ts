/**
 * Holds down who fails one handshake after the other under ever new ids (native protocol,
 * section 9): so many failures of one group within a minute, then a minute of waiting.
 * @module
 */
import type { NativeLimits } from './limits.ts'

const MINUTE_MS = 60_000

export interface Throttle {
  /** How long the group still has to wait; 0: not at all. */
  leftMs(group: string, nowMs: number): number
  noteFailure(group: string, nowMs: number): void
  readonly size: number
}

interface Entry {
  /** The failures of the last minute, oldest first; at most as many as are allowed. */
  failuresMs: readonly number[]
  untilMs: number
}

export function createThrottle(
  limits: Pick<NativeLimits, 'failedPerGroupPerMinuteMax' | 'failingGroupsMax' | 'throttleMs'>,
): Throttle {
  /** In the order of the last failure. */
  const groups = new Map<string, Entry>()

  const makeRoom = (): void => {
    for (const group of groups.keys()) {
      if (groups.size <= limits.failingGroupsMax) return
      groups.delete(group)
    }
  }

  return {
    leftMs(group, nowMs) {
      const entry = groups.get(group)
      return entry === undefined ? 0 : Math.max(0, entry.untilMs - nowMs)
    },
    noteFailure(group, nowMs) {
      const known = groups.get(group) ?? { failuresMs: [], untilMs: 0 }
      const recent = known.failuresMs.filter((failureMs) => nowMs - failureMs < MINUTE_MS)
      const failuresMs = [...recent, nowMs]
      const isOver = failuresMs.length >= limits.failedPerGroupPerMinuteMax
      groups.delete(group)
      groups.set(group, {
        failuresMs: isOver ? [] : failuresMs,
        untilMs: isOver ? nowMs + limits.throttleMs : known.untilMs,
      })
      makeRoom()
    },
    get size() {
      return groups.size
    },
  }
}
