/**
 * Whom a full node gives up for a newcomer: Core's choice. Whoever is hard to be for an attacker stays, in
 * one way after another: near in an unpredictable order of networks, fast, first with transactions and
 * blocks, long there, from where few come. Of the rest the youngest of the largest group goes.
 *
 * It looks at what it is given and at nothing else: no clock, no chance.
 * @module
 */

/** Who came in and is active, less those whom nothing may drive out. Times are of the monotonic clock, -Infinity for never. */
export interface Evictable {
  readonly name: string
  /** Of equal length for all: the group of its address under a key that nobody outside knows. */
  readonly keyedGroup: string
  readonly connectedMs: number
  /** Infinity: it has answered no ping. */
  readonly minimumPingMs: number
  /** When it last gave us a block, and a transaction, that was new and good. */
  readonly lastBlockMs: number
  readonly lastTransactionMs: number
  /** It serves what we need of a peer. */
  readonly isUseful: boolean
  readonly relaysTransactions: boolean
  readonly hasBloomFilter: boolean
  /** It was at fault before, and goes first. */
  readonly isDiscouraged: boolean
  /** From this machine. */
  readonly isLocal: boolean
  /** Through which network it came. */
  readonly network: string
}

type Order = (one: Evictable, other: Evictable) => number
type Test = (one: Evictable) => boolean

const GROUPS_PROTECTED = 4
const FAST_PROTECTED = 8
const TRANSACTIONS_PROTECTED = 4
const BLOCKS_ONLY_PROTECTED = 8
const BLOCKS_PROTECTED = 4

/** From where few come, and where a ping takes long; of two with as few, the first one. */
const RARE_PLACES: readonly Test[] = [
  ({ network }) => network === 'cjdns',
  ({ network }) => network === 'i2p',
  ({ isLocal }) => isLocal,
  ({ network }) => network === 'onion',
]

// The later in an order, the safer. Differences of infinite times are no numbers, so they are compared.

const compare = (one: number | string, other: number | string): number =>
  one < other ? -1 : one > other ? 1 : 0

const compareFlags = (one: boolean, other: boolean): number => compare(Number(one), Number(other))

const byGroup: Order = (one, other) => compare(one.keyedGroup, other.keyedGroup)

const byPing: Order = (one, other) => compare(other.minimumPingMs, one.minimumPingMs)

/** The longest connected comes last. */
const byUptime: Order = (one, other) => compare(other.connectedMs, one.connectedMs)

const byTransaction: Order = (one, other) =>
  compare(one.lastTransactionMs, other.lastTransactionMs) ||
  compareFlags(one.relaysTransactions, other.relaysTransactions) ||
  compareFlags(other.hasBloomFilter, one.hasBloomFilter) ||
  byUptime(one, other)

const byBlock: Order = (one, other) =>
  compare(one.lastBlockMs, other.lastBlockMs) ||
  compareFlags(one.isUseful, other.isUseful) ||
  byUptime(one, other)

const byBlockOnly: Order = (one, other) =>
  compareFlags(other.relaysTransactions, one.relaysTransactions) || byBlock(one, other)

const anybody: Test = () => true

/** Without those of the last `count` in that order that are meant. */
function protect(
  candidates: readonly Evictable[],
  order: Order,
  count: number,
  isMeant: Test = anybody,
): readonly Evictable[] {
  const sorted = candidates.toSorted(order)
  const firstSafe = sorted.length - Math.min(count, sorted.length)
  return sorted.filter((one, index) => index < firstSafe || !isMeant(one))
}

/**
 * Those who are left without half of them, by how long they are there; up to a half of that half is for
 * those from rare places.
 */
export function protectByUptime(candidates: readonly Evictable[]): readonly Evictable[] {
  const quota = Math.floor(candidates.length / 2)
  const rareMax = Math.floor(quota / 2)
  let left = candidates
  let rare = 0
  const countOf = (isThere: Test): number => left.filter(isThere).length
  const places = RARE_PLACES.map((isThere) => ({ isThere, count: countOf(isThere) })).toSorted(
    (one, other) => one.count - other.count,
  )
  while (rare < rareMax) {
    const present = places.filter(({ isThere }) => left.some(isThere))
    if (present.length === 0) break
    const share = Math.max(1, Math.floor((rareMax - rare) / present.length))
    for (const { isThere } of present) {
      const before = left.length
      const order: Order = (one, other) =>
        compareFlags(isThere(one), isThere(other)) || byUptime(one, other)
      left = protect(left, order, share, isThere)
      rare += before - left.length
      if (rare >= rareMax) break
    }
  }
  return protect(left, byUptime, quota - rare)
}

/** The youngest of the largest group; of two as large, of the one with the younger youngest. */
function youngestOfLargest(candidates: readonly Evictable[]): Evictable | undefined {
  const groups = new Map<string, Evictable[]>()
  for (const one of candidates.toSorted(byUptime)) {
    const group = groups.get(one.keyedGroup)
    if (group === undefined) groups.set(one.keyedGroup, [one])
    else group.push(one)
  }
  let found: readonly Evictable[] = []
  for (const group of groups.values()) {
    // In the order of their youngest: the first of equals stays.
    if (group.length > found.length) found = group
  }
  return found[0]
}

/** The name of who goes; undefined: nobody can be given up. */
export function chooseEvictee(candidates: readonly Evictable[]): string | undefined {
  let left = candidates
  const keep = (order: Order, count: number, isMeant?: Test): void => {
    left = protect(left, order, count, isMeant)
  }
  keep(byGroup, GROUPS_PROTECTED)
  keep(byPing, FAST_PROTECTED)
  keep(byTransaction, TRANSACTIONS_PROTECTED)
  keep(
    byBlockOnly,
    BLOCKS_ONLY_PROTECTED,
    ({ isUseful, relaysTransactions }) => isUseful && !relaysTransactions,
  )
  keep(byBlock, BLOCKS_PROTECTED)
  left = protectByUptime(left)
  const unwelcome = left.filter(({ isDiscouraged }) => isDiscouraged)
  return youngestOfLargest(unwelcome.length > 0 ? unwelcome : left)?.name
}
