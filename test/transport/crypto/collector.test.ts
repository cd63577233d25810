import { constants, PerformanceObserver } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { bytesPerFillingOf, countMemory } from '../../../transport/crypto/collector.ts'
import { uncountMemory } from '../../../transport/crypto/collector.ts'

const KIBIBYTE = 1_024
const RECORD = new Uint8Array(64 * KIBIBYTE)

/** Node's types leave out what it says of a collection. */
const kindOf = (entry: PerformanceEntry): unknown =>
  (Reflect.get(entry, 'detail') as { readonly kind?: unknown }).kind

/** How often young garbage was collected meanwhile. */
async function collections(work: () => void): Promise<number> {
  let count = 0
  const take = (entries: readonly PerformanceEntry[]): void => {
    for (const entry of entries) if (kindOf(entry) === constants.NODE_PERFORMANCE_GC_MINOR) count++
  }
  const observer = new PerformanceObserver((list) => {
    take(list.getEntries())
  })
  observer.observe({ entryTypes: ['gc'] })
  work()
  // They are told of in a later turn; what was not is still to be taken.
  for (let turns = 0; turns < 3; turns++) await turn()
  take(observer.takeRecords())
  observer.disconnect()
  return count
}

test('young garbage is collected for at most 16 MiB that ciphers gave', async () => {
  const times = await collections(() => {
    for (let count = 0; count < 16_384; count++) countMemory(RECORD)
  })
  expect(times).toBeGreaterThanOrEqual(1_024 / 16)
})

test('what was given back, and what is small, brings no collector', async () => {
  const times = await collections(() => {
    for (let count = 0; count < 16_384; count++) {
      countMemory(RECORD)
      uncountMemory(RECORD)
      countMemory(RECORD.subarray(0, 4 * KIBIBYTE - 1))
    }
  })
  expect(times).toBeLessThan(8)
})

test('a young generation is filled before 16 MiB lie outside, and one that is too large for that is not', () => {
  for (const mebibytes of [0, 0.5, 1, 8, 12, 16]) {
    const youngBytes = mebibytes * KIBIBYTE * KIBIBYTE
    const bytes = bytesPerFillingOf(youngBytes) ?? Infinity
    expect(bytes).toBeGreaterThanOrEqual(8 * KIBIBYTE)
    expect((youngBytes / (8 * KIBIBYTE)) * bytes).toBeLessThanOrEqual(16 * KIBIBYTE * KIBIBYTE)
  }
  expect(bytesPerFillingOf(17 * KIBIBYTE * KIBIBYTE)).toBeUndefined()
})
