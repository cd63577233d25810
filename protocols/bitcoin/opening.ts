/**
 * Which connections a node opens by itself, twice a second one at most: those that last first, then for a
 * moment one more than usual, and feelers that only look whether somebody is there. Of each group of
 * addresses there is one that lasts, so that whoever has many addresses in one place has one of ours.
 *
 * The rules are Core's. It decides and dials; whoever follows the chain says what it needs of that with the
 * instruction `tip` and in what is known of a connection: `lastBlockMs`, `lastAnnouncementMs`,
 * `blocksInFlight`, `isProtected`.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinTypes, ChainTip } from '../../machines/handshakes/bitcoin/contract.ts'
import { shuffled } from '../../world/random.ts'
import { ANCHORS_MAX, keepAnchors, takeAnchors } from './anchors.ts'
import type { Anchor } from './anchors.ts'
import { pickCandidate } from './candidates.ts'
import type { BookedAddress, CandidateRules } from './candidates.ts'
import { exponentialMs } from './exponential.ts'
import { extraBlockRelayOnly, extraFullRelay } from './extra-peers.ts'
import type { ChainPeer } from './extra-peers.ts'
import type { BitcoinLimits } from './limits.ts'
import { nextKind, slotFor } from './opening-kinds.ts'
import type { OpeningKind } from './opening-kinds.ts'
import { outboundOf } from './outbound.ts'
import type { Outbound } from './outbound.ts'
import { isDesirable, isFreshTip } from './services.ts'
import { SLOTS } from './slots.ts'

const ROUND_MS = 500
/** A feeler waits so long at most, so that nobody can tell from when it comes what made us dial. */
const FEELER_DELAY_MS = 1_000
/** FEELER_INTERVAL, in the mean. */
const FEELER_MEAN_MS = 120_000
/** EXTRA_BLOCK_RELAY_ONLY_PEER_INTERVAL and EXTRA_NETWORK_PEER_INTERVAL, in the mean. */
const EXTRA_MEAN_MS = 300_000
/** EXTRA_PEER_CHECK_INTERVAL. */
const EXTRA_CHECK_MS = 45_000
/** STALE_CHECK_INTERVAL. */
const STALE_CHECK_MS = 600_000
/** Three times as long as a block takes in the mean. */
const STALE_MS = 1_800_000
/** Twenty times as long: a chain so young is followed block by block. */
const FOLLOWED_MS = 12_000_000

export interface OpeningOptions {
  readonly limits: BitcoinLimits
  /** Networks to which this node has a way; it may change while the node runs. */
  readonly reachable: ReadonlySet<PeerNetwork>
  /** Whether it is one of our own. */
  isOwn(address: BitcoinAddress): boolean
}

/** What outlives an incarnation. */
export interface OpeningKept {
  /** Those that were not dialled yet; undefined: they were not read. */
  anchors: Anchor[] | undefined
  tip: ChainTip | undefined
}

type Tools = ChildTools<BitcoinTypes>
type View = ConnectionView<BitcoinTypes>

export const openingChild = (options: OpeningOptions): ChildSpec<BitcoinTypes, OpeningKept> => ({
  name: 'opening',
  restart: 'permanent',
  keep: () => ({ anchors: undefined, tip: undefined }),
  instruct(instruction, kept) {
    if ('tip' in instruction) kept.tip = instruction.tip
  },
  start: (tools, kept) => startOpening(options, tools, kept),
})

