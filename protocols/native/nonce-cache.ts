/**
 * The handshakes that were seen (native protocol, section 5, check 8). It refuses when it
 * is full: to forget one early would let its copy pass.
 * @module
 */

export interface NonceCache {
  /** Remembers the key where the answer is `new`. */
  note(key: string, nowMs: number): 'new' | 'seen' | 'full'
  readonly size: number
}

export function createNonceCache(limits: {
  readonly noncesMax: number
  readonly nonceMs: number
}): NonceCache {
  /** To the time of expiry. All live equally long, so the order of insertion is that of expiry. */
  const expiries = new Map<string, number>()

  const forgetExpired = (nowMs: number): void => {
    for (const [key, expiryMs] of expiries) {
      if (expiryMs > nowMs) return
      expiries.delete(key)
    }
  }

  return {
    note(key, nowMs) {
      forgetExpired(nowMs)
      if (expiries.has(key)) return 'seen'
      if (expiries.size >= limits.noncesMax) return 'full'
      expiries.set(key, nowMs + limits.nonceMs)
      return 'new'
    },
    get size() {
      return expiries.size
    },
  }
}
