/**
 * The addresses that the node has heard of, and which of them it dials. A flood of made-up addresses
 * must not push out the honest ones, nor make itself likely to be dialled: what one group of sources
 * tells reaches a few buckets of the new table, what we were connected to stands in the tried table,
 * and a place there is given up only after its holder was dialled in vain.
 *
 * It has no timer and reads no clock: each call is told the wall time.
 * @module
 */
import type { AddressView } from '../actors/lent-book.ts'
import { encodeHex } from '../codec/bytes.ts'
import type { StoreChange } from '../world/store.ts'
import { BUCKET_KEY_BYTES, createBuckets, GROUP_BYTES_MAX } from './address-book-buckets.ts'
import { ADDRESSES_TABLE } from './address-book-contract.ts'
import type { AddressBook, AddressBookOptions } from './address-book-contract.ts'
import type { AddressBookSizes, HeardAddress } from './address-book-contract.ts'
import { readEntries, wrongToKeep } from './address-book-loading.ts'
import type { ReadRecord } from './address-book-loading.ts'
import { chanceOf, FAILURES_MAX, isSightAtEnd, isTerrible } from './address-book-quality.ts'
import { NEVER_MS, newerSightMs, verdictOn, wholeMs } from './address-book-quality.ts'
import { encodeRecord, encodeSecret, recordKey } from './address-book-records.ts'
import { RECORD_BUCKETS_MAX, SECRET_KEY } from './address-book-records.ts'
import { createBookTables } from './address-book-tables.ts'
import type { BookRecord, BookTables, UnplacedRecord } from './address-book-tables.ts'
import type { SlotTable } from './address-book-slots.ts'

/** Room for 65,536 addresses heard of and 16,384 tried: far more than a network of this kind has. */
export const ADDRESS_BOOK_SIZES: AddressBookSizes = {
  newBuckets: 1_024,
  triedBuckets: 256,
  bucketSize: 64,
  newBucketsPerSourceGroup: 64,
  triedBucketsPerGroup: 8,
  newBucketsPerAddress: 8,
}

/** Newcomers that wait for a place in tried. More would need more probes than are ever made. */
const COLLISIONS_MAX = 10
/**
 * After 44 refusals the smallest chance there is (0.01 times 0.66 to the eighth) has grown to 1; the
 * other tries are for buckets in which nothing is wanted.
 */
const SELECT_TRIES_MAX = 128
/** A book that holds no more is looked through first: as many looks as the tries in both tables. */
const LOOKED_AT_MAX = 2 * SELECT_TRIES_MAX
const CHANCE_GROWTH = 1.2
/** After the tries, addresses looked at one by one: a table that holds no more is seen whole. */
const SELECT_WALK_MAX = 4_096
/** A bucket is two bytes in a record. */
const NEW_BUCKETS_MAX = 0x1_0000
/** Marks are eight. */
const MARK_BITS = 64

function checkSizes(sizes: AddressBookSizes): void {
  for (const [name, size] of Object.entries(sizes) as [string, number][]) {
    if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`${name} is ${size}`)
  }
  if (sizes.newBuckets > NEW_BUCKETS_MAX || sizes.triedBuckets > NEW_BUCKETS_MAX) {
    throw new RangeError(`a table has at most ${NEW_BUCKETS_MAX} buckets`)
  }
  if (sizes.newBucketsPerAddress > RECORD_BUCKETS_MAX) {
    throw new RangeError(`an address has at most ${RECORD_BUCKETS_MAX} places`)
  }
}

const marksOf = (marks: bigint): bigint => BigInt.asUintN(MARK_BITS, marks)

/** Whether the first is the better address of an identity. */
function isBetter<Address>(one: BookRecord<Address>, other: BookRecord<Address>): boolean {
  const [isOneTried, isOtherTried] = [one.triedSlot !== undefined, other.triedSlot !== undefined]
  if (isOneTried !== isOtherTried) return isOneTried
  if (one.succeededMs !== other.succeededMs) return one.succeededMs > other.succeededMs
  if (one.seenMs !== other.seenMs) return one.seenMs > other.seenMs
  return one.key < other.key
}

