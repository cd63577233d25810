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
  /** Made with the first item of each, and given up with its last: a small book is small in memory. */
  const slots = new Array<(Item | undefined)[] | undefined>(buckets).fill(undefined)
  const takenIn = new Uint32Array(buckets)
  let taken = 0
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
      const item = slots[bucket]?.[(first + step) % bucketSize]
      if (item !== undefined && isWanted(item)) return item
    }
    return undefined
  }

  const get = (slot: number): Item | undefined =>
    slots[Math.floor(slot / bucketSize)]?.[slot % bucketSize]

  const clear = (slot: number): void => {
    const bucket = Math.floor(slot / bucketSize)
    const items = slots[bucket]
    if (items?.[slot % bucketSize] === undefined) return
    items[slot % bucketSize] = undefined
    const left = (takenIn[bucket] ?? 0) - 1
    takenIn[bucket] = left
    taken--
    if (left > 0) return
    bucketsInUse--
    slots[bucket] = undefined
  }

  return {
    get taken() {
      return taken
    },
    get,
    put(slot, item) {
      const bucket = Math.floor(slot / bucketSize)
      const items = (slots[bucket] ??= new Array<Item | undefined>(bucketSize).fill(undefined))
      items[slot % bucketSize] = item
      const before = takenIn[bucket] ?? 0
      takenIn[bucket] = before + 1
      taken++
      if (before === 0) bucketsInUse++
    },
    clear,
    draw(random, isWanted) {
      if (taken === 0) return undefined
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
      for (const [bucket, items] of slots.entries()) {
        if (items === undefined) continue
        for (const [place, item] of items.entries()) {
          if (item !== undefined) yield [bucket * bucketSize + place, item]
        }
      }
    },
  }
}
