/**
 * The Inits that were seen, by the sender's key and its key for the connection: a copy is told from an
 * original before anything is signed for it.
 *
 * It is a first line and no more: a copy that gets past it comes to nothing, since who sent it cannot
 * confirm. So the oldest go when it is full, and nobody is refused for want of room.
 * @module
 */

export interface InitCache {
  /** Whether it was seen; nothing is noted. */
  has(key: string, nowMs: number): boolean
  note(key: string, nowMs: number): void
  readonly size: number
}

export function createInitCache(limits: {
  readonly initsMax: number
  readonly initsMs: number
}): InitCache {
  /** To the time of expiry. All live equally long, so the order of insertion is that of expiry. */
  const expiries = new Map<string, number>()

  const forgetExpired = (nowMs: number): void => {
    for (const [key, expiryMs] of expiries) {
      if (expiryMs > nowMs && expiries.size <= limits.initsMax) return
      expiries.delete(key)
    }
  }

  return {
    has(key, nowMs) {
      forgetExpired(nowMs)
      return expiries.has(key)
    },
    note(key, nowMs) {
      expiries.delete(key)
      expiries.set(key, nowMs + limits.initsMs)
      forgetExpired(nowMs)
    },
    get size() {
      return expiries.size
    },
  }
}
