/**
 * How addresses of nodes go round: each peer tells us of some, the fresh ones go on to one or two others,
 * all go to the address book, and whoever comes in and asks gets a part of it once. With blocks-only
 * peers and feelers nothing of it is exchanged: what travels there would show who is connected to whom.
 *
 * The rules and numbers are Bitcoin Core's, of two decades of floods. What a peer told or was told lasts as
 * long as its connection; the drawn answers and targets outlive a restart of the child.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import { addressOf, networkAddressOf } from '../../codec/bitcoin/address.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import { ADDRESS_COUNT_MAX } from '../../codec/bitcoin/addresses.ts'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import { printPlace } from '../../codec/place.ts'
import { hasV1Form } from '../../codec/bitcoin/network-address.ts'
import { sipHashKeyOf } from '../../codec/bitcoin/siphash.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { shuffled } from '../../world/random.ts'
import { createAddressAllowance } from './address-allowance.ts'
import { answerFrom } from './address-answers.ts'
import { createAddressQueue } from './address-queue.ts'
import type { AddressQueue } from './address-queue.ts'
import type {
  AddressRelayKept,
  AddressRelayOptions,
  BitcoinConnectionView,
  RelayPeer,
} from './address-relay-contract.ts'
import { relayTargets } from './address-targets.ts'
import { createAddressTelling } from './address-telling.ts'
import { addBoundAddresses } from './bound-addresses.ts'
import { groupBytesOf } from './netgroup.ts'
import { networkThrough, placeOf } from './peer-place.ts'
import { SERVICES } from './services.ts'
import { relaysAddresses } from './slots.ts'

const SECOND_MS = 1_000
const MINUTE_SECONDS = 60
const DAY_SECONDS = 24 * 60 * MINUTE_SECONDS

/** A list so short is news, and is passed on, if what it tells is this fresh. */
const NEWS_COUNT_MAX = 10
const FRESH_SECONDS = 10 * MINUTE_SECONDS
/** A time before this (in 1973), or so far ahead, is wrong and taken for one this long ago. */
const SEEN_SECONDS_MIN = 100_000_000
const AHEAD_SECONDS_MAX = 10 * MINUTE_SECONDS
const WRONG_TIME_AGE_SECONDS = 5 * DAY_SECONDS
/** What somebody else tells is that much less fresh. */
const PENALTY_MS = 2 * 60 * MINUTE_SECONDS * SECOND_MS
/** MAX_PCT_ADDR_TO_SEND. */
const ANSWER_PERCENT = 23
/** Who serves no blocks, not even the last ones, is no use to anybody who looks for peers. */
const SERVES_BLOCKS = SERVICES.network | SERVICES.networkLimited
const KEY_BYTES = 16

export const addressRelayChild = (
  options: AddressRelayOptions,
): ChildSpec<BitcoinTypes, AddressRelayKept> => ({
  name: 'address-relay',
  restart: 'permanent',
  keep: () => ({ targetKey: undefined, answers: new Map(), peers: new Map() }),
  start: (tools, kept) => startAddressRelay(options, tools, kept),
})

function believed(seenSeconds: number, nowSeconds: number): number {
  const isWrong = seenSeconds <= SEEN_SECONDS_MIN || seenSeconds > nowSeconds + AHEAD_SECONDS_MAX
  return isWrong ? nowSeconds - WRONG_TIME_AGE_SECONDS : seenSeconds
}

