/**
 * Sharing places that are few among sources of which nobody knows how many come. As long as more than a
 * tenth is free, who comes first has them; that tenth is for who holds less than an equal share. Without
 * it, whoever sends all that one may send takes each place as it becomes free.
 * @module
 */

/** One in so many places is kept for who holds little. */
const KEPT_SHARE = 10

export interface Places {
  readonly max: number
  readonly taken: number
  /** By source, how many it holds; those who hold none are not there. */
  readonly held: ReadonlyMap<string, number>
}

/** Whether this source may hold one more. */
export function mayHoldMore(source: string, { held, max, taken }: Places): boolean {
  const free = max - taken
  if (free > max / KEPT_SHARE) return true
  // One share more than there are who hold some: for whoever comes next.
  return free > 0 && (held.get(source) ?? 0) + 1 <= max / (held.size + 1)
}
