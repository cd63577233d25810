/**
 * How a node that knows nobody finds others: seed nodes, which it asks for addresses and leaves; names whose
 * owners keep lists (DNS); a list that the operator wrote. Each is asked only while it is needed. What is
 * found goes to the address book with a source of its own, so that no list fills more of it than its part.
 * Where all were asked and nobody was heard of, they are asked again: the network may have been down.
 *
 * It dials nobody but for addresses; who is dialled from the book is opening.ts's to say.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import { addressOfSocket, networkAddressOf } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { shuffled } from '../../world/random.ts'
import { ENOUGH_PEERS, startDnsSeeding, stepDnsSeeding } from './dns-seeding.ts'
import type { DnsSeeding } from './dns-seeding.ts'
import { groupBytesOfName } from './netgroup.ts'
import { outboundOf } from './outbound.ts'
import type { Outbound } from './outbound.ts'
import { SERVICES } from './services.ts'
import { SLOTS } from './slots.ts'

export interface SeedingOptions {
  /** The network's, for addresses that names lead to. */
  readonly port: number
  readonly addressFetchMax: number
  /** Asked for addresses, one after another, while too few peers are there. */
  readonly seedNodes: readonly BitcoinAddress[]
  /** Names to ask; none where that is not wanted. */
  readonly dnsSeeds: readonly string[]
  /** Whether they are asked at once, whatever is known. */
  readonly isDnsForced: boolean
  readonly fixedSeeds: readonly BitcoinAddress[]
  readonly reachable: ReadonlySet<PeerNetwork>
}

/** What outlives an incarnation. */
export interface SeedingKept {
  startedMs: number | undefined
  /** Whom to ask for addresses. */
  readonly queue: BitcoinAddress[]
  seedNodes: readonly BitcoinAddress[]
  /** When the next seed node is due. */
  nextSeedNodeMs: number | undefined
  dns: DnsSeeding | undefined
  areFixedAdded: boolean
  /** When all are asked again, where nobody is heard of until then. */
  againMs: number | undefined
  /** How long that is waited for, the next time. */
  againAfterMs: number
}

const ROUND_MS = 500
/** ADD_NEXT_SEEDNODE. */
const SEED_NODE_MS = 10_000
const FIXED_AFTER_MS = 60_000
/** Twice as long each time. */
const AGAIN_AFTER_MS = { first: 60_000, max: 3_600_000 } as const
/** Of one name's answer: what is more is passed over. */
const HOSTS_PER_NAME_MAX = 32
/** Asked for in the name itself: who serves all blocks, with witnesses. */
const WANTED = SERVICES.network | SERVICES.witness
const DAY_MS = 86_400_000
/** What is heard of an address that comes from a list: when it was seen is anybody's guess. */
const NAMED_AGE_MS = { min: 3 * DAY_MS, spread: 4 * DAY_MS } as const
const FIXED_AGE_MS = { min: 7 * DAY_MS, spread: 7 * DAY_MS } as const
const FIXED_SOURCE = 'fixedseeds'

type Tools = ChildTools<BitcoinTypes>

export const seedingChild = (options: SeedingOptions): ChildSpec<BitcoinTypes, SeedingKept> => ({
  name: 'seeding',
  restart: 'permanent',
  keep: () => ({
    ...{ startedMs: undefined, queue: [], seedNodes: [], nextSeedNodeMs: undefined },
    ...{ dns: undefined, areFixedAdded: false },
    ...{ againMs: undefined, againAfterMs: AGAIN_AFTER_MS.first },
  }),
  start: (tools, kept) => startSeeding(options, tools, kept),
})

/** A host name to be asked, as a peer that is dialled. */
const nameAddress = (host: string, port: number): BitcoinAddress => ({
  network: 'name',
  host,
  port,
})

