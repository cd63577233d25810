/**
 * The publications that were seen, by id. To check and to remember is one step, so that none is taken
 * twice. It refuses what is new when it is full: to forget one early would let it come again, and who
 * could fill the cache could have everything repeated. Nor may one source fill it: its places are shared
 * fairly among those that publications came from first.
 *
 * Besides its id a publication may have a claim: a name that one publication alone may bear, such as
 * its origin's next number.
 * @module
 */
import { mayHoldMore } from './fair-share.ts'

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
   * `new`, `contested`: it is remembered from now on. `full`: it is not, for want of a place for this
   * source.
   */
  note(id: string, nowMs: number, about?: Noted): 'new' | 'seen' | 'contested' | 'full'
  has(id: string, nowMs: number): boolean
  /** For what comes from this source. */
  isFull(nowMs: number, from?: Pick<Noted, 'here' | 'source'>): boolean
  /** It is forgotten sooner, counted from when it was noted, and its claim with it: sent again, it may pass. */
  forgetSooner(id: string): void
  readonly size: number
}

export interface Noted {
  /** Who sent it first. Those of whom that is not said are one source. */
  readonly source?: string
  /** The sources for which places are kept. */
  readonly here?: ReadonlySet<string>
  readonly claim?: string
}

const NOBODY: ReadonlySet<string> = new Set()

interface Seen {
  readonly untilMs: number
  readonly source: string
  readonly claim: string | undefined
}

export function createSeenCache({ seenMax, seenMs, soonerMs }: SeenLimits): SeenCache {
  /** Each in the order in which its entries end: all of one table are remembered equally long. */
  const whole = new Map<string, Seen>()
  const sooner = new Map<string, Seen>()
  const claims = new Set<string>()
  /** How many came from each first. */
  const counts = new Map<string, number>()

  const count = (source: string, more: 1 | -1): void => {
    const held = (counts.get(source) ?? 0) + more
    if (held === 0) counts.delete(source)
    else counts.set(source, held)
  }

  const remove = (table: Map<string, Seen>, id: string, { claim, source }: Seen): void => {
    table.delete(id)
    count(source, -1)
    if (claim !== undefined) claims.delete(claim)
  }

  const isFullFor = (source: string, here: ReadonlySet<string>): boolean =>
    !mayHoldMore(source, { max: seenMax, taken: whole.size + sooner.size, held: counts, here })

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
    note(id, nowMs, { claim, here = NOBODY, source = '' } = {}) {
      if (has(id, nowMs)) return 'seen'
      if (isFullFor(source, here)) return 'full'
      const isContested = claim !== undefined && claims.has(claim)
      whole.set(id, { untilMs: nowMs + seenMs, source, claim: isContested ? undefined : claim })
      count(source, 1)
      if (isContested) return 'contested'
      if (claim !== undefined) claims.add(claim)
      return 'new'
    },
    has,
    isFull(nowMs, { here = NOBODY, source = '' } = {}) {
      forgetEnded(nowMs)
      return isFullFor(source, here)
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
