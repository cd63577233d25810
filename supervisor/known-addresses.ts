/**
 * The address book at work in a node: what peers tell goes in, what dials come to is noted, candidates
 * for free slots come out, and all of it is in the store a second later.
 * @module
 */
import type { LentBook } from '../actors/lent-book.ts'
import type { AddressRules, HeldConnection } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StoreChange, StoreEntry } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Timer } from '../world/timers.ts'
import { createAddressBook } from './address-book.ts'
import type { AddressBook, LoadedAddresses } from './address-book-contract.ts'

/** Core's penalty for an address that somebody else tells: it is that much less fresh. */
const PENALTY_MS = 2 * 60 * 60 * 1_000
/** A book so small is told whole: a part of a few is nobody, and whoever asked would stay alone. */
const SMALL_BOOK = 100
/** News of many addresses come together; a kill loses at most so much. */
const WRITE_AFTER_MS = 1_000

export interface KnownAddressesOptions<Address> {
  readonly addresses: AddressRules<Address>
  readonly ownIdentity: string | undefined
  readonly loop: StepLoop
  readonly random: Random
  /** Banned or discouraged. */
  isKeptOut(host: string): boolean
  write(changes: readonly StoreChange[]): void
}

/** Somebody at the far end of a connection. */
export interface Teller {
  readonly remote: SocketAddress
  readonly identity: string | undefined
}

export interface KnownAddresses<Address> {
  load(entries: Iterable<StoreEntry>): LoadedAddresses
  /** Whether it is new to us. */
  heard(address: Address, from: Teller, seenMs: number): boolean
  /** For telling somebody: a sample, and none that he has no use for. */
  sample(
    to: Teller,
    max: number,
    percent: number,
  ): readonly { readonly address: Address; readonly seenMs: number }[]
  /**
   * It is dialled, for that kind of slot; a failure is the address's if others can be reached. Returns what
   * takes it back, for a dial that did not come as far as the address.
   */
  dialled(
    address: Address,
    slot: string,
    connections: readonly (HeldConnection<Address> & { readonly role: Role })[],
  ): () => void
  /** A dial became active, in that kind of slot. */
  active(address: Address, slot: string): void
  /** A connection that was active is over. */
  ended(address: Address, slot: string): void
  /** One that may be dialled; undefined: there is none. */
  candidate(isWanted: (address: Address) => boolean): Address | undefined
  byIdentity(identity: string): Address | undefined
  /** An old address whose place somebody wants: dialled to see whether it is still there. */
  probes(isConnected: (key: string) => boolean): readonly Address[]
  readonly size: { readonly new: number; readonly tried: number }
  /** For a child with rules of its own. `onNew`: it told an address that was not in the book. */
  /** 0n of what is not in it. */
  marksOf(key: string): bigint
  lend(isConnected: (key: string) => boolean, onNew: () => void): LentBook<Address>
  /** Writes what is not written yet. */
  stop(): void
}

/** Undefined where the network keeps no book. */
export function createKnownAddresses<Address>(
  options: KnownAddressesOptions<Address>,
): KnownAddresses<Address> | undefined {
  const { addresses, loop, ownIdentity } = options
  const { book: rules } = addresses
  if (rules === undefined) return undefined
  const book: AddressBook<Address> = createAddressBook({
    rules: { ...addresses, ...rules },
    random: options.random,
  })
  let timer: Timer | undefined
  /** The node stops: what its last connections come to is written at once. */
  let isLast = false

  const write = (): void => {
    timer = undefined
    const changes = book.changes()
    if (changes.length > 0) options.write(changes)
  }

  const changed = (): void => {
    if (isLast) write()
    else timer ??= loop.after(WRITE_AFTER_MS, write)
  }

  const isOurs = (address: Address): boolean =>
    ownIdentity !== undefined && addresses.identity(address) === ownIdentity

  const groupOf = ({ host, port }: SocketAddress): Uint8Array =>
    rules.groupBytes(addresses.fromSocket({ host, port }))

  const mayTell = (address: Address, to: SocketAddress): boolean =>
    addresses.mayTell?.(address, to) ?? true

  const marksSeen = (slot: string, moment: 'active' | 'ended'): boolean =>
    rules.marksSeen?.(slot, moment) ?? true

  const probes = (isConnected: (key: string) => boolean) => {
    const { wallMs } = loop.step
    book.resolveCollisions(wallMs, isConnected)
    return book.collisions(wallMs)
  }

  const heard = (address: Address, from: Teller, seenMs: number): boolean => {
    // What may not be told to somebody there was not for him to know either.
    if (isOurs(address) || !mayTell(address, from.remote)) return false
    const identity = addresses.identity(address)
    const isOwnSource =
      identity === undefined
        ? addresses.socket(address).host === from.remote.host
        : identity === from.identity
    const isNew = book.add(address, {
      sourceGroup: groupOf(from.remote),
      isOwnSource,
      seenMs,
      penaltyMs: isOwnSource ? 0 : PENALTY_MS,
      nowMs: loop.step.wallMs,
    })
    changed()
    return isNew
  }

  return {
    load: (entries) => book.load(entries, loop.step.wallMs),
    heard,
    sample: (to, max, percent) =>
      book.sample(
        max,
        book.size.new + book.size.tried <= SMALL_BOOK ? 100 : percent,
        loop.step.wallMs,
        ({ address }) =>
          mayTell(address, to.remote) &&
          (to.identity === undefined || addresses.identity(address) !== to.identity),
      ),
    dialled(address, slot, connections) {
      const isCounted =
        rules.countsFailure?.(
          slot,
          connections.filter(({ role }) => role === 'dialler'),
        ) ?? connections.some(({ phase }) => phase === 'active')
      const takeBack = book.attempt(addresses.key(address), isCounted, loop.step.wallMs)
      changed()
      return () => {
        takeBack()
        changed()
      }
    },
    active(address, slot) {
      const { wallMs } = loop.step
      const own: Teller = {
        remote: addresses.socket(address),
        identity: addresses.identity(address),
      }
      if (marksSeen(slot, 'active')) heard(address, own, wallMs)
      book.good(addresses.key(address), wallMs)
      changed()
    },
    ended(address, slot) {
      if (!marksSeen(slot, 'ended')) return
      book.connected(addresses.key(address), loop.step.wallMs)
      changed()
    },
    candidate: (isWanted) =>
      book.select(loop.step.wallMs, {
        isWanted: ({ address }) => !isOurs(address) && isWanted(address),
      })?.address,
    byIdentity: book.byIdentity,
    probes: (isConnected) => probes(isConnected).map(({ address }) => address),
    get size() {
      return book.size
    },
    marksOf: (key) => book.find(key)?.marks ?? 0n,
    lend: (isConnected, onNew) => ({
      heard(address, hearsay) {
        if (isOurs(address)) return false
        const isNew = book.add(address, { ...hearsay, nowMs: loop.step.wallMs })
        changed()
        if (isNew) onNew()
        return isNew
      },
      mark(key, marks) {
        book.mark(key, marks)
        changed()
      },
      remove(key) {
        book.remove(key)
        changed()
      },
      select: (choice) => book.select(loop.step.wallMs, choice),
      sample: (max, percent, isTellable) => book.sample(max, percent, loop.step.wallMs, isTellable),
      find: book.find,
      collisions() {
        const olds = probes(isConnected)
        changed()
        return olds
      },
      get size() {
        return book.size
      },
      isKeptOut: (address) => options.isKeptOut(addresses.socket(address).host),
    }),
    stop() {
      isLast = true
      if (timer !== undefined) loop.cancel(timer)
      write()
    },
  }
}
