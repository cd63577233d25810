/**
 * What comes in through a store's calls, checked and copied: from here on nothing is shared with
 * the caller. A check that fails is the caller's broken invariant and changes nothing.
 *
 * Inside the stores a key is a text in which each character is one byte: it can stand in a Map, and
 * its order is bytewise order.
 * @module
 */
import { STORE_KEY_BYTES_MAX, STORE_TABLE_NAME } from '../world/store.ts'
import type { StoreChange, StoreRange } from '../world/store.ts'
import type { OrderedRange } from './ordered-table.ts'

export interface OwnChange {
  readonly table: string
  readonly key: string
  /** `undefined` takes the entry away. */
  readonly value: Uint8Array | undefined
}

export interface OwnBatch {
  readonly number: number
  readonly changes: readonly OwnChange[]
  readonly bytes: number
}

export interface OwnRange extends OrderedRange {
  readonly limit: number
}

/** @throws {RangeError} for a key or a table outside the contract. */
export function ownBatch(number: number, changes: readonly StoreChange[]): OwnBatch {
  let bytes = 0
  const own = changes.map(({ table, key, value }): OwnChange => {
    bytes += key.length + (value?.length ?? 0)
    return { table: checkTable(table), key: checkKey(key), value: value && copyOf(value) }
  })
  return { number, changes: own, bytes }
}

/** @throws {RangeError} for a limit that is not a count. */
export function ownRange({ from, before, reverse = false, limit }: StoreRange): OwnRange {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new RangeError(`the limit of a range is a count of entries, not ${limit}`)
  }
  return { from: from && keyText(from), before: before && keyText(before), reverse, limit }
}

export function checkTable(table: string): string {
  if (!STORE_TABLE_NAME.test(table)) {
    throw new RangeError(`"${table}" cannot name a table: it must match ${STORE_TABLE_NAME.source}`)
  }
  return table
}

export function checkKey(key: Uint8Array): string {
  if (key.length < 1 || key.length > STORE_KEY_BYTES_MAX) {
    throw new RangeError(`a key has 1 to ${STORE_KEY_BYTES_MAX} bytes, not ${key.length}`)
  }
  return keyText(key)
}

/** `latin1` maps each byte to the character of the same number, and back. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}

export function keyBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index)
  return bytes
}

/** A plain Uint8Array on memory of its own, also when a Buffer or a view came in. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
