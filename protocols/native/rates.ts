/**
 * How often each peer did something within the last window: a sliding window, exact, because a fixed
 * one lets twice as much through at its edge.
 * @module
 */

export interface Rates {
  /** One more, now; how many there were within the window, this one included. */
  note(peer: string, nowMs: number): number
  /** How many there were within the window. */
  count(peer: string, nowMs: number): number
  /** When the oldest of the window leaves it. */
  freeMs(peer: string, nowMs: number): number
  forget(peer: string): void
  /** Forgets all who did nothing within the window. */
  sweep(nowMs: number): void
  readonly size: number
}

interface Times {
  /** Oldest first; those before `first` are out of the window. */
  times: number[]
  first: number
}

/** @param keptMax per peer: what is above it is counted no further, and the newest stay */
export function createRates(windowMs: number, keptMax: number): Rates {
  const peers = new Map<string, Times>()

  const recent = (peer: string, nowMs: number): Times => {
    let known = peers.get(peer)
    if (known === undefined) {
      known = { times: [], first: 0 }
      peers.set(peer, known)
    }
    while (nowMs - (known.times[known.first] ?? Infinity) >= windowMs) known.first++
    if (known.first * 2 > known.times.length) {
      known.times = known.times.slice(known.first)
      known.first = 0
    }
    return known
  }

  return {
    note(peer, nowMs) {
      const known = recent(peer, nowMs)
      if (known.times.length - known.first >= keptMax) known.first++
      known.times.push(nowMs)
      return known.times.length - known.first
    },
    count(peer, nowMs) {
      const known = recent(peer, nowMs)
      return known.times.length - known.first
    },
    freeMs(peer, nowMs) {
      const known = recent(peer, nowMs)
      return Math.max(0, (known.times[known.first] ?? nowMs - windowMs) + windowMs - nowMs)
    },
    forget(peer) {
      peers.delete(peer)
    },
    sweep(nowMs) {
      for (const [peer, { times }] of peers) {
        if (nowMs - (times.at(-1) ?? -Infinity) >= windowMs) peers.delete(peer)
      }
    },
    get size() {
      return peers.size
    },
  }
}
