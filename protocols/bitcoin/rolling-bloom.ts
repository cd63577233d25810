/**
 * Remembers what was last put into it, in memory of a fixed size, and now and then believes to know what
 * it never saw (a rolling Bloom filter, as Core has them). The items are in three generations: when the
 * youngest is full the oldest is forgotten, so that the last `itemsMin` are always there, and at most half
 * as many before them.
 *
 * Where an item has its bits is drawn with a secret: nobody can make up items that meet others.
 * @module
 */
import { sipHash, sipHashKeyOf } from '../../codec/bitcoin/siphash.ts'
import type { Random } from '../../world/random.ts'

export interface RollingBloomSizes {
  /** As many are remembered for sure. */
  readonly itemsMin: number
  /** Places, of two bits in memory, and how many of them one item has: they decide how often it errs. */
  readonly bits: number
  readonly bitsPerItem: number
}

export interface RollingBloom {
  add(item: Uint8Array): void
  has(item: Uint8Array): boolean
  clear(): void
}

const KEY_BYTES = 16
const WORD_BITS = 32
const GENERATIONS = 3

export function createRollingBloom(sizes: RollingBloomSizes, random: Random): RollingBloom {
  const { bits, bitsPerItem, itemsMin } = sizes
  const itemsPerGeneration = Math.ceil(itemsMin / (GENERATIONS - 1))
  // The two bits of a place are the number of the generation that set it, from 1 on.
  const low = new Uint32Array(Math.ceil(bits / WORD_BITS))
  const high = new Uint32Array(low.length)
  let key = sipHashKeyOf(random.bytes(KEY_BYTES))
  let generation = 1
  let count = 0

  /** Of one hash, as many as are wanted (Dillinger and Manolios, 2004). */
  const placesOf = (item: Uint8Array): readonly number[] => {
    const places: number[] = []
    let { low: place, high: step } = sipHash(key, item)
    for (let index = 1; index <= bitsPerItem; index++) {
      places.push(place % bits)
      place = (place + step) >>> 0
      step = (step + index) >>> 0
    }
    return places
  }

  const forget = (gone: number): void => {
    for (let word = 0; word < low.length; word++) {
      const [ones = 0, twos = 0] = [low[word], high[word]]
      const isGone = ((gone & 1) === 0 ? ~ones : ones) & ((gone & 2) === 0 ? ~twos : twos)
      low[word] = ones & ~isGone
      high[word] = twos & ~isGone
    }
  }

  return {
    add(item) {
      if (count === itemsPerGeneration) {
        count = 0
        generation = (generation % GENERATIONS) + 1
        forget(generation)
      }
      count++
      for (const place of placesOf(item)) {
        const [word, bit] = [place >>> 5, 1 << (place & 31)]
        low[word] = (generation & 1) === 0 ? (low[word] ?? 0) & ~bit : (low[word] ?? 0) | bit
        high[word] = (generation & 2) === 0 ? (high[word] ?? 0) & ~bit : (high[word] ?? 0) | bit
      }
    },
    has: (item) =>
      placesOf(item).every((place) => {
        const word = (low[place >>> 5] ?? 0) | (high[place >>> 5] ?? 0)
        return ((word >>> (place & 31)) & 1) === 1
      }),
    clear() {
      low.fill(0)
      high.fill(0)
      key = sipHashKeyOf(random.bytes(KEY_BYTES))
      generation = 1
      count = 0
    },
  }
}
