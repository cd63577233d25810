/**
 * What the store holds of items, read at the start of an incarnation. Entries that a medium damaged
 * are set aside: they go, their numbers stay known where another entry tells of them.
 * @module
 */
import { addToRuns, NO_RUNS, runCount, runsHave, uniteRuns } from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import type { ChildChange, ChildStore } from '../../actors/child.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { LOCATOR_RUNS_MAX } from '../../codec/native/messages.ts'
import type { StoreEntry } from '../../world/store.ts'
import {
  arrivalKey,
  decodeArrival,
  decodeItem,
  decodeOrigin,
  encodeArrival,
  encodeOrigin,
  keyBehind,
  storedBytes,
} from './item-entries.ts'
import type { Hash } from './item-entries.ts'

/** Entries in memory at once: with the largest payloads 4 MiB. */
const CHUNK_ENTRIES = 64

/** What is known of an origin's items. Their bytes are in the store alone. */
export interface OriginState {
  readonly originId: Uint8Array
  /** Held or once held, and on the medium. */
  runs: Runs
  /** The same with what is being written. */
  written: Runs
  items: number
  bytes: number
  /** Rises over all origins with each change of `runs`. */
  changed: number
}

export interface LoadedItems {
  readonly origins: Map<string, OriginState>
  readonly nextArrival: bigint
  /** Damaged entries. */
  readonly unreadable: number
}

type Table = 'arrivals' | 'origins' | 'own' | 'payloads'

function* entriesOf(store: ChildStore, table: Table): Iterable<StoreEntry> {
  let from: Uint8Array | undefined
  for (;;) {
    const entries = [
      ...store.range(table, { limit: CHUNK_ENTRIES, ...(from === undefined ? {} : { from }) }),
    ]
    yield* entries
    const last = entries.at(-1)
    if (last === undefined || entries.length < CHUNK_ENTRIES) return
    from = keyBehind(last[0])
  }
}

export function loadItems(store: ChildStore, hash: Hash): LoadedItems {
  const origins = new Map<string, OriginState>()
  const repairs: ChildChange[] = []
  let unreadable = 0
  let nextArrival = 0n

  const setAside = (table: Table, key: Uint8Array): void => {
    unreadable++
    repairs.push({ table, key })
  }
  const stateOf = (originId: Uint8Array): OriginState => {
    const origin = encodeHex(originId)
    const known = origins.get(origin)
    if (known !== undefined) return known
    const [runs, written] = [NO_RUNS, NO_RUNS]
    const fresh = { originId, runs, written, items: 0, bytes: 0, changed: origins.size + 1 }
    origins.set(origin, fresh)
    return fresh
  }

  for (const table of ['own', 'origins'] as const) {
    for (const [key, value] of entriesOf(store, table)) {
      const runs = decodeOrigin(hash, key, value)
      if (runs === undefined) {
        setAside(table, key)
        continue
      }
      const state = stateOf(key)
      state.runs = uniteRuns(state.runs, runs)
    }
  }

  /** Of each item that is held: what is left over in the end has lost its entry there. */
  const arrivals = new Set<bigint>()
  const rebuilt = new Set<OriginState>()
  for (const [key, value] of entriesOf(store, 'payloads')) {
    const kept = decodeItem(hash, key, value)
    if (kept === undefined) {
      setAside('payloads', key)
      continue
    }
    const { number, originId } = kept.item
    const state = stateOf(originId)
    if (!runsHave(state.runs, number)) {
      const runs = addToRuns(state.runs, number)
      if (runCount(runs) > LOCATOR_RUNS_MAX) {
        setAside('payloads', key)
        continue
      }
      state.runs = runs
      rebuilt.add(state)
    }
    state.items++
    state.bytes += storedBytes(value)
    arrivals.add(kept.arrival)
    if (kept.arrival >= nextArrival) nextArrival = kept.arrival + 1n
  }

  for (const [key, value] of entriesOf(store, 'arrivals')) {
    const arrival = decodeArrival(hash, key, value)?.arrival
    if (arrival === undefined) setAside('arrivals', key)
    else if (!arrivals.delete(arrival)) repairs.push({ table: 'arrivals', key })
  }
  if (arrivals.size > 0) {
    for (const [key, value] of entriesOf(store, 'payloads')) {
      const kept = decodeItem(hash, key, value)
      if (kept === undefined || !arrivals.has(kept.arrival)) continue
      const { arrival } = kept
      const entry = encodeArrival(hash, arrival, kept.item)
      repairs.push({ table: 'arrivals', key: arrivalKey(arrival), value: entry })
    }
  }
  for (const { originId, runs } of rebuilt) {
    repairs.push({ table: 'origins', key: originId, value: encodeOrigin(hash, originId, runs) })
  }
  for (const state of origins.values()) state.written = state.runs
  if (repairs.length > 0) store.write(lastOfEach(repairs))
  return { origins, nextArrival, unreadable }
}

/** One change a key: a damaged entry that is written anew is not taken away as well. */
function lastOfEach(changes: readonly ChildChange[]): readonly ChildChange[] {
  const byKey = new Map<string, ChildChange>()
  for (const change of changes) byKey.set(`${change.table} ${encodeHex(change.key)}`, change)
  return [...byKey.values()]
}
