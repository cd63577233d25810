/**
 * Batches whose content follows from their numbers, so that what a killed process left behind can
 * be compared to the byte with what it should have.
 */
import type { StoreChange, StoreEntry } from '../../world/store.ts'

export const TABLES = ['rows-0', 'rows-1', 'rows-2']
const ROWS_PER_BATCH = 20
/** A batch takes away the rows of the one so far before it. */
const KEPT_BATCHES = 40

export function changesOf(number: number): readonly StoreChange[] {
  const changes: StoreChange[] = rowsOf(number).map(([table, key, value]) => ({
    table,
    key,
    value,
  }))
  if (number > KEPT_BATCHES) {
    for (const [table, key] of rowsOf(number - KEPT_BATCHES)) changes.push({ table, key })
  }
  return [...changes, { table: 'state', key: LAST, value: numberBytes(number) }]
}

/** The key under which the last batch's number stands. */
export const LAST = new TextEncoder().encode('last')

export function numberIn(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Buffer.from(value).readUInt32BE(0)
}

/** All that a table holds after this batch. */
export function contentAfter(number: number, table: string): readonly StoreEntry[] {
  const first = Math.max(1, number - KEPT_BATCHES + 1)
  return Array.from({ length: number - first + 1 }, (_, index) => rowsOf(first + index))
    .flat()
    .filter(([name]) => name === table)
    .map(([, key, value]) => [key, value])
}

/** Where two lists of entries part; `undefined`: nowhere. (Matchers take seconds for megabytes.) */
export function differenceOf(
  found: Iterable<StoreEntry>,
  expected: readonly StoreEntry[],
): string | undefined {
  const rest = [...expected]
  for (const [key, value] of found) {
    const [expectedKey, expectedValue] = rest.shift() ?? []
    const name = Buffer.from(key).toString('hex')
    if (expectedKey === undefined || expectedValue === undefined)
      return `${name} should not be there`
    if (Buffer.compare(key, expectedKey) !== 0) {
      return `${name} stands where ${Buffer.from(expectedKey).toString('hex')} should`
    }
    if (Buffer.compare(value, expectedValue) !== 0) return `${name} has another value`
  }
  return rest.length === 0 ? undefined : `${rest.length} entries are missing at the end`
}

/** In the order of their keys. Every tenth batch has a value of several pages. */
function rowsOf(number: number): readonly (readonly [string, Uint8Array, Uint8Array])[] {
  return Array.from({ length: ROWS_PER_BATCH }, (_, row) => {
    const length = number % 10 === 0 && row === 3 ? 20_000 : (number * 31 + row * 97) % 700
    const key = Uint8Array.from([...numberBytes(number), row])
    return [`rows-${row % 3}`, key, new Uint8Array(length).fill(number + row)] as const
  })
}

function numberBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return Uint8Array.from(bytes)
}
