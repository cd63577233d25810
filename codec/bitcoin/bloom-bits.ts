/**
 * The bits of a filter (BIP 37): which of them an item has. What of a transaction is an item is not here.
 * @module
 */
import type { FilterLoadMessage } from './bloom-filters.ts'
import { murmurHash } from './murmur-hash.ts'

/** So far are the seeds of a filter's functions apart. */
const SEED_STEP = 0xfba4_c795

type Bloom = Pick<FilterLoadMessage, 'filter' | 'functionCount' | 'tweak'>

function bitOf({ filter, tweak }: Bloom, index: number, item: Uint8Array): number {
  const seed = (Math.imul(index, SEED_STEP) + tweak) >>> 0
  return murmurHash(seed, item) % (filter.length * 8)
}

/** A filter of no bytes lets everything pass, and one without functions. */
export function passesBloom(bloom: Bloom, item: Uint8Array): boolean {
  const { filter, functionCount } = bloom
  if (filter.length === 0) return true
  for (let index = 0; index < functionCount; index++) {
    const bit = bitOf(bloom, index, item)
    if ((((filter[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) return false
  }
  return true
}

/** Changes the filter's own bytes: they have to be owned. Of no bytes it stays as it is. */
export function addToBloom(bloom: Bloom, item: Uint8Array): void {
  const { filter, functionCount } = bloom
  if (filter.length === 0) return
  for (let index = 0; index < functionCount; index++) {
    const bit = bitOf(bloom, index, item)
    filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7))
  }
}
