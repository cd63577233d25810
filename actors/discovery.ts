/**
 * Discovery: nodes tell each other of nodes. Whoever is dialled is asked once; everybody is told where
 * we are; a short and fresh list is news and is passed on to a few. What is heard goes to the node's
 * address book, which decides whom to believe.
 *
 * The rules are those of a network that has held against floods for years, as its reference node has them.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { shuffled } from '../world/random.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ChildSpec, ChildTools, Routed } from './child.ts'
import type { ConnectionView } from './protocol.ts'

export interface SeenAddress<Address> {
  readonly address: Address
  /** Unix milliseconds. */
  readonly seenMs: number
}

/** What the network says for it. */
export interface DiscoveryAdapter<T extends ProtocolTypes> {
  /** The type of the message that asks, and of the one that tells. */
  readonly asks: T['message']['type']
  readonly tells: T['message']['type']
  ask(): T['message']
  tell(addresses: readonly SeenAddress<T['address']>[]): T['message']
  /** Where `to` can dial us; undefined: nowhere. */
  announcement(
    listening: readonly SocketAddress[],
    seenMs: number,
    to: SocketAddress,
  ): T['message'] | undefined
  /** What a message tells, as far as it makes sense. */
  addressesIn(message: T['message'], from: ConnectionView<T>): readonly SeenAddress<T['address']>[]
  keyOf(address: T['address']): string
  identityOf(address: T['address']): string | undefined
  mayTell(address: T['address'], to: SocketAddress): boolean
}

export interface DiscoveryLimits {
  /** Addresses of one answer; and the part of the book that is told, in a hundred. */
  readonly addressesMax: number
  readonly addressesPercent: number
  /** A list so short is news, and passed on to so many. */
  readonly addressNewsMax: number
  readonly addressRelayPeers: number
  /** Addresses of one peer that are taken in, a second, and saved up at most. */
  readonly addressesPerSecond: number
  readonly addressesBurst: number
}

/** What is known of one peer. It lasts as long as its connection. */
interface Acquaintance {
  /** Its answer to our question has not come. */
  isAsked: boolean
  isAnswered: boolean
  tokens: number
  tokensMs: number
  /** Keys of addresses that it told or was told: they are no news to it. */
  readonly knows: Set<string>
}

export type Acquaintances = Map<string, Acquaintance>

/** News is at most so old; what is dated later than this is wrong, and taken for this old. */
const NEWS_MS = 10 * 60 * 1_000
const WRONG_TIME_AGE_MS = 5 * 24 * 60 * 60 * 1_000
/** Our own address is told again so often. */
const ANNOUNCE_MS = 24 * 60 * 60 * 1_000
/** So many are remembered; then it is forgotten, and something may be told twice. */
const KNOWS_MAX = 5_000

export function discovery<T extends ProtocolTypes>(
  adapter: DiscoveryAdapter<T>,
  limits: DiscoveryLimits,
): ChildSpec<T, Acquaintances> {
  return {
    name: 'discovery',
    restart: 'permanent',
    keep: () => new Map(),
    start: (tools, kept) => startDiscovery(adapter, limits, tools, kept),
  }
}

