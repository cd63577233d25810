/**
 * Batches that are written but not yet on the medium, and how reads see them: laid over what the
 * medium holds. A batch is seen at once and whole, and its entries are dropped only when the medium
 * shows them itself.
 * @module
 */
import type { OwnBatch } from './batch.ts'
import { createOrderedTable } from './ordered-table.ts'
import type { OrderedRange, OrderedTable } from './ordered-table.ts'

/** `null` stands for an entry that was taken away. */
export type PendingValue = Uint8Array | null

export interface Pending {
  add(batch: OwnBatch): void
  /** `undefined`: nothing is pending for this key, ask the medium. */
  get(table: string, key: string): PendingValue | undefined
  walk(table: string, range: OrderedRange): Iterable<readonly [key: string, value: PendingValue]>
  /** The medium shows these batches now. They are the oldest. */
  settle(batches: readonly OwnBatch[]): void
  clear(): void
}

interface PendingEntry {
  readonly value: PendingValue
  readonly batch: number
}

export function createPending(): Pending {
  const tables = new Map<string, OrderedTable<PendingEntry>>()

  function tableFor(name: string): OrderedTable<PendingEntry> {
    const known = tables.get(name)
    if (known !== undefined) return known
    const made = createOrderedTable<PendingEntry>()
    tables.set(name, made)
    return made
  }

  return {
    add({ number, changes }) {
      for (const { table, key, value } of changes) {
        tableFor(table).set(key, { value: value ?? null, batch: number })
      }
    },
    get: (table, key) => tables.get(table)?.get(key)?.value,
    *walk(table, range) {
      for (const [key, { value }] of tables.get(table)?.walk(range) ?? []) yield [key, value]
    },
    settle(batches) {
      for (const { number, changes } of batches) {
        for (const { table, key } of changes) {
          const entries = tables.get(table)
          const entry = entries?.get(key)
          if (entry !== undefined && entry.batch <= number) entries?.delete(key)
        }
      }
    },
    clear: () => tables.clear(),
  }
}

/** Two walks in the same direction as one; where both have a key, the pending value holds. */
export function* mergeWalks(
  committed: Iterable<readonly [key: string, value: Uint8Array]>,
  pending: Iterable<readonly [key: string, value: PendingValue]>,
  reverse: boolean,
): Generator<readonly [key: string, value: Uint8Array]> {
  const below = committed[Symbol.iterator]()
  const above = pending[Symbol.iterator]()
  try {
    let low = below.next()
    let high = above.next()
    while (low.done !== true || high.done !== true) {
      if (high.done === true || (low.done !== true && isFirst(low.value[0], high.value[0]))) {
        if (low.done !== true) yield low.value
        low = below.next()
        continue
      }
      const [key, value] = high.value
      if (low.done !== true && low.value[0] === key) low = below.next()
      if (value !== null) yield [key, value]
      high = above.next()
    }
  } finally {
    below.return?.()
    above.return?.()
  }

  function isFirst(one: string, other: string): boolean {
    return reverse ? one > other : one < other
  }
}