/**
 * @throws {RangeError} a size that is no whole number from 1 on or too large, a secret that has not
 * 32 bytes
 */
export function createAddressBook<Address>({
  rules,
  random,
  bucketKey: pinnedKey,
}: AddressBookOptions<Address>): AddressBook<Address> {
  const sizes: AddressBookSizes = { ...ADDRESS_BOOK_SIZES, ...rules.sizes }
  checkSizes(sizes)
  if (pinnedKey !== undefined && pinnedKey.length !== BUCKET_KEY_BYTES) {
    throw new RangeError(`the secret has ${BUCKET_KEY_BYTES} bytes, not ${pinnedKey.length}`)
  }
  const { bucketSize } = sizes

  /** Newcomers whose place in tried is held, the oldest first. */
  const waiting = new Set<BookRecord<Address>>()
  /** Keys of entries in the store that are of no use. */
  let useless: readonly Uint8Array[] = []
  /** Our own link worked then. From 1 on, so that the first failure of all counts. */
  let lastGoodMs = NEVER_MS + 1
  let isSecretStored = false

  const start = (bucketKey: Uint8Array) => {
    const buckets = createBuckets(rules, sizes, bucketKey)
    const tables: BookTables<Address> = createBookTables(sizes, buckets, (record) => {
      waiting.delete(record)
    })
    return { bucketKey, buckets, tables }
  }
  let { bucketKey, buckets, tables } = start(pinnedKey ?? random.bytes(BUCKET_KEY_BYTES))

  const unplaced = (
    address: Address,
    sourceGroup: Uint8Array,
    seenMs: number,
    marks: bigint,
  ): UnplacedRecord<Address> => ({
    address,
    key: rules.key(address),
    identity: rules.identity(address),
    sourceGroup,
    seenMs,
    succeededMs: NEVER_MS,
    attemptedMs: NEVER_MS,
    countedMs: NEVER_MS,
    failures: 0,
    marks,
  })

  const setMarks = (record: BookRecord<Address>, marks: bigint): void => {
    if (marks === record.marks) return
    record.marks = marks
    tables.touch(record)
  }

  /** Whether what is told of a known address may lead to one more place in new. */
  const isWorthAPlace = (record: BookRecord<Address>, heard: HeardAddress): boolean => {
    const places = record.newSlots.length
    if (heard.seenMs <= record.seenMs) return false
    if (record.triedSlot !== undefined || places >= sizes.newBucketsPerAddress) return false
    // Each place that it has halves the chance of another: repeating an address gains little.
    for (let place = 0; place < places; place++) if (random.below(2) !== 0) return false
    return true
  }

  /** Whether the slot is free, or what stands there has to make room. */
  const isToBeHad = (slot: number, isFirstPlace: boolean, nowMs: number): boolean => {
    const there = tables.new.get(slot)
    if (there === undefined || isTerrible(there, nowMs)) return true
    return isFirstPlace && there.newSlots.length > 1
  }

  const addKnown = (record: BookRecord<Address>, heard: HeardAddress): void => {
    const seenMs = newerSightMs(record.seenMs, heard, heard.nowMs)
    if (seenMs !== record.seenMs) {
      record.seenMs = seenMs
      tables.touch(record)
    }
    if (heard.marks !== undefined) setMarks(record, record.marks | marksOf(heard.marks))
    if (!isWorthAPlace(record, heard)) return
    const slot = buckets.newSlot(record.address, heard.sourceGroup)
    if (record.newSlots.includes(slot) || !isToBeHad(slot, false, heard.nowMs)) return
    tables.freeNew(slot)
    tables.addNew(record, slot)
  }

  const succeeded = (record: BookRecord<Address>, nowMs: number): void => {
    lastGoodMs = nowMs
    record.succeededMs = nowMs
    record.attemptedMs = nowMs
    record.failures = 0
    tables.touch(record)
  }

  const selectFrom = (
    table: Pick<SlotTable<BookRecord<Address>>, 'draw' | 'walk'>,
    nowMs: number,
    isWanted: (record: BookRecord<Address>) => boolean,
  ): BookRecord<Address> | undefined => {
    let growth = 1
    for (let trial = 0; trial < SELECT_TRIES_MAX; trial++) {
      const record = table.draw(random, isWanted)
      if (record === undefined) continue
      if (random.unit() < growth * chanceOf(record, nowMs)) return record
      growth *= CHANCE_GROWTH
    }
    let looksLeft = SELECT_WALK_MAX
    return table.walk(random, (record) => looksLeft-- > 0 && isWanted(record))
  }

  const selectRecord = (
    nowMs: number,
    isNewOnly: boolean,
    isWanted: (record: BookRecord<Address>) => boolean,
  ): BookRecord<Address> | undefined => {
    const { order } = tables
    // In a small network all are connected, as a rule: a look at each costs less than tries in vain.
    if (order.length <= LOOKED_AT_MAX && !order.some(isWanted)) return undefined
    if (isNewOnly) return selectFrom(tables.new, nowMs, isWanted)
    const [first, second] =
      random.below(2) === 0 ? [tables.tried, tables.new] : [tables.new, tables.tried]
    return selectFrom(first, nowMs, isWanted) ?? selectFrom(second, nowMs, isWanted)
  }

  const viewOf = (record: BookRecord<Address>): AddressView<Address> => ({
    address: record.address,
    table: record.triedSlot === undefined ? 'new' : 'tried',
    places: record.triedSlot === undefined ? record.newSlots.length : 1,
    seenMs: record.seenMs,
    succeededMs: record.succeededMs,
    attemptedMs: record.attemptedMs,
    failures: record.failures,
    marks: record.marks,
  })

  /** A record of the store in its place; undefined where that is taken. */
  const place = (
    { address, stored }: ReadRecord<Address>,
    isRestored: boolean,
    nowMs: number,
  ): BookRecord<Address> | undefined => {
    const { isTried, newBuckets } = stored
    const record = {
      ...unplaced(address, stored.sourceGroup, stored.seenMs, stored.marks),
      // What we did ourselves is not ahead of us: our clock was wrong then, or is now.
      succeededMs: Math.min(stored.succeededMs, nowMs),
      attemptedMs: Math.min(stored.attemptedMs, nowMs),
      countedMs: Math.min(stored.countedMs, nowMs),
      failures: stored.failures,
    }
    if (isTried) {
      const slot = buckets.triedSlot(address)
      if (tables.tried.get(slot) === undefined) return tables.createTried(record, slot)
    }
    let placed: BookRecord<Address> | undefined
    for (const bucket of isRestored ? newBuckets.slice(0, sizes.newBucketsPerAddress) : []) {
      if (bucket >= sizes.newBuckets) continue
      const slot = buckets.newSlotIn(address, bucket)
      if (tables.new.get(slot) !== undefined) continue
      if (placed === undefined) placed = tables.create(record, slot)
      else tables.addNew(placed, slot)
    }
    if (placed !== undefined) return placed
    const slot = buckets.newSlot(address, stored.sourceGroup)
    return tables.new.get(slot) === undefined ? tables.create(record, slot) : undefined
  }

  return {
    add(address, told) {
      const nowMs = wholeMs(told.nowMs)
      const penaltyMs = told.isOwnSource ? 0 : told.penaltyMs
      const heard = { ...told, nowMs, penaltyMs, seenMs: wholeMs(told.seenMs) }
      if (told.sourceGroup.length > GROUP_BYTES_MAX) return false
      const known = tables.get(rules.key(address))
      if (known !== undefined) {
        addKnown(known, heard)
        return false
      }
      if (wrongToKeep(rules, address) !== undefined) return false
      const slot = buckets.newSlot(address, heard.sourceGroup)
      if (!isToBeHad(slot, true, nowMs)) return false
      tables.freeNew(slot)
      // The group's bytes may be a view of something larger that is not to be kept.
      const sourceGroup = Uint8Array.from(heard.sourceGroup)
      const seenMs = wholeMs(heard.seenMs - penaltyMs)
      tables.create(unplaced(address, sourceGroup, seenMs, marksOf(heard.marks ?? 0n)), slot)
      return true
    },
    good(key, wallMs) {
      const nowMs = wholeMs(wallMs)
      lastGoodMs = nowMs
      const record = tables.get(key)
      if (record === undefined) return
      succeeded(record, nowMs)
      if (record.triedSlot !== undefined) return
      const slot = buckets.triedSlot(record.address)
      if (tables.tried.get(slot) === undefined) {
        waiting.delete(record)
        tables.moveToTried(record, slot)
      } else if (waiting.size < COLLISIONS_MAX) waiting.add(record)
    },
    attempt(key, isCounted, wallMs) {
      const record = tables.get(key)
      if (record === undefined) return () => undefined
      const nowMs = wholeMs(wallMs)
      const { attemptedMs, countedMs, failures } = record
      record.attemptedMs = nowMs
      // While nothing succeeds anywhere, one failure each: it may be our own link that is down.
      if (isCounted && record.countedMs < lastGoodMs) {
        record.countedMs = nowMs
        record.failures = Math.min(record.failures + 1, FAILURES_MAX)
      }
      tables.touch(record)
      return () => {
        // What is known of it since then, or that it left the book, stays.
        if (tables.get(key) !== record || record.attemptedMs !== nowMs) return
        Object.assign(record, { attemptedMs, countedMs, failures })
        tables.touch(record)
      }
    },
    connected(key, wallMs) {
      const record = tables.get(key)
      const nowMs = wholeMs(wallMs)
      if (record === undefined || !isSightAtEnd(record.seenMs, nowMs)) return
      record.seenMs = nowMs
      tables.touch(record)
    },
    mark(key, marks) {
      const record = tables.get(key)
      if (record !== undefined) setMarks(record, marksOf(marks))
    },
    remove(key) {
      const record = tables.get(key)
      if (record !== undefined) tables.forget(record)
    },
    select(nowMs, { isNewOnly = false, isWanted } = {}) {
      const record = selectRecord(
        nowMs,
        isNewOnly,
        isWanted === undefined ? () => true : (one) => isWanted(viewOf(one)),
      )
      return record === undefined ? undefined : viewOf(record)
    },
    sample(max, percent, nowMs, isTellable = () => true) {
      const total = tables.order.length
      const count = Math.min(max, Math.floor((total * percent) / 100))
      const told: AddressView<Address>[] = []
      for (let rank = 0; rank < total && told.length < count; rank++) {
        tables.swap(rank, rank + random.below(total - rank))
        const record = tables.order[rank]
        if (record === undefined || isTerrible(record, nowMs)) continue
        const view = viewOf(record)
        if (isTellable(view)) told.push(view)
      }
      return told
    },
    byIdentity(identity) {
      let best: BookRecord<Address> | undefined
      for (const record of tables.ofIdentity(identity)) {
        if (best === undefined || isBetter(record, best)) best = record
      }
      return best?.address
    },
    find(key) {
      const record = tables.get(key)
      return record === undefined ? undefined : viewOf(record)
    },
    collisions(nowMs) {
      const probed = new Set<BookRecord<Address>>()
      for (const newcomer of waiting) {
        const old = tables.tried.get(buckets.triedSlot(newcomer.address))
        if (old !== undefined && verdictOn(old, newcomer, nowMs) === 'probe') probed.add(old)
      }
      return [...probed].map(viewOf)
    },
    resolveCollisions(wallMs, isConnected) {
      const nowMs = wholeMs(wallMs)
      for (const newcomer of [...waiting]) {
        // To make room for an earlier one it may have left the book.
        if (!waiting.has(newcomer)) continue
        const slot = buckets.triedSlot(newcomer.address)
        const old = tables.tried.get(slot)
        if (old !== undefined && isConnected(old.key)) succeeded(old, nowMs)
        const verdict = old === undefined ? 'replace' : verdictOn(old, newcomer, nowMs)
        if (verdict === 'probe' || verdict === 'wait') continue
        waiting.delete(newcomer)
        if (verdict === 'replace') tables.moveToTried(newcomer, slot)
      }
    },
    get size() {
      return { new: tables.order.length - tables.triedCount, tried: tables.triedCount }
    },
    *slots() {
      for (const table of ['new', 'tried'] as const) {
        for (const [slot, { key }] of tables[table].entries()) {
          const bucket = Math.floor(slot / bucketSize)
          yield { table, bucket, position: slot % bucketSize, key }
        }
      }
    },
    changes() {
      const { gone, written } = tables.changes()
      /** By key: what is written over is not deleted as well. */
      const changes = new Map<string, StoreChange>()
      const set = (key: Uint8Array, value?: Uint8Array): void => {
        const change = { table: ADDRESSES_TABLE, key }
        changes.set(encodeHex(key), value === undefined ? change : { ...change, value })
      }
      for (const key of useless) set(key)
      for (const key of gone) set(recordKey(rules.digest, key))
      for (const record of written) {
        const key = recordKey(rules.digest, record.key)
        const isTried = record.triedSlot !== undefined
        const newBuckets = record.newSlots.map((slot) => Math.floor(slot / bucketSize))
        const text = rules.print(record.address)
        set(key, encodeRecord(rules.digest, { ...record, text, isTried, newBuckets }))
      }
      if (!isSecretStored) {
        const { newBuckets, newBucketsPerSourceGroup } = sizes
        const secret = { newBuckets, newBucketsPerSourceGroup, bucketKey }
        set(SECRET_KEY, encodeSecret(rules.digest, secret))
      }
      useless = []
      isSecretStored = true
      return [...changes.values()]
    },
    load(entries, wallMs) {
      const nowMs = wholeMs(wallMs)
      if (tables.order.length > 0) throw new Error('the address book is loaded before it is used')
      const recordsMax = bucketSize * (sizes.newBuckets + sizes.triedBuckets)
      const { secret, records, skipped } = readEntries(rules, recordsMax, entries)
      // Buckets of new were drawn with that secret, for those sizes; all else is drawn again.
      const isSameSecret =
        secret !== undefined &&
        (pinnedKey === undefined || encodeHex(secret.bucketKey) === encodeHex(pinnedKey))
      const isRestored =
        isSameSecret &&
        secret.newBuckets === sizes.newBuckets &&
        secret.newBucketsPerSourceGroup === sizes.newBucketsPerSourceGroup
      if (isSameSecret) ({ bucketKey, buckets, tables } = start(secret.bucketKey))
      isSecretStored = isRestored
      let newestMs = NEVER_MS + 1
      // Tried first: who has answered has the better claim to a place.
      for (const isTried of [true, false]) {
        for (const read of records) {
          if (read.stored.isTried !== isTried) continue
          const record = place(read, isRestored, nowMs)
          if (record === undefined) {
            skipped.add(read.storeKey, 'its place is taken', true)
            continue
          }
          newestMs = Math.max(newestMs, record.succeededMs)
          const isAsStored = isTried
            ? record.triedSlot !== undefined
            : isRestored && record.newSlots.length === read.stored.newBuckets.length
          tables.markStored(record, isAsStored)
        }
      }
      lastGoodMs = newestMs
      useless = skipped.useless
      const { reasons, count } = skipped
      return { loaded: tables.order.length, skipped: reasons, skippedCount: count }
    },
  }
}
