/**
 * One table of the address book: buckets of slots, each empty or taken by one item. It knows how
 * many are taken, and draws among them bucket by bucket, so that a crowded bucket outweighs none.
 * @module
 */
import type { Random } from '../world/random.ts'

export interface SlotTable<Item> {
  readonly taken: number
  get(slot: number): Item | undefined
  /** The slot has to be free. */
  put(slot: number, item: Item): void
  clear(slot: number): void
  /** A random bucket with anything in it, and in it the first wanted item from a random position. */
  draw(random: Random, isWanted: (item: Item) => boolean): Item | undefined
  /** The first wanted item from a random bucket on: it is found wherever it is. */
  walk(random: Random, isWanted: (item: Item) => boolean): Item | undefined
  entries(): IterableIterator<readonly [slot: number, item: Item]>
}

export function createSlotTable<Item>(buckets: number, bucketSize: number): SlotTable<Item> {
  /** A book has room for tens of thousands, and most hold some hundreds: they are small in memory. */
  const slots = new Map<number, Item>()
  const takenIn = new Uint32Array(buckets)
  let bucketsInUse = 0

  /** The bucket that stands at `rank` among those with anything in them. */
  const bucketInUse = (rank: number): number => {
    let left = rank
    for (let bucket = 0; bucket < buckets; bucket++) {
      if (takenIn[bucket] === 0) continue
      if (left === 0) return bucket
      left--
    }
    throw new RangeError(`${rank} is not below the ${bucketsInUse} buckets in use`)
  }

  /** The first wanted item of a bucket from `first` on and round to it. */
  const firstIn = (
    bucket: number,
    first: number,
    isWanted: (item: Item) => boolean,
  ): Item | undefined => {
    for (let step = 0; step < bucketSize; step++) {
      const item = slots.get(bucket * bucketSize + ((first + step) % bucketSize))
      if (item !== undefined && isWanted(item)) return item
    }
    return undefined
  }

  const clear = (slot: number): void => {
    if (!slots.delete(slot)) return
    const bucket = Math.floor(slot / bucketSize)
    const left = (takenIn[bucket] ?? 0) - 1
    takenIn[bucket] = left
    if (left === 0) bucketsInUse--
  }

  return {
    get taken() {
      return slots.size
    },
    get: (slot) => slots.get(slot),
    put(slot, item) {
      const bucket = Math.floor(slot / bucketSize)
      slots.set(slot, item)
      const before = takenIn[bucket] ?? 0
      takenIn[bucket] = before + 1
      if (before === 0) bucketsInUse++
    },
    clear,
    draw(random, isWanted) {
      if (slots.size === 0) return undefined
      const bucket = bucketInUse(random.below(bucketsInUse))
      return firstIn(bucket, random.below(bucketSize), isWanted)
    },
    walk(random, isWanted) {
      const first = random.below(buckets)
      for (let step = 0; step < buckets; step++) {
        const bucket = (first + step) % buckets
        if (takenIn[bucket] === 0) continue
        const item = firstIn(bucket, 0, isWanted)
        if (item !== undefined) return item
      }
      return undefined
    },
    *entries() {
      yield* [...slots].toSorted(([one], [other]) => one - other)
    },
  }
}
