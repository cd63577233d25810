/**
 * Sharing places that are few. Half of them are kept for the sources that are here, each an equal part: who
 * sends all that one may send, all at once, leaves that to the others, however many do so. The other half
 * is for who comes first, but the last tenth of all for who holds less than an equal share: of that nobody
 * knows how many come, and without it whoever sends all the time would take each place as it becomes free.
 * @module
 */

/** One in so many places is kept for those who are here. */
const HERE_SHARE = 2
/** And one in so many for who holds little. */
const KEPT_SHARE = 10

export interface Places {
  readonly max: number
  readonly taken: number
  /** By source, how many it holds; those who hold none are not there. */
  readonly held: ReadonlyMap<string, number>
  /** The sources that may come for a place at any time. */
  readonly here: ReadonlySet<string>
  /** One of them that comes for none. */
  readonly except?: string
}

/** How many of so many places are kept for each source that is here. */
export const partOf = (max: number, sources: number): number =>
  Math.max(1, Math.floor(max / HERE_SHARE / sources))

/** Whether this source may hold one more. */
export function mayHoldMore(source: string, places: Places): boolean {
  const { except = '', held, here, max, taken } = places
  const count = here.size - (here.has(except) ? 1 : 0)
  const part = partOf(max, count)
  const holds = held.get(source) ?? 0
  let free = max - taken
  if (holds < part && here.has(source)) return free > 0
  for (const one of here) {
    if (free <= 0) return false
    if (one !== except) free -= Math.max(0, part - (held.get(one) ?? 0))
  }
  if (free > max / KEPT_SHARE) return true
  // One share more than there are who hold some: for whoever comes next.
  return free > 0 && holds + 1 <= max / (held.size + 1)
}
