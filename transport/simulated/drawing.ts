/**
 * Draws of a simulated network. They use whole numbers and products alone: a logarithm's last digit is
 * the platform's, and a run is the same on each. A segment draws several times, so the source is read
 * in blocks, and a draw is one word of it; what that favours is under one in a million.
 * @module
 */
import type { Random } from '../../world/random.ts'
import type { Range } from './faults.ts'

export interface Draws {
  /** From 0 to under 1, in steps of 2^-32. */
  unit(): number
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  between(range: Range): number
  /** A chance of 0 draws nothing: what never happens shifts nothing. */
  happens(chance: number): boolean
  /**
   * Close to an exponential distribution: a piece for each halving, even within it. The leading zeros
   * of the word say which piece, what stands behind them where in it.
   */
  tail(mean: number): number
}

const WORDS = 256
const WORD_BYTES = 4
const TWO_TO_32 = 2 ** 32

export function drawsFrom(random: Random): Draws {
  let view: DataView = new DataView(new ArrayBuffer(0))
  let offset = 0

  const word = (): number => {
    if (offset === view.byteLength) {
      view = new DataView(random.bytes(WORDS * WORD_BYTES).buffer)
      offset = 0
    }
    const drawn = view.getUint32(offset, true)
    offset += WORD_BYTES
    return drawn
  }
  const unit = (): number => word() / TWO_TO_32

  return {
    unit,
    below: (limit) => Math.floor(unit() * limit),
    between: ({ min, max }) => min + unit() * (max - min),
    happens: (chance) => chance > 0 && unit() < chance,
    tail(mean) {
      if (mean === 0) return 0
      const bits = word()
      const piece = Math.clz32(bits)
      const within = piece >= 31 ? 0 : ((bits << (piece + 1)) >>> 0) / TWO_TO_32
      // One piece in the mean, and half a piece.
      return (mean * (piece + within)) / 1.5
    },
  }
}

/** From 0 to under 1, the same for the same three whole numbers (the mixing steps of MurmurHash3). */
export function mixed(seed: number, one: number, other: number): number {
  let hash = Math.imul(seed ^ Math.imul(one + 1, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13) ^ Math.imul(other + 1, 0xc2b2ae35), 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) / TWO_TO_32
}
