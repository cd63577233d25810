/**
 * So many operations a second, with a burst. It holds one time, not a count (the generic cell rate
 * algorithm): in any window of W seconds at most `burst` + W * `perSecond` are taken, exactly.
 * @module
 */

export interface TokenRate {
  readonly perSecond: number
  /** At once, after a pause. At least 1. */
  readonly burst: number
}

export interface TokenBucket {
  /** When one can be taken so that `leave` more stay for others; now or earlier: at once. */
  readyMs(leave?: number): number
  /** False where nothing was taken. */
  take(nowMs: number, leave?: number): boolean
  /** What was taken was not used. */
  giveBack(): void
}

/** @throws {RangeError} a rate that never gives a token */
export function createTokenBucket({ perSecond, burst }: TokenRate): TokenBucket {
  if (!(perSecond > 0 && Number.isFinite(perSecond) && burst >= 1)) {
    throw new RangeError('a token bucket needs a rate above 0 and a burst of at least 1')
  }
  const intervalMs = 1_000 / perSecond
  /** When the bucket will be full. */
  let fullMs = -Infinity

  const readyMs = (leave = 0): number => fullMs - (Math.max(1, burst - leave) - 1) * intervalMs

  return {
    readyMs,
    take(nowMs, leave) {
      if (readyMs(leave) > nowMs) return false
      fullMs = Math.max(fullMs, nowMs) + intervalMs
      return true
    },
    giveBack() {
      fullMs -= intervalMs
    },
  }
}