function startSeeding(options: SeedingOptions, tools: Tools, kept: SeedingKept): () => void {
  const { dnsSeeds, fixedSeeds, reachable, seedNodes } = options
  const { book, crypto, random } = tools
  const hasSeedNodes = seedNodes.length > 0
  const bookedCount = (): number => (book === undefined ? 0 : book.size.new + book.size.tried)

  const begin = (): number => {
    const nowMs = tools.monotonicMs()
    kept.seedNodes = shuffled(random, seedNodes)
    kept.nextSeedNodeMs = undefined
    kept.dns = startDnsSeeding(shuffled(random, dnsSeeds), {
      ...{ hasSeedNodes, isForced: options.isDnsForced, nowMs },
    })
    return nowMs
  }
  const startedMs = (kept.startedMs ??= begin())

  const totals = { namesAsked: 0, dialled: 0, heard: 0 }
  tools.show(() => ({
    counts: { seedNodes: kept.seedNodes.length, queued: kept.queue.length },
    totals: { ...totals },
  }))

  const hear = (
    address: BitcoinAddress,
    source: string,
    { min, spread }: { readonly min: number; readonly spread: number },
  ): void => {
    totals.heard++
    book?.heard(address, {
      sourceGroup: groupBytesOfName(source, crypto.sha256),
      ...{ isOwnSource: false, penaltyMs: 0, marks: WANTED },
      seenMs: tools.wallMs() - min - random.below(spread),
    })
  }

  // ---- seed nodes --------------------------------------------------------------------------------

  const queueSeedNode = (outbound: Outbound): void => {
    const nowMs = tools.monotonicMs()
    const [next, ...rest] = kept.seedNodes
    // With nobody known there is nothing to wait for.
    kept.nextSeedNodeMs ??= bookedCount() === 0 ? nowMs : nowMs + SEED_NODE_MS
    if (next === undefined || nowMs < kept.nextSeedNodeMs) return
    const isFirst = rest.length === seedNodes.length - 1 && bookedCount() === 0
    if (!isFirst && outbound.activeCount(SLOTS.fullRelay) >= ENOUGH_PEERS) return
    kept.nextSeedNodeMs = nowMs + SEED_NODE_MS
    kept.seedNodes = rest
    kept.queue.push(next)
  }

  const fetchNext = (outbound: Outbound): void => {
    if (outbound.count(SLOTS.addressFetch) >= options.addressFetchMax) return
    const next = kept.queue.shift()
    if (next === undefined) return
    totals.dialled++
    tools.dial(next, SLOTS.addressFetch)
  }

  // ---- names -------------------------------------------------------------------------------------

  const askName = (name: string): void => {
    totals.namesAsked++
    tools.resolve(`x${WANTED.toString(16)}.${name}`, (hosts) => {
      const found = hosts
        .slice(0, HOSTS_PER_NAME_MAX)
        .map((host) => ({ ...addressOfSocket({ host, port: options.port }), port: options.port }))
        .filter((address) => networkAddressOf(address) !== undefined)
      for (const address of found) hear(address, name, NAMED_AGE_MS)
      // Nobody answered, or a proxy finds names: it is asked as a peer, wherever it leads.
      if (found.length === 0) kept.queue.push(nameAddress(name, options.port))
    })
  }

  const askNames = (outbound: Outbound): void => {
    if (kept.dns === undefined) return
    const { ask, seeding } = stepDnsSeeding(kept.dns, {
      ...{ nowMs: tools.monotonicMs(), bookedCount: bookedCount() },
      fullRelayActive: outbound.activeCount(SLOTS.fullRelay),
    })
    kept.dns = seeding
    for (const name of ask) askName(name)
  }

  // ---- the list ----------------------------------------------------------------------------------

  const isEmpty = (network: BitcoinAddress['network']): boolean =>
    book?.select({ isWanted: ({ address }) => address.network === network }) === undefined

  /** Looking through the book for a network costs something. */
  let nextLookMs = startedMs

  const addFixed = (): void => {
    if (kept.areFixedAdded || fixedSeeds.length === 0 || tools.monotonicMs() < nextLookMs) return
    const isAlone = dnsSeeds.length === 0 && !hasSeedNodes && tools.wantedCount() === 0
    if (!isAlone && tools.monotonicMs() < startedMs + FIXED_AFTER_MS) return
    const networks = new Set(fixedSeeds.map(({ network }) => network))
    const empty = new Set(
      [...networks].filter(
        (network) => network !== 'name' && reachable.has(network) && isEmpty(network),
      ),
    )
    nextLookMs = tools.monotonicMs() + FIXED_AFTER_MS
    if (empty.size === 0) return
    kept.areFixedAdded = true
    for (const address of fixedSeeds) {
      if (empty.has(address.network)) hear(address, FIXED_SOURCE, FIXED_AGE_MS)
    }
  }

  // ---- once more ---------------------------------------------------------------------------------

  const isAsking = (outbound: Outbound): boolean =>
    kept.seedNodes.length + kept.queue.length + (kept.dns?.names.length ?? 0) > 0 ||
    outbound.count(SLOTS.addressFetch) > 0

  const askAgain = (outbound: Outbound): void => {
    if (dnsSeeds.length === 0 && !hasSeedNodes) return
    const isFound = bookedCount() > 0 || outbound.activeCount(SLOTS.fullRelay) > 0
    if (isFound) kept.againAfterMs = AGAIN_AFTER_MS.first
    if (isFound || isAsking(outbound)) {
      kept.againMs = undefined
      return
    }
    const nowMs = tools.monotonicMs()
    kept.againMs ??= nowMs + kept.againAfterMs
    if (nowMs < kept.againMs) return
    kept.againMs = undefined
    kept.againAfterMs = Math.min(2 * kept.againAfterMs, AGAIN_AFTER_MS.max)
    tools.note('nobody-found')
    begin()
  }

  const round = (): void => {
    if (!tools.isPaused()) {
      const outbound = outboundOf(tools.connections())
      askAgain(outbound)
      queueSeedNode(outbound)
      fetchNext(outbound)
      askNames(outbound)
      addFixed()
    }
    tools.after(ROUND_MS, round)
  }

  // Whom the application asks for is there by then.
  tools.after(ROUND_MS, round)
  return () => undefined
}