function startOpening(
  { isOwn, limits, reachable }: OpeningOptions,
  tools: Tools,
  kept: OpeningKept,
): () => void {
  const { book, random } = tools
  const startedMs = tools.monotonicMs()
  let feelerMs = startedMs + exponentialMs(random, FEELER_MEAN_MS)
  let extraBlockMs = startedMs + exponentialMs(random, EXTRA_MEAN_MS)
  let diversityMs = startedMs + exponentialMs(random, EXTRA_MEAN_MS)
  let extraCheckMs = startedMs + EXTRA_CHECK_MS
  let staleCheckMs = startedMs
  /** As it was when this child looked last, and since when. */
  let tip = kept.tip
  let tipMs = startedMs
  let isTipStale = false
  let hasFollowed = false

  // Deleted in any case: an incarnation that failed has left some.
  const read = readAnchors(tools)
  const anchors = (kept.anchors ??= read)

  const totals = { dialled: 0, feelers: 0, nobody: 0, exchanged: 0 }
  tools.show(() => {
    const outbound = outboundOf(tools.connections())
    return {
      counts: {
        anchors: anchors.length,
        fullRelay: outbound.activeCount(SLOTS.fullRelay),
        blockRelayOnly: outbound.activeCount(SLOTS.blockRelayOnly),
      },
      totals: { ...totals },
    }
  })

  const noteTip = (): void => {
    const nowMs = tools.monotonicMs()
    if (kept.tip !== tip) {
      const hasMoved = kept.tip?.height !== tip?.height || kept.tip?.unixMs !== tip?.unixMs
      if (hasMoved) tipMs = nowMs
      tip = kept.tip
    }
    hasFollowed ||= tip !== undefined && tools.wallMs() - tip.unixMs < FOLLOWED_MS
  }

  const isTipFresh = (): boolean => isFreshTip(tip, tools.wallMs())

  // ---- whom --------------------------------------------------------------------------------------

  const isReachable = ({ network }: BitcoinAddress): boolean =>
    network !== 'name' && reachable.has(network)

  const isBarred = (address: BitcoinAddress, outbound: Outbound): boolean =>
    outbound.isConnected(address.host) || book?.isKeptOut(address) === true

  /** Of the networks that could be reached, in a drawn order, the first that no peer is of. */
  const missingNetwork = (outbound: Outbound): PeerNetwork | undefined =>
    shuffled(random, [...reachable]).find(
      (network) =>
        outbound.relaysThrough(network) === 0 &&
        book?.select({ isWanted: ({ address }) => address.network === network }) !== undefined,
    )

  const nextAnchor = (outbound: Outbound): BitcoinAddress | undefined => {
    for (;;) {
      const anchor = anchors.pop()
      if (anchor === undefined) return undefined
      const { address, services } = anchor
      const isWorthIt = isReachable(address) && isDesirable(services, isTipFresh())
      if (!isWorthIt || isOwn(address) || isBarred(address, outbound)) continue
      if (!outbound.hasGroupOf(address)) return address
    }
  }

  const fromBook = (kind: OpeningKind, outbound: Outbound): BookedAddress | undefined => {
    if (book === undefined) return undefined
    const isFeeler = kind.kind === 'feeler'
    const network = kind.kind === 'diversity' ? kind.network : undefined
    const rules: CandidateRules = {
      ...{ isFeeler, isOwn, isReachable, hasGroupOf: outbound.hasGroupOf },
      ...{ isTipFresh: isTipFresh(), wallMs: tools.wallMs() },
      isBarred: (address) => isBarred(address, outbound),
    }
    // Whose place in the book a newcomer wants is looked at before anybody new is.
    const olds = book.collisions()
    const isWanted = ({ address }: BookedAddress): boolean =>
      isReachable(address) && (network === undefined || address.network === network)
    return pickCandidate(
      () =>
        (isFeeler && olds.length > 0 ? olds[random.below(olds.length)] : undefined) ??
        book.select({ isNewOnly: isFeeler, isWanted }),
      rules,
    )
  }

  const choose = (kind: OpeningKind, outbound: Outbound): BitcoinAddress | undefined =>
    kind.kind === 'anchor' ? nextAnchor(outbound) : fromBook(kind, outbound)?.address

  // ---- one too many ------------------------------------------------------------------------------

  const chainPeers = (slot: string, views: readonly View[], outbound: Outbound): ChainPeer[] =>
    views
      .filter((view) => view.slot === slot && view.phase === 'active')
      .map((view) => ({
        ...{ name: view.name, connectedMs: view.startedMs },
        lastBlockMs: numberOf(view, 'lastBlockMs') ?? -Infinity,
        lastAnnouncementMs: numberOf(view, 'lastAnnouncementMs') ?? -Infinity,
        isProtected: view.about?.['isProtected'] === true,
        isOnlyOfNetwork: outbound.relaysThrough(view.target?.network ?? 'name') === 1,
        blocksInFlight: numberOf(view, 'blocksInFlight') ?? 0,
      }))

  const leave = (connection: string): void => {
    totals.exchanged++
    tools.close(connection, 'exchanged')
  }

  const leaveExtra = (): void => {
    const nowMs = tools.monotonicMs()
    const views = tools.connections()
    const outbound = outboundOf(views)
    const blocks = chainPeers(SLOTS.blockRelayOnly, views, outbound)
    const block = extraBlockRelayOnly(blocks, limits.blockRelayOnlyMax, nowMs)
    if (block !== undefined) leave(block)
    const relays = chainPeers(SLOTS.fullRelay, views, outbound)
    const relay = extraFullRelay(relays, limits.fullRelayMax, nowMs)
    if (relay === undefined) return
    leave(relay)
    isTipStale = false
  }

  const lookAtTip = (): void => {
    const isInFlight = tools
      .connections()
      .some((view) => (numberOf(view, 'blocksInFlight') ?? 0) > 0)
    isTipStale = tip !== undefined && tools.monotonicMs() - tipMs > STALE_MS && !isInFlight
  }

  // ---- rounds ------------------------------------------------------------------------------------

  /** What is due is due anew from now on, whether somebody is found for it or not. */
  const noteKind = ({ kind }: OpeningKind, nowMs: number): void => {
    if (kind === 'feeler') feelerMs = nowMs + exponentialMs(random, FEELER_MEAN_MS)
    else if (kind === 'diversity') diversityMs = nowMs + exponentialMs(random, EXTRA_MEAN_MS)
    else if (kind === 'extra-block-relay-only') {
      extraBlockMs = nowMs + exponentialMs(random, EXTRA_MEAN_MS)
    }
  }

  const roundLater = (afterMs: number): void => {
    tools.after(afterMs, round)
  }

  const open = (): number => {
    const nowMs = tools.monotonicMs()
    const outbound = outboundOf(tools.connections())
    const kind = nextKind(outbound, limits, {
      ...{ hasAnchors: anchors.length > 0, isTipStale },
      isExtraBlockDue: hasFollowed && nowMs > extraBlockMs,
      isFeelerDue: nowMs > feelerMs,
      isDiversityDue: nowMs > diversityMs,
      missingNetwork: () => missingNetwork(outbound),
    })
    if (kind === undefined) return ROUND_MS
    noteKind(kind, nowMs)
    const address = choose(kind, outbound)
    if (address === undefined) {
      totals.nobody++
      return ROUND_MS
    }
    if (kind.kind !== 'feeler') {
      totals.dialled++
      tools.dial(address, slotFor(kind))
      return ROUND_MS
    }
    totals.feelers++
    const delayMs = random.below(FEELER_DELAY_MS)
    tools.after(delayMs, () => tools.dial(address, slotFor(kind)))
    return delayMs + ROUND_MS
  }

  function round(): void {
    if (tools.isPaused()) {
      roundLater(ROUND_MS)
      return
    }
    const nowMs = tools.monotonicMs()
    noteTip()
    if (nowMs >= extraCheckMs) {
      extraCheckMs = nowMs + EXTRA_CHECK_MS
      leaveExtra()
      if (nowMs >= staleCheckMs) {
        staleCheckMs = nowMs + STALE_CHECK_MS
        lookAtTip()
      }
    }
    roundLater(open())
  }

  roundLater(ROUND_MS)
  return () => {
    keepAnchors(tools.store, anchorsOf(tools.connections()))
  }
}

function numberOf({ about = {} }: View, name: string): number | undefined {
  const value = about[name]
  return typeof value === 'number' ? value : undefined
}

function readAnchors({ note, store }: Tools): Anchor[] {
  const { anchors, unreadableCount } = takeAnchors(store)
  if (unreadableCount > 0) note('anchors-unreadable', { count: unreadableCount })
  return [...anchors]
}

const anchorsOf = (views: readonly View[]): readonly Anchor[] =>
  views
    .flatMap(({ facts, phase, slot, target }): Anchor[] => {
      if (slot !== SLOTS.blockRelayOnly || phase !== 'active' || target === undefined) return []
      return [{ address: target, services: facts?.peer?.services ?? 0n }]
    })
    .slice(0, ANCHORS_MAX)