function startDiscovery<T extends ProtocolTypes>(
  adapter: DiscoveryAdapter<T>,
  limits: DiscoveryLimits,
  tools: ChildTools<T>,
  acquaintances: Acquaintances,
): () => void {
  const viewOf = (connection: string): ConnectionView<T> | undefined =>
    tools.connections().find(({ name, phase }) => name === connection && phase === 'active')

  const totals = { asked: 0, answered: 0, heard: 0, passedOn: 0 }
  tools.show(() => ({ counts: { acquaintances: acquaintances.size }, totals: { ...totals } }))

  const meet = (connection: string): Acquaintance => {
    const known = acquaintances.get(connection)
    if (known !== undefined) return known
    const met: Acquaintance = {
      isAsked: false,
      isAnswered: false,
      tokens: limits.addressNewsMax,
      tokensMs: tools.monotonicMs(),
      knows: new Set(),
    }
    acquaintances.set(connection, met)
    return met
  }

  const note = (acquaintance: Acquaintance, address: T['address']): void => {
    if (acquaintance.knows.size >= KNOWS_MAX) acquaintance.knows.clear()
    acquaintance.knows.add(adapter.keyOf(address))
  }

  const announce = ({ name, remote }: ConnectionView<T>): void => {
    const message = adapter.announcement(tools.listening(), tools.wallMs(), remote)
    if (message !== undefined) tools.send(name, message)
  }

  const refill = (acquaintance: Acquaintance): void => {
    const nowMs = tools.monotonicMs()
    const sinceMs = nowMs - acquaintance.tokensMs
    acquaintance.tokensMs = nowMs
    // What was asked for may stand above what is saved up.
    if (acquaintance.tokens >= limits.addressesBurst) return
    acquaintance.tokens = Math.min(
      limits.addressesBurst,
      acquaintance.tokens + (sinceMs / 1_000) * limits.addressesPerSecond,
    )
  }

  const greet = (view: ConnectionView<T>): void => {
    const { name, role } = view
    const acquaintance = meet(name)
    announce(view)
    if (role !== 'dialler') return
    acquaintance.isAsked = true
    acquaintance.tokens += limits.addressesMax
    if (tools.send(name, adapter.ask()) === 'queued') totals.asked++
  }

  /** Once a connection: a second question is a way to learn what is new of the book. */
  const answer = (connection: string): void => {
    const acquaintance = meet(connection)
    if (acquaintance.isAnswered) return
    acquaintance.isAnswered = true
    totals.answered++
    const { addressesMax, addressesPercent } = limits
    const sample = tools.sample(connection, addressesMax, addressesPercent)
    for (const { address } of sample) note(acquaintance, address)
    tools.send(connection, adapter.tell(sample))
  }

  const relay = (news: readonly SeenAddress<T['address']>[], from: string): void => {
    for (const { address, seenMs } of news) {
      const others = tools
        .connections()
        .filter(
          ({ identity, name, phase, remote }) =>
            phase === 'active' &&
            name !== from &&
            identity !== undefined &&
            !meet(name).knows.has(adapter.keyOf(address)) &&
            adapter.mayTell(address, remote),
        )
      for (const { name } of shuffled(tools.random, others).slice(0, limits.addressRelayPeers)) {
        totals.passedOn++
        note(meet(name), address)
        tools.send(name, adapter.tell([{ address, seenMs }]))
      }
    }
  }

  /** Where it can be dialled itself: it says so before it answers. */
  const isAnnouncement = (
    told: readonly SeenAddress<T['address']>[],
    { identity }: ConnectionView<T>,
  ): boolean => {
    const [first] = told
    if (first === undefined || told.length > 1) return false
    return identity !== undefined && adapter.identityOf(first.address) === identity
  }

  const hear = ({ message, peer }: Routed<T['message']>): void => {
    const from = viewOf(peer.connection)
    if (from === undefined) return
    const acquaintance = meet(from.name)
    refill(acquaintance)
    // None of it would be taken in: it is not looked at, which costs more than sending it does.
    if (acquaintance.tokens < 1) return
    const told = adapter.addressesIn(message, from)
    const isAnswer = acquaintance.isAsked && !isAnnouncement(told, from)
    if (isAnswer) acquaintance.isAsked = false
    const isNews = !isAnswer && told.length <= limits.addressNewsMax
    const nowMs = tools.wallMs()
    const news: SeenAddress<T['address']>[] = []
    // In a drawn order: who is over the rate loses any of them, and not the last ones.
    for (const { address, seenMs: claimedMs } of shuffled(tools.random, told)) {
      if (acquaintance.tokens < 1) break
      acquaintance.tokens--
      totals.heard++
      const isWrong = claimedMs <= 0 || claimedMs > nowMs + NEWS_MS
      const seenMs = isWrong ? nowMs - WRONG_TIME_AGE_MS : claimedMs
      note(acquaintance, address)
      const isNew = tools.heard(from.name, address, seenMs)
      if (isNew && isNews && seenMs >= nowMs - NEWS_MS) news.push({ address, seenMs })
    }
    relay(news, from.name)
  }

  const announceAgain = (): void => {
    for (const view of tools.connections()) if (view.phase === 'active') announce(view)
    tools.after(ANNOUNCE_MS, announceAgain)
  }

  tools.watch({
    active: greet,
    gone({ name }) {
      acquaintances.delete(name)
    },
  })
  tools.feed(adapter.asks, ({ peer }) => {
    answer(peer.connection)
  })
  tools.feed(adapter.tells, hear)
  tools.after(ANNOUNCE_MS, announceAgain)
  // An earlier incarnation may have missed some of them.
  const living = new Set(tools.connections().map(({ name }) => name))
  for (const name of [...acquaintances.keys()]) if (!living.has(name)) acquaintances.delete(name)
  for (const view of tools.connections()) {
    if (view.phase === 'active' && !acquaintances.has(view.name)) greet(view)
  }
  return () => undefined
}
