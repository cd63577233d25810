/**
 * The records of the address book in their places: in tried once, or in new one to eight times. It
 * moves them, and keeps every index and what the store has yet to be told in step with that.
 *
 * A record is here only while it has a place, so that the tables bound all of it.
 * @module
 */
import type { AddressBookSizes } from './address-book-contract.ts'
import type { Buckets } from './address-book-buckets.ts'
import type { Quality } from './address-book-quality.ts'
import { createSlotTable } from './address-book-slots.ts'
import type { SlotTable } from './address-book-slots.ts'

export interface BookRecord<Address> extends Quality {
  readonly address: Address
  readonly key: string
  readonly identity: string | undefined
  /** The group of whoever told it first: where it goes back to when it leaves tried. */
  readonly sourceGroup: Uint8Array
  marks: bigint
  /** Its places in new; none while it is in tried. */
  newSlots: readonly number[]
  triedSlot: number | undefined
  /** Its place in `order`. */
  rank: number
  /** The store has an entry of it, be it an old one. */
  isStored: boolean
}

/** What is known of a record before it has a place. */
export type UnplacedRecord<Address> = Omit<
  BookRecord<Address>,
  'newSlots' | 'triedSlot' | 'rank' | 'isStored'
>

export interface BookChanges<Address> {
  /** Keys of records that the store has and the book no longer. */
  readonly gone: ReadonlySet<string>
  readonly written: ReadonlySet<BookRecord<Address>>
}

export interface BookTables<Address> {
  readonly new: Pick<SlotTable<BookRecord<Address>>, 'get' | 'draw' | 'walk' | 'entries'>
  readonly tried: Pick<SlotTable<BookRecord<Address>>, 'get' | 'draw' | 'walk' | 'entries'>
  /** All records; `swap` and chance keep the order without meaning. */
  readonly order: readonly BookRecord<Address>[]
  readonly triedCount: number
  get(key: string): BookRecord<Address> | undefined
  ofIdentity(identity: string): Iterable<BookRecord<Address>>
  swap(one: number, other: number): void

  /** A first place in new, which has to be free. */
  create(record: UnplacedRecord<Address>, newSlot: number): BookRecord<Address>
  /** A first place in tried, which has to be free. */
  createTried(record: UnplacedRecord<Address>, triedSlot: number): BookRecord<Address>
  /** One more place in new, which has to be free. */
  addNew(record: BookRecord<Address>, slot: number): void
  /** Whoever is there loses that place, and with the last one is forgotten. */
  freeNew(slot: number): void
  /** Out of all of its places in new; whoever was in that of tried goes back into new. */
  moveToTried(record: BookRecord<Address>, slot: number): void
  forget(record: BookRecord<Address>): void

  /** What is known of it has changed. */
  touch(record: BookRecord<Address>): void
  /** The store has an entry of it; `isSame`: one that says the same. */
  markStored(record: BookRecord<Address>, isSame: boolean): void
  /** Since the last call. */
  changes(): BookChanges<Address>
}

export function createBookTables<Address>(
  sizes: AddressBookSizes,
  buckets: Buckets<Address>,
  onForgotten: (record: BookRecord<Address>) => void,
): BookTables<Address> {
  const fresh = createSlotTable<BookRecord<Address>>(sizes.newBuckets, sizes.bucketSize)
  const tried = createSlotTable<BookRecord<Address>>(sizes.triedBuckets, sizes.bucketSize)
  const byKey = new Map<string, BookRecord<Address>>()
  const byIdentity = new Map<string, Set<BookRecord<Address>>>()
  const order: BookRecord<Address>[] = []
  let gone = new Set<string>()
  let written = new Set<BookRecord<Address>>()

  const swap = (one: number, other: number): void => {
    const [first, second] = [order[one], order[other]]
    if (first === undefined || second === undefined) return
    order[one] = second
    order[other] = first
    second.rank = one
    first.rank = other
  }

  const register = (unplaced: UnplacedRecord<Address>): BookRecord<Address> => {
    const { key, identity } = unplaced
    const record: BookRecord<Address> = {
      ...unplaced,
      newSlots: [],
      triedSlot: undefined,
      rank: order.length,
      // It may have left the book since the store was told last: its entry is then written over.
      isStored: gone.delete(key),
    }
    order.push(record)
    byKey.set(key, record)
    if (identity !== undefined) {
      const same = byIdentity.get(identity)
      if (same === undefined) byIdentity.set(identity, new Set([record]))
      else same.add(record)
    }
    written.add(record)
    return record
  }

  const leaveNew = (record: BookRecord<Address>): void => {
    for (const slot of record.newSlots) fresh.clear(slot)
    record.newSlots = []
  }

  const forget = (record: BookRecord<Address>): void => {
    const { key, identity, triedSlot } = record
    leaveNew(record)
    if (triedSlot !== undefined) tried.clear(triedSlot)
    swap(record.rank, order.length - 1)
    order.pop()
    byKey.delete(key)
    if (identity !== undefined) {
      const same = byIdentity.get(identity)
      same?.delete(record)
      if (same?.size === 0) byIdentity.delete(identity)
    }
    // What the store was never told of needs no word: a flood that comes and goes leaves nothing.
    written.delete(record)
    if (record.isStored) gone.add(key)
    onForgotten(record)
  }

  const addNew = (record: BookRecord<Address>, slot: number): void => {
    fresh.put(slot, record)
    record.newSlots = [...record.newSlots, slot]
    written.add(record)
  }

  const freeNew = (slot: number): void => {
    const record = fresh.get(slot)
    if (record === undefined) return
    if (record.newSlots.length === 1) {
      forget(record)
      return
    }
    fresh.clear(slot)
    record.newSlots = record.newSlots.filter((taken) => taken !== slot)
    written.add(record)
  }

  const putTried = (record: BookRecord<Address>, slot: number): void => {
    tried.put(slot, record)
    record.triedSlot = slot
    written.add(record)
  }

  return {
    new: fresh,
    tried,
    order,
    get triedCount() {
      return tried.taken
    },
    get: (key) => byKey.get(key),
    ofIdentity: (identity) => byIdentity.get(identity) ?? [],
    swap,
    create(unplaced, newSlot) {
      const record = register(unplaced)
      addNew(record, newSlot)
      return record
    },
    createTried(unplaced, triedSlot) {
      const record = register(unplaced)
      putTried(record, triedSlot)
      return record
    },
    addNew,
    freeNew,
    moveToTried(record, slot) {
      leaveNew(record)
      const old = tried.get(slot)
      if (old !== undefined) {
        tried.clear(slot)
        old.triedSlot = undefined
        const newSlot = buckets.newSlot(old.address, old.sourceGroup)
        freeNew(newSlot)
        addNew(old, newSlot)
      }
      putTried(record, slot)
    },
    forget,
    touch: (record) => {
      written.add(record)
    },
    markStored(record, isSame) {
      record.isStored = true
      if (isSame) written.delete(record)
    },
    changes() {
      const changes = { gone, written }
      for (const record of written) record.isStored = true
      gone = new Set()
      written = new Set()
      return changes
    },
  }
}
