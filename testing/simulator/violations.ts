/**
 * Promises of the runtime that a run found broken: where and when, so that it can be shown again.
 * @module
 */

/** What a run holds a network to. */
export type Invariant =
  /** received = handled + dropped, by connection. */
  | 'accounts'
  /** Nothing is handed over twice, changed, or out of order. */
  | 'handed-once'
  /** Every connection that began ended, with a reason that is not ours to be blamed for. */
  | 'ended'
  /** Nobody is charged with anything: all nodes keep to the protocol, whatever their links do. */
  | 'blameless'
  /** No count is above its limit. */
  | 'caps'
  /** No part of a node throws, fails or is restarted. */
  | 'sound'
  /** Once faults have ended, everybody is connected and has what is kept. */
  | 'converges'
  /** A node that ended holds nothing. */
  | 'base-line'

export interface Violation {
  readonly invariant: Invariant
  /** Virtual milliseconds since the start. */
  readonly atMs: number
  readonly node: string
  readonly what: string
}

export interface Violations {
  /** Reports one. */
  report(invariant: Invariant, node: string, what: string): void
  readonly count: number
  /** The first ones of each invariant. */
  readonly first: readonly Violation[]
}

/** Of one invariant. The first one matters; what follows from it fills no memory. */
const LISTED_MAX = 5

export function createViolations(nowMs: () => number): Violations {
  const first: Violation[] = []
  const counts = new Map<Invariant, number>()
  let count = 0
  return {
    report(invariant, node, what) {
      count++
      const before = counts.get(invariant) ?? 0
      counts.set(invariant, before + 1)
      if (before < LISTED_MAX) first.push({ invariant, atMs: nowMs(), node, what })
    },
    get count() {
      return count
    },
    first,
  }
}
