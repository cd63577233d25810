/**
 * The publications that were seen, by id. To check and to remember is one step, so that none is taken
 * twice. It refuses what is new when it is full: to forget one early would let it come again, and who
 * could fill the cache could have everything repeated.
 *
 * Besides its id a publication may have a claim: a name that one publication alone may bear, such as
 * its origin's next number.
 * @module
 */

export interface SeenLimits {
  readonly seenMax: number
  /** Longer than a publication is taken as new, future tolerance included. */
  readonly seenMs: number
  /** In place of that, of one that is to be forgotten sooner. Short enough that it is still taken then. */
  readonly soonerMs: number
}

export interface SeenCache {
  /**
   * `contested`: another id has the claim. Both ids are remembered, the claim stays with the first.
   * `new`, `contested`: it is remembered from now on. `full`: it is not.
   */
  note(id: string, nowMs: number, claim?: string): 'new' | 'seen' | 'contested' | 'full'
  has(id: string, nowMs: number): boolean
  isFull(nowMs: number): boolean
  /** It is forgotten sooner, counted from when it was noted, and its claim with it: sent again, it may pass. */
  forgetSooner(id: string): void
  readonly size: number
}

interface Seen {
  readonly untilMs: number
  readonly claim: string | undefined
}

export function createSeenCache({ seenMax, seenMs, soonerMs }: SeenLimits): SeenCache {
  /** Each in the order in which its entries end: all of one table are remembered equally long. */
  const whole = new Map<string, Seen>()
  const sooner = new Map<string, Seen>()
  const claims = new Set<string>()

  const remove = (table: Map<string, Seen>, id: string, { claim }: Seen): void => {
    table.delete(id)
    if (claim !== undefined) claims.delete(claim)
  }

  const forgetEnded = (nowMs: number): void => {
    for (const table of [whole, sooner]) {
      for (const [id, seen] of table) {
        if (seen.untilMs > nowMs) break
        remove(table, id, seen)
      }
    }
  }

  /** One of the sooner forgotten may stand behind one that ends a moment later: it is over as well. */
  const has = (id: string, nowMs: number): boolean => {
    forgetEnded(nowMs)
    if (whole.has(id)) return true
    const seen = sooner.get(id)
    if (seen === undefined) return false
    if (seen.untilMs > nowMs) return true
    remove(sooner, id, seen)
    return false
  }

  return {
    note(id, nowMs, claim) {
      if (has(id, nowMs)) return 'seen'
      if (whole.size + sooner.size >= seenMax) return 'full'
      const isContested = claim !== undefined && claims.has(claim)
      whole.set(id, { untilMs: nowMs + seenMs, claim: isContested ? undefined : claim })
      if (isContested) return 'contested'
      if (claim !== undefined) claims.add(claim)
      return 'new'
    },
    has,
    isFull(nowMs) {
      forgetEnded(nowMs)
      return whole.size + sooner.size >= seenMax
    },
    forgetSooner(id) {
      const seen = whole.get(id)
      if (seen === undefined) return
      whole.delete(id)
      sooner.set(id, { ...seen, untilMs: seen.untilMs - seenMs + Math.min(soonerMs, seenMs) })
    },
    get size() {
      return whole.size + sooner.size
    },
  }
}
