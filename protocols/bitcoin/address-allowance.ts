/**
 * How many addresses are taken in of one peer: one in ten seconds, saved up to a thousand. A flood of
 * made-up ones is mostly not looked at; what we asked for comes on top.
 *
 * It counts milliseconds, of which an address costs ten thousand: whole numbers, and nothing is rounded.
 * @module
 */

/** MAX_ADDR_RATE_PER_SECOND is 0.1. */
const ADDRESS_MS = 10_000
/** MAX_ADDR_PROCESSING_TOKEN_BUCKET. */
const SAVED_MAX = 1_000

export interface AddressAllowance {
  /** For so many more we asked: they may be above what is saved up at most. */
  grant(count: number): void
  /** False where nothing is left. `nowMs` is monotonic. */
  take(nowMs: number): boolean
}

/** One address to begin with: whoever comes in tells its own. */
export function createAddressAllowance(startMs: number): AddressAllowance {
  const savedMsMax = SAVED_MAX * ADDRESS_MS
  let savedMs = ADDRESS_MS
  let atMs = startMs
  return {
    grant(count) {
      savedMs += count * ADDRESS_MS
    },
    take(nowMs) {
      if (savedMs < savedMsMax) savedMs = Math.min(savedMsMax, savedMs + Math.max(0, nowMs - atMs))
      atMs = nowMs
      if (savedMs < ADDRESS_MS) return false
      savedMs -= ADDRESS_MS
      return true
    },
  }
}
