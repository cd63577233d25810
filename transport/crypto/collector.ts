/**
 * Brings the collector of young garbage round in time for the memory that ciphers give.
 *
 * That memory lies outside of V8's heap. The young part of it is looked at once there are 32 MiB, or when the
 * young generation of the heap itself is full; but the whole heap is marked as soon as it has grown by 16 MiB,
 * and what lies outside counts for that. So a process whose garbage is mostly such memory never comes to the
 * former, and marks its heap every few hundred messages of 64 KiB. To fill the young generation in time costs
 * next to nothing beside that. Other engines are not asked to collect earlier by it.
 * @module
 */
import { getHeapSpaceStatistics } from 'node:v8'

/** Of smaller ones the objects around them fill the young generation in time. */
const COUNTED_BYTES_MIN = 4 * 1_024
/** How much may lie outside until young garbage is collected: well below the 16 MiB. */
const OUTSIDE_BYTES_MAX = 12 * 1_024 * 1_024
/** A larger young generation (`--max-semi-space-size`) is filled too late for that, whatever is done. */
const YOUNG_BYTES_MAX = 16 * 1_024 * 1_024
/** An array of 8 KiB: empty places of 8 bytes each, and its header. */
const FILLING_BYTES = 8 * 1_024
const FILLING_PLACES = 1_022

let dueBytes = 0
/** What one filling stands for; undefined: none is of use. */
let bytesPerFilling: number | undefined = FILLING_BYTES
/** The young generation grows and shrinks: until it is asked again. */
let unaskedBytes = 0
/** Held until the next one, so that no optimisation leaves it out. */
const held: { filling: readonly undefined[] } = { filling: [] }

/**
 * For how much memory outside a young generation of this size gets one filling, not for less than its own size:
 * the cure would be worse than the illness. Undefined: none would be in time.
 */
export function bytesPerFillingOf(youngBytes: number): number | undefined {
  if (youngBytes > YOUNG_BYTES_MAX) return undefined
  const fillings = Math.max(1, youngBytes / FILLING_BYTES)
  return Math.max(FILLING_BYTES, OUTSIDE_BYTES_MAX / fillings)
}

function askYoungGeneration(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  const bytes = (young?.space_used_size ?? 0) + (young?.space_available_size ?? 0)
  bytesPerFilling = bytesPerFillingOf(bytes)
  unaskedBytes = OUTSIDE_BYTES_MAX
}

/** So much memory was given, which the collector has to find. */
export function countMemory({ length }: Uint8Array): void {
  if (length < COUNTED_BYTES_MIN) return
  unaskedBytes -= length
  if (unaskedBytes <= 0) askYoungGeneration()
  dueBytes += length
  // What has to be made up for is not put off until there is use in it again.
  if (bytesPerFilling === undefined) dueBytes = Math.min(0, dueBytes)
  else {
    for (; dueBytes > 0; dueBytes -= bytesPerFilling) {
      held.filling = new Array<undefined>(FILLING_PLACES)
    }
  }
}

/** It was given back, and the collector does not have to. */
export function uncountMemory({ length }: Uint8Array): void {
  if (length >= COUNTED_BYTES_MIN) dueBytes -= length
}
