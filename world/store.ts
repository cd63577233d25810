/**
 * What the core may ask of a store: named tables of bytes in the order of their keys.
 *
 * A store is driven by calls and answers by inputs (`StoreInput`), never inside a call. Reads are
 * synchronous and see every batch that was written before, durable or not. A batch is atomic:
 * after a crash all of it is there or nothing of it, and never a later batch without an earlier one.
 * @module
 */

/** The longest key any table here needs is under 100 bytes; every store's engine takes this much. */
export const STORE_KEY_BYTES_MAX = 256
/** A network uses about ten tables; an engine pays for each possible one with every transaction. */
export const STORE_TABLES_MAX = 32
/** A table's name is a word or two: lower case letters, digits, `-` and `.`, from a letter. */
export const STORE_TABLE_NAME = /^[a-z][a-z0-9.-]{0,63}$/

/** Order is bytewise, a prefix before what it begins. Keys have 1 to `STORE_KEY_BYTES_MAX` bytes. */
export type StoreKey = Uint8Array
export type StoreEntry = readonly [key: StoreKey, value: Uint8Array]

export type StoreChange =
  | { readonly table: string; readonly key: StoreKey; readonly value: Uint8Array }
  | { readonly table: string; readonly key: StoreKey; readonly value?: undefined }

export interface StoreRange {
  /** The first key, included. Left out: from the start. */
  readonly from?: StoreKey
  /** The key to stop before. Left out: to the end. */
  readonly before?: StoreKey
  readonly reverse?: boolean
  /** At most so many entries. */
  readonly limit: number
}

/** Why a store did not open or could not write. Codes of ours, never a system's text. */
export type StoreFault = 'owned' | 'no-access' | 'no-space' | 'damaged' | 'closed' | 'failed'

export type StoreInput =
  /** Open. `setAside` names the damaged files that were moved away, with the reason in our words. */
  | { readonly kind: 'store.opened'; readonly setAside: readonly string[] }
  | { readonly kind: 'store.refused'; readonly fault: StoreFault; readonly message: string }
  /** Every batch up to and including this number is on the medium. */
  | { readonly kind: 'store.durable'; readonly batch: number }
  /** The batch and all after it are not on the medium and never will be; reads no longer see them. */
  | { readonly kind: 'store.failed'; readonly batch: number; readonly fault: StoreFault }
  /** The last input. `fault` says why the flush did not reach the medium; left out: it did. */
  | { readonly kind: 'store.closed'; readonly fault?: StoreFault }

/**
 * What `get`, `range` and `write` throw when the store cannot serve them: it is not open (any
 * more), or a read met a damaged file. A call that breaks the contract (a key of 0 or 257 bytes, a
 * batch number that does not rise) throws a RangeError and changes nothing.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly fault: StoreFault

  constructor(fault: StoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

export interface Store {
  /** Once, before all else. Answered by `store.opened` or `store.refused`, never inside this call. */
  open(answer: (input: StoreInput) => void): void
  /** The value in memory that the caller may keep; a store never changes bytes it handed out. */
  get(table: string, key: StoreKey): Uint8Array | undefined
  /** The entries in order. What is written while the result is walked may or may not be seen. */
  range(table: string, range: StoreRange): Iterable<StoreEntry>
  /**
   * Visible to reads when this returns; answered later by `store.durable` or `store.failed`.
   * Batches are numbered by the caller, rising. The store copies what it keeps.
   */
  write(batch: number, changes: readonly StoreChange[]): void
  /** Flushes, releases, then answers `store.closed`, and nothing else from this call on. */
  close(): void
}
