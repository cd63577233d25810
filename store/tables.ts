/**
 * Named tables in memory: all of the memory store, and the durable part of a simulated one.
 * @module
 */
import { STORE_TABLES_MAX } from '../world/store.ts'
import type { StoreEntry } from '../world/store.ts'
import { copyOf, keyBytes } from './batch.ts'
import type { OwnChange, OwnRange } from './batch.ts'
import { createOrderedTable } from './ordered-table.ts'
import type { OrderedTable } from './ordered-table.ts'

/** Bytes inside are never changed once they are in, so copies of tables may share them. */
export interface Tables {
  readonly names: ReadonlySet<string>
  get(table: string, key: string): Uint8Array | undefined
  walk(table: string, range: OwnRange): Iterable<readonly [key: string, value: Uint8Array]>
  apply(changes: readonly OwnChange[]): void
}

export function createTables(): Tables {
  const tables = new Map<string, OrderedTable<Uint8Array>>()
  const names = new Set<string>()

  function tableFor(name: string): OrderedTable<Uint8Array> {
    const known = tables.get(name)
    if (known !== undefined) return known
    const made = createOrderedTable<Uint8Array>()
    tables.set(name, made)
    names.add(name)
    return made
  }

  return {
    names,
    get: (table, key) => tables.get(table)?.get(key),
    walk: (table, range) => tables.get(table)?.walk(range) ?? [],
    apply(changes) {
      for (const { table, key, value } of changes) {
        if (value === undefined) tables.get(table)?.delete(key)
        else tableFor(table).set(key, value)
      }
    },
  }
}

/** The first entries of a walk, as the contract hands them out: copies, at most `limit` of them. */
export function* entriesOf(
  walk: Iterable<readonly [key: string, value: Uint8Array]>,
  limit: number,
): Generator<StoreEntry> {
  let left = limit
  if (left === 0) return
  for (const [key, value] of walk) {
    yield [keyBytes(key), copyOf(value)]
    left -= 1
    if (left === 0) return
  }
}

/** @throws {RangeError} when the changes would open a table above the limit. */
export function checkTables(names: Iterable<string>, changes: readonly OwnChange[]): void {
  const all = new Set(names)
  for (const { table } of changes) all.add(table)
  if (all.size > STORE_TABLES_MAX) {
    throw new RangeError(`a store has at most ${STORE_TABLES_MAX} tables`)
  }
}
