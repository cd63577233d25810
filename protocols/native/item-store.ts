/**
 * The items that this node keeps: which numbers of which origin it holds or once held, in memory, and
 * the items themselves, in the store. An item counts as known from the moment that it is written, and
 * as held once it is on the medium: what is not there yet is told to nobody.
 *
 * The oldest bytes go first; their numbers stay known, so that no item comes twice. Where there are too
 * many origins, one of the least makes room for a new one that somebody publishes under; else whoever
 * makes up names would keep all others out for good.
 * @module
 */
import {
  addToRuns,
  NO_RUNS,
  numbersIn,
  opensRun,
  removeFromRuns,
  runCount,
  runsHave,
  uniteRuns,
} from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import type { ChildChange, ChildTools } from '../../actors/child.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import { LOCATOR_RUNS_MAX } from '../../codec/native/messages.ts'
import type { ItemMessage } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import {
  arrivalKey,
  decodeArrival,
  decodeItem,
  encodeArrival,
  encodeItem,
  encodeOrigin,
  itemKey,
  keyBehind,
  storedBytes,
} from './item-entries.ts'
import { loadItems } from './item-load.ts'
import type { OriginState } from './item-load.ts'
import type { NativeLimits } from './limits.ts'

const U64_MAX = 0xffff_ffff_ffff_ffffn
/** Entries that are looked at together when room is made: with the largest payloads 1 MiB. */
const ROOM_ENTRIES = 16
/** Ids of the newest, in memory: what neighbours pass on again costs no read. About 2 MB. */
const RECENT_IDS_MAX = 10_000

/** An origin of which more items are held makes no room: they are taken out at once. At most 4 MiB. */
const DISPLACED_ITEMS_MAX = 64

export type ItemLimits = Pick<
  NativeLimits,
  | 'itemBytesMax'
  | 'itemBytesPerOriginMax'
  | 'itemOriginsMax'
  | 'itemsPerOriginMax'
  | 'runsPerOriginMax'
>

/** What takes its effect back, should the medium not take it. */
interface ItemWrite {
  readonly origin: string
  readonly number: bigint
  /** 0: the number alone. */
  readonly bytes: number
  readonly dropped: readonly Dropped[]
  readonly displaced?: Displaced | undefined
}

interface Dropped {
  readonly origin: string
  readonly bytes: number
}

/** An origin that made room for another, and what was known of it. */
interface Displaced {
  readonly origin: string
  readonly runs: Runs
}

export type WriteOutcome = 'durable' | 'failed'

/** What outlives an incarnation: what was written and is on its way, and who hears of it. */
export interface UnsettledItems {
  readonly writes: Set<ItemWrite>
  settle: ((write: ItemWrite, outcome: WriteOutcome) => void) | undefined
}

export interface ChangedOrigin {
  readonly originId: Uint8Array
  readonly runs: Runs
  readonly changed: number
}

export interface HeldItems {
  readonly items: readonly ItemMessage[]
  /** The number with which to go on; undefined: there are no more. */
  readonly next: bigint | undefined
}

export interface ItemStore {
  /** Rises whenever what is held or once was changes. */
  readonly version: number
  /** Held, once held, or being written. */
  has(origin: string, number: bigint): boolean
  /**
   * Whether its origin has room for this number among its runs, and the node for its origin; where it
   * may displace another one, that one's room counts.
   */
  fits(origin: string, number: bigint, mayDisplace?: boolean): boolean
  /** With what is being written. */
  known(origin: string): Runs
  /** On the medium. */
  held(origin: string): Runs
  /** Origins whose numbers changed after that version, in the order of their changes. */
  changedSince(version: number): Iterable<ChangedOrigin>
  /** The id of one that is held, in hexadecimal. */
  idOf(origin: string, number: bigint): string | undefined
  /** Held, in the order of their numbers, at most `max`; without hops. */
  read(origin: string, first: bigint, last: bigint, max: number): HeldItems
  /** It has to fit, and not to be known. `settled` hears in a later step. */
  put(item: ItemMessage, id: string, settled: (outcome: WriteOutcome) => void): void
  /** How much is held. */
  sizes(): { readonly origins: number; readonly items: number; readonly bytes: number }
  /** From now on it counts as once held. It has to fit, and not to be known. */
  pass(origin: string, number: bigint): void
}

