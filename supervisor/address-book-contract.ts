/**
 * What the address book is told by a network, and what it answers. Types and the table's name.
 * @module
 */
import type { AddressChoice, AddressView } from '../actors/lent-book.ts'
import type { AddressRules, BookRules, BookSizes } from '../actors/protocol.ts'
import type { Random } from '../world/random.ts'
import type { StoreChange, StoreEntry } from '../world/store.ts'

export const ADDRESSES_TABLE = 'addresses'

export type AddressBookSizes = BookSizes

/** How the network tells addresses apart, and which of them count as close. */
export type AddressBookRules<Address> = Pick<
  AddressRules<Address>,
  'key' | 'identity' | 'print' | 'parse'
> &
  BookRules<Address>

export interface AddressBookOptions<Address> {
  readonly rules: AddressBookRules<Address>
  readonly random: Random
  /** The secret of 32 bytes that places are drawn with. Left out: the stored one, or a fresh one. */
  readonly bucketKey?: Uint8Array
}

/** Where an address was heard of, and what is claimed about it. Times are Unix milliseconds. */
export interface HeardAddress {
  /** The group of whoever told it. */
  readonly sourceGroup: Uint8Array
  /** The address is the teller's own: no penalty. */
  readonly isOwnSource: boolean
  readonly seenMs: number
  /** Taken off `seenMs`, so that what is passed on does not stay young. */
  readonly penaltyMs: number
  /** Flags of the network's own, at most 64: those of a known address are added to. Left out: none. */
  readonly marks?: bigint
  readonly nowMs: number
}

export interface TakenSlot {
  readonly table: 'new' | 'tried'
  readonly bucket: number
  readonly position: number
  readonly key: string
}

export interface LoadedAddresses {
  readonly loaded: number
  /** Why entries were left out, a sentence each; of many the first hundred. */
  readonly skipped: readonly string[]
  readonly skippedCount: number
}

/** All times are Unix milliseconds. Keys are those of the rules. */
export interface AddressBook<Address> {
  /** Whether the address is in the book now and was not before. */
  add(address: Address, heard: HeardAddress): boolean
  /** We dialled it and it proved to be a node of the network. */
  good(key: string, nowMs: number): void
  /**
   * It is dialled. `isCounted`: a failure would be the address's and not our own link's. Returns what
   * takes it back, for a dial that did not come as far as the address.
   */
  attempt(key: string, isCounted: boolean, nowMs: number): () => void
  /** A connection to it, which was active, has ended. */
  connected(key: string, nowMs: number): void
  /** What it says of itself takes the place of what others claimed. */
  mark(key: string, marks: bigint): void
  /** Banned, or our own: it leaves the book at once. */
  remove(key: string): void

  /**
   * An address to dial, drawn so that neither many addresses of one group nor many in one table
   * outweigh the others. Undefined where none is wanted; in a book with more than 4,096 addresses
   * a table, also where the wanted are so few that they were not found with bounded work.
   */
  select(nowMs: number, choice?: AddressChoice<Address>): AddressView<Address> | undefined
  /** At most `max` and at most so many of a hundred, for telling others. None that is terrible. */
  sample(
    max: number,
    percent: number,
    nowMs: number,
    isTellable?: (view: AddressView<Address>) => boolean,
  ): readonly AddressView<Address>[]
  /** The best address of that identity: tried before new, the newest success, the newest sight. */
  byIdentity(identity: string): Address | undefined
  find(key: string): AddressView<Address> | undefined

  /** Old addresses of tried whose place a newcomer wants, and which have to be dialled to decide. */
  collisions(nowMs: number): readonly AddressView<Address>[]
  /** Decides what can be decided. An old address with a connection has proven itself. */
  resolveCollisions(nowMs: number, isConnected: (key: string) => boolean): void

  readonly size: { readonly new: number; readonly tried: number }
  /** Every taken place, for audits. */
  slots(): IterableIterator<TakenSlot>

  /** What has changed since the last call, for the table `ADDRESSES_TABLE`: one batch. */
  changes(): readonly StoreChange[]
  /**
   * What the table holds. Never throws for what the entries say.
   * @throws {Error} something was added before: our fault
   */
  load(entries: Iterable<StoreEntry>, nowMs: number): LoadedAddresses
}