function startAddressRelay(
  options: AddressRelayOptions,
  tools: ChildTools<BitcoinTypes>,
  kept: AddressRelayKept,
): () => void {
  const { reachable } = options
  const { book, random } = tools
  const open = tools.listening().filter((at) => options.isOnionTarget?.(at) !== true)
  addBoundAddresses(options.own, open, options.interfaces ?? [])
  const targetKey = (kept.targetKey ??= sipHashKeyOf(random.bytes(KEY_BYTES)))

  const nowSeconds = (): number => Math.floor(tools.wallMs() / SECOND_MS)
  const isTrusted = (view: BitcoinConnectionView): boolean => options.isTrusted?.(view) ?? false

  const viewOf = (connection: string): BitcoinConnectionView | undefined =>
    tools.connections().find(({ name, phase }) => name === connection && phase === 'active')

  const telling = createAddressTelling(options, tools, (name) => {
    const [view, peer] = [viewOf(name), kept.peers.get(name)]
    return view === undefined || peer === undefined ? undefined : { view, peer }
  })

  const totals = { taken: 0, limited: 0, passedOn: 0, answered: 0 }
  tools.show(() => {
    const queues = [...kept.peers.values()].flatMap(({ queue }) => queue ?? [])
    const waiting = queues.reduce((sum, { length }) => sum + length, 0)
    return {
      counts: { peers: queues.length, waiting },
      totals: { ...totals, told: telling.toldCount },
    }
  })

  const meet = ({ name }: BitcoinConnectionView): RelayPeer => {
    const known = kept.peers.get(name)
    if (known !== undefined) return known
    const peer: RelayPeer = {
      allowance: createAddressAllowance(tools.monotonicMs()),
      ...{ queue: undefined, isAsked: false, isAnswered: false, hasAnnounced: false },
      ...{ takenCount: 0, limitedCount: 0 },
    }
    kept.peers.set(name, peer)
    return peer
  }

  const withPeer = (
    view: BitcoinConnectionView | undefined,
    run: (view: BitcoinConnectionView, peer: RelayPeer, queue: AddressQueue) => void,
  ): void => {
    if (view === undefined || !relaysAddresses(view.slot)) return
    const peer = meet(view)
    const isFirst = peer.queue === undefined
    const isNewForm = view.facts?.peer?.wantsAddrV2 ?? false
    const queue = (peer.queue ??= createAddressQueue(isNewForm, random.fork(view.name)))
    run(view, peer, queue)
    if (isFirst) telling.join(view, peer, queue)
  }

  // ---- what is asked -----------------------------------------------------------------------------

  const draw = (): readonly AddressEntry[] => {
    const sample = book?.sample(
      ADDRESS_COUNT_MAX,
      ANSWER_PERCENT,
      ({ address }) => !book.isKeptOut(address),
    )
    return (sample ?? []).flatMap(({ address: known, marks, seenMs }) => {
      const address = networkAddressOf(known)
      const seenSeconds = Math.floor(seenMs / SECOND_MS)
      return address === undefined ? [] : [{ seenSeconds, services: marks, address }]
    })
  }

  const answerTo = (view: BitcoinConnectionView): readonly AddressEntry[] => {
    if (isTrusted(view)) return draw()
    const through = options.through?.(view) ?? networkThrough(view)
    const key = view.local === undefined ? through : `${through} ${printPlace(view.local)}`
    return answerFrom(kept.answers, key, { monotonicMs: tools.monotonicMs(), random }, draw)
  }

  /** Of whom we dialled nothing is answered: he would see what we learnt since he asked last. */
  const answer = (view: BitcoinConnectionView, peer: RelayPeer, queue: AddressQueue): void => {
    if (view.role !== 'listener' || peer.isAnswered) return
    peer.isAnswered = true
    totals.answered++
    queue.replace(answerTo(view))
    telling.wait(view.name, queue)
  }

  // ---- what is told ------------------------------------------------------------------------------

  const relay = (entry: AddressEntry, from: string, isReachable: boolean): void => {
    const { address } = entry
    const peers = [...kept.peers].flatMap(([name, { queue }]) => {
      const canRead = queue !== undefined && (queue.isNewForm || hasV1Form(address))
      return canRead && name !== from ? [name] : []
    })
    const relayed = { address, isReachable, wallMs: tools.wallMs() }
    for (const name of relayTargets(targetKey, relayed, peers)) {
      const queue = kept.peers.get(name)?.queue
      if (queue === undefined) continue
      totals.passedOn++
      queue.push(entry)
      telling.wait(name, queue)
    }
  }

  const hear = (
    entries: readonly AddressEntry[],
    view: BitcoinConnectionView,
    peer: RelayPeer,
    queue: AddressQueue,
  ): void => {
    const source = placeOf(view)
    const sourceGroup = groupBytesOf(source)
    const isNews = !peer.isAsked && entries.length <= NEWS_COUNT_MAX
    const freshSeconds = nowSeconds() - FRESH_SECONDS
    const isLimited = !isTrusted(view)
    // In a drawn order: who is over the rate loses any of them, and not the last ones.
    for (const told of shuffled(random, entries)) {
      if (!peer.allowance.take(tools.monotonicMs()) && isLimited) {
        peer.limitedCount++
        totals.limited++
        continue
      }
      if ((told.services & SERVES_BLOCKS) === 0n) continue
      const entry = { ...told, seenSeconds: believed(told.seenSeconds, nowSeconds()) }
      queue.note(entry.address)
      const address = addressOf(entry.address)
      if (address === undefined || book?.isKeptOut(address) === true) continue
      peer.takenCount++
      totals.taken++
      const { network } = entry.address
      const isReachable = network !== 'none' && reachable.has(network)
      const isFresh = entry.seenSeconds > freshSeconds
      if (isNews && isFresh && isRoutableAddress(entry.address)) {
        relay(entry, view.name, isReachable)
      }
      // It keeps none of a network without a way.
      book?.heard(address, {
        sourceGroup,
        isOwnSource: addressOf(source)?.host === address.host,
        seenMs: entry.seenSeconds * SECOND_MS,
        penaltyMs: PENALTY_MS,
        marks: entry.services,
      })
    }
    tools.describe(view.name, {
      addressesTaken: peer.takenCount,
      addressesLimited: peer.limitedCount,
    })
    if (entries.length < ADDRESS_COUNT_MAX) peer.isAsked = false
  }

  tools.watch({
    active(view) {
      if (view.role === 'dialler') {
        // The session has asked.
        withPeer(view, (_, peer) => {
          peer.isAsked = true
          peer.allowance.grant(ADDRESS_COUNT_MAX)
        })
        return
      }
      // Whoever comes in takes part once it shows that it wants to; so nothing goes to who only listens.
      meet(view)
    },
    gone({ name }) {
      kept.peers.delete(name)
      telling.gone(name)
    },
  })
  for (const type of ['addr', 'addrv2'] as const) {
    tools.feed(type, ({ message, peer: { connection } }) => {
      withPeer(viewOf(connection), (view, peer, queue) => {
        hear(message.entries, view, peer, queue)
      })
    })
  }
  tools.feed('getaddr', ({ peer: { connection } }) => {
    withPeer(viewOf(connection), answer)
  })

  // An earlier incarnation may have missed some of them, and its timers are gone.
  const living = new Set(tools.connections().map(({ name }) => name))
  for (const name of [...kept.peers.keys()]) if (!living.has(name)) kept.peers.delete(name)
  for (const view of tools.connections()) {
    const known = kept.peers.get(view.name)
    if (known?.queue !== undefined) telling.resume(view, known.queue)
    else if (view.phase === 'active' && view.role === 'dialler') {
      withPeer(view, () => undefined)
    }
  }
  return () => undefined
}