type Tools = Pick<ChildTools<NativeTypes>, 'crypto' | 'note' | 'store'>

export function createItemStore(
  tools: Tools,
  ownId: string,
  limits: ItemLimits,
  unsettled: UnsettledItems,
): ItemStore {
  const { crypto, store } = tools
  const runsMax = Math.min(limits.runsPerOriginMax, LOCATOR_RUNS_MAX)
  const { origins, unreadable, ...loaded } = loadItems(store, crypto)
  let { nextArrival } = loaded
  let version = origins.size
  const recentIds = new Map<string, string>()
  let allBytes = 0
  for (const { bytes } of origins.values()) allBytes += bytes
  if (unreadable > 0) tools.note('items-unreadable', { count: unreadable })

  /** An earlier incarnation wrote it, and does not know yet whether it was kept. */
  for (const { number, origin } of unsettled.writes) {
    const state = origins.get(origin)
    if (state !== undefined) state.runs = removeFromRuns(state.runs, number)
  }

  const stateOf = (origin: string): OriginState => {
    const known = origins.get(origin)
    if (known !== undefined) return known
    const originId = decodeHex(origin) ?? new Uint8Array()
    const [runs, written] = [NO_RUNS, NO_RUNS]
    const state = { originId, runs, written, items: 0, bytes: 0, changed: 0 }
    origins.set(origin, state)
    return state
  }

  const count = (state: OriginState, items: number, bytes: number): void => {
    state.items += items
    state.bytes += bytes
    allBytes += bytes
  }

  unsettled.settle = ({ bytes, displaced, dropped, number, origin }, outcome) => {
    const state = origins.get(origin)
    if (state === undefined) return
    if (outcome === 'durable') {
      state.runs = addToRuns(state.runs, number)
      state.changed = ++version
      // Last in the order of changes.
      origins.delete(origin)
      origins.set(origin, state)
      return
    }
    state.written = removeFromRuns(state.written, number)
    recentIds.delete(`${origin} ${number}`)
    if (bytes > 0) count(state, -1, -bytes)
    if (displaced !== undefined) {
      const back = stateOf(displaced.origin)
      back.runs = uniteRuns(back.runs, displaced.runs)
      back.written = uniteRuns(back.written, displaced.runs)
    }
    for (const back of dropped) count(stateOf(back.origin), 1, back.bytes)
    if (state.written.length === 0) origins.delete(origin)
  }

  const write = (
    kept: ItemWrite,
    changes: readonly ChildChange[],
    settled?: (outcome: WriteOutcome) => void,
  ): void => {
    unsettled.writes.add(kept)
    store.write(changes, (outcome) => {
      unsettled.writes.delete(kept)
      unsettled.settle?.(kept, outcome)
      settled?.(outcome)
    })
  }

  const originChanges = (origin: string, { originId, written }: OriginState): ChildChange[] => {
    const value = encodeOrigin(crypto, originId, written)
    const change = { table: 'origins', key: originId, value }
    return origin === ownId ? [change, { ...change, table: 'own' }] : [change]
  }

  const unreadableFound = (): void => {
    tools.note('items-unreadable', { count: 1 })
  }

  /**
   * The origin that makes room for another: one of which nothing is held any more, else the one with
   * the fewest numbers, of several the one that changed longest ago. So names that are made up displace
   * each other, and none that has published more than they have.
   */
  function leastOrigin(): readonly [string, OriginState] | undefined {
    const isKept = keeping()
    let least: readonly [string, OriginState] | undefined
    let leastCount = U64_MAX
    for (const [origin, state] of origins) {
      // None has fewer than one: from then on those alone are looked for of which nothing is held.
      if (leastCount === 1n && state.items > 0) continue
      if (isKept(origin, state)) continue
      if (state.items === 0) return [origin, state]
      const numbers = numbersIn(state.runs)
      if (numbers >= leastCount) continue
      least = [origin, state]
      leastCount = numbers
    }
    return least
  }

  /** It is asked of each item of an origin that is new: mostly the first one may make room. */
  function isAnyDisplaceable(): boolean {
    const isKept = keeping()
    for (const [origin, state] of origins) if (!isKept(origin, state)) return true
    return false
  }

  /** Which origins make no room now. */
  function keeping(): (origin: string, state: OriginState) => boolean {
    const beingWritten = new Set([ownId])
    for (const { dropped, origin } of unsettled.writes) {
      beingWritten.add(origin)
      for (const { origin: other } of dropped) beingWritten.add(other)
    }
    return (origin, { items }) => items > DISPLACED_ITEMS_MAX || beingWritten.has(origin)
  }

  const hasRoomFor = (origin: string): boolean =>
    origins.has(origin) || origin === ownId || origins.size < limits.itemOriginsMax

  /** What has to go before an item of so many bytes comes. */
  function makeRoom(origin: string, needed: number) {
    const changes: ChildChange[] = []
    const dropped: Dropped[] = []
    const gone = new Set<string>()

    const drop = (of: OriginState, name: string, key: Uint8Array, value: Uint8Array): void => {
      gone.add(encodeHex(key))
      changes.push({ table: 'payloads', key })
      const kept = decodeItem(crypto, key, value)
      // Where it is damaged, the entry of its arrival is found to lead nowhere later.
      if (kept !== undefined) changes.push({ table: 'arrivals', key: arrivalKey(kept.arrival) })
      const bytes = storedBytes(value)
      count(of, -1, -bytes)
      dropped.push({ origin: name, bytes })
    }

    const displace = (name: string, least: OriginState): Displaced => {
      const held = store.range('payloads', {
        from: itemKey(least.originId, 0n),
        before: keyBehind(itemKey(least.originId, U64_MAX)),
        limit: DISPLACED_ITEMS_MAX,
      })
      for (const [key, value] of held) drop(least, name, key, value)
      changes.push({ table: 'origins', key: least.originId })
      origins.delete(name)
      return { origin: name, runs: least.runs }
    }

    const least = hasRoomFor(origin) ? undefined : leastOrigin()
    const displaced = least && displace(...least)
    const state = stateOf(origin)
    const isOriginFull = (): boolean =>
      state.items >= limits.itemsPerOriginMax || state.bytes + needed > limits.itemBytesPerOriginMax
    let from: Uint8Array | undefined = itemKey(state.originId, 0n)
    const before = keyBehind(itemKey(state.originId, U64_MAX))
    while (from !== undefined && isOriginFull()) {
      const at: Uint8Array = from
      from = undefined
      for (const [key, value] of store.range('payloads', {
        from: at,
        before,
        limit: ROOM_ENTRIES,
      })) {
        if (!isOriginFull()) break
        drop(state, origin, key, value)
        from = keyBehind(key)
      }
    }

    const isFull = (): boolean => allBytes + needed > limits.itemBytesMax
    from = arrivalKey(0n)
    while (from !== undefined && isFull()) {
      const at: Uint8Array = from
      from = undefined
      for (const [key, value] of store.range('arrivals', { from: at, limit: ROOM_ENTRIES })) {
        if (!isFull()) break
        from = keyBehind(key)
        const of = decodeArrival(crypto, key, value)
        const held = of && itemKey(of.originId, of.number)
        if (held !== undefined && gone.has(encodeHex(held))) continue
        const entry = held && store.get('payloads', held)
        if (of === undefined || held === undefined || entry === undefined) {
          changes.push({ table: 'arrivals', key })
          continue
        }
        const name = encodeHex(of.originId)
        drop(stateOf(name), name, held, entry)
      }
    }
    return { changes, displaced, dropped, state }
  }

  const noteId = (name: string, id: string): void => {
    recentIds.set(name, id)
    for (const oldest of recentIds.keys()) {
      if (recentIds.size <= RECENT_IDS_MAX) return
      recentIds.delete(oldest)
    }
  }

  const readItem = (originId: Uint8Array, number: bigint) => {
    const key = itemKey(originId, number)
    const value = store.get('payloads', key)
    return value && decodeItem(crypto, key, value)
  }

  return {
    sizes() {
      let items = 0
      for (const state of origins.values()) items += state.items
      return { origins: origins.size, items, bytes: allBytes }
    },
    get version() {
      return version
    },
    has: (origin, number) => runsHave(origins.get(origin)?.written ?? NO_RUNS, number),
    fits(origin, number, mayDisplace = false) {
      const state = origins.get(origin)
      if (state === undefined) {
        return hasRoomFor(origin) || (mayDisplace && isAnyDisplaceable())
      }
      return !opensRun(state.written, number) || runCount(state.written) < runsMax
    },
    known: (origin) => origins.get(origin)?.written ?? NO_RUNS,
    held: (origin) => origins.get(origin)?.runs ?? NO_RUNS,
    *changedSince(since) {
      for (const { changed, originId, runs } of origins.values()) {
        if (changed > since && runs.length > 0) yield { changed, originId, runs }
      }
    },
    idOf(origin, number) {
      const recent = recentIds.get(`${origin} ${number}`)
      if (recent !== undefined) return recent
      const state = origins.get(origin)
      const kept = state && readItem(state.originId, number)
      return kept && encodeHex(kept.id)
    },
    read(origin, first, last, max) {
      const state = origins.get(origin)
      if (state === undefined) return { items: [], next: undefined }
      const items: ItemMessage[] = []
      const from = itemKey(state.originId, first)
      const before = keyBehind(itemKey(state.originId, last))
      const entries = [...store.range('payloads', { from, before, limit: max })]
      let reached = first
      for (const [key, value] of entries) {
        const kept = decodeItem(crypto, key, value)
        if (kept === undefined) {
          unreadableFound()
          count(state, -1, -storedBytes(value))
          store.write([{ table: 'payloads', key }])
          continue
        }
        reached = kept.item.number
        if (runsHave(state.runs, reached)) items.push(kept.item)
      }
      const isMore = entries.length === max && reached < last
      return { items, next: isMore ? reached + 1n : undefined }
    },
    put(item, id, settled) {
      const origin = encodeHex(item.originId)
      const { number } = item
      const arrival = nextArrival++
      const idBytes = decodeHex(id) ?? new Uint8Array()
      const value = encodeItem(crypto, { arrival, id: idBytes, item })
      const bytes = storedBytes(value)
      const { changes, displaced, dropped, state } = makeRoom(origin, bytes)
      state.written = addToRuns(state.written, number)
      count(state, 1, bytes)
      noteId(`${origin} ${number}`, id)
      if (dropped.length > 0) {
        const droppedBytes = dropped.reduce((sum, one) => sum + one.bytes, 0)
        tools.note('items-dropped', { count: dropped.length, bytes: droppedBytes })
      }
      changes.push(
        { table: 'payloads', key: itemKey(item.originId, number), value },
        {
          table: 'arrivals',
          key: arrivalKey(arrival),
          value: encodeArrival(crypto, arrival, item),
        },
        ...originChanges(origin, state),
      )
      write({ origin, number, bytes, dropped, displaced }, changes, settled)
    },
    pass(origin, number) {
      const state = stateOf(origin)
      state.written = addToRuns(state.written, number)
      write({ origin, number, bytes: 0, dropped: [] }, originChanges(origin, state))
    },
  }
}
