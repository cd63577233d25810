/**
 * When names are asked for addresses: all at once where nobody is known, else a few at a time and only
 * while too few peers are found without them. Whoever answers for a name learns that a node is starting,
 * and says where it goes; so it is asked last.
 * @module
 */

/** How many are asked together, and then waited for. */
const GROUP_SIZE = 3
/** SEED_OUTBOUND_CONNECTION_THRESHOLD: peers that relay addresses, and so know others. */
export const ENOUGH_PEERS = 2
/** Where seed nodes are asked as well they come first. */
const SEED_NODES_FIRST_MS = 30_000
/** With a book so large there will be others in it. */
const LARGE_BOOK = 1_000
const SHORT_WAIT_MS = 11_000
const LONG_WAIT_MS = 300_000

/** Where it is. Times are of the monotonic clock. */
export interface DnsSeeding {
  /** In the order in which they are asked. */
  readonly names: readonly string[]
  /** Nothing is asked before. */
  readonly notBeforeMs: number
  /** The wait for seed nodes is still to end. */
  readonly isFirst: boolean
  readonly isForced: boolean
}

export interface SeedingView {
  readonly nowMs: number
  /** Full relay connections that are active. */
  readonly fullRelayActive: number
  readonly bookedCount: number
}

export interface DnsStep {
  readonly seeding: DnsSeeding
  /** To be asked now. */
  readonly ask: readonly string[]
}

export const startDnsSeeding = (
  names: readonly string[],
  {
    hasSeedNodes,
    isForced,
    nowMs,
  }: {
    readonly hasSeedNodes: boolean
    readonly isForced: boolean
    readonly nowMs: number
  },
): DnsSeeding => ({
  ...{ names, isForced, isFirst: true },
  notBeforeMs: hasSeedNodes ? nowMs + SEED_NODES_FIRST_MS : nowMs,
})

const waitMsOf = ({ bookedCount }: SeedingView): number => {
  if (bookedCount === 0) return 0
  return bookedCount >= LARGE_BOOK ? LONG_WAIT_MS : SHORT_WAIT_MS
}

/** What is asked now, and how it goes on. Nothing more is asked once there are enough peers. */
export function stepDnsSeeding(seeding: DnsSeeding, view: SeedingView): DnsStep {
  const { isFirst, isForced, names, notBeforeMs } = seeding
  if (names.length === 0) return { seeding, ask: [] }
  const isSkippable = !isForced || (isFirst && view.nowMs < notBeforeMs)
  if (isSkippable && view.fullRelayActive >= ENOUGH_PEERS) {
    return { seeding: { ...seeding, names: [] }, ask: [] }
  }
  if (view.nowMs < notBeforeMs) return { seeding, ask: [] }
  if (isFirst) {
    if (isForced || view.bookedCount === 0) {
      return { seeding: { ...seeding, names: [] }, ask: names }
    }
    const next = { ...seeding, isFirst: false, notBeforeMs: view.nowMs + waitMsOf(view) }
    return { seeding: next, ask: [] }
  }
  const ask = names.slice(0, GROUP_SIZE)
  const next = {
    ...seeding,
    names: names.slice(GROUP_SIZE),
    notBeforeMs: view.nowMs + waitMsOf(view),
  }
  return { seeding: next, ask }
}
