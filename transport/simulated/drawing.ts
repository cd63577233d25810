/**
 * Draws of a simulated network. They use whole numbers and products alone: a logarithm's last digit is
 * the platform's, and a run is the same on each.
 * @module
 */
import type { Random } from '../../world/random.ts'
import type { Range } from './faults.ts'

/** A chance of 0 draws nothing: what never happens shifts nothing. */
export const happens = (random: Random, chance: number): boolean =>
  chance > 0 && random.unit() < chance

export const between = (random: Random, { min, max }: Range): number =>
  min + random.unit() * (max - min)

const TWO_TO_32 = 2 ** 32

/**
 * Close to an exponential distribution: a piece for each halving, even within it. One draw of 32 bits:
 * its leading zeros say which piece, what stands behind them where in it.
 */
export function tailOf(random: Random, mean: number): number {
  if (mean === 0) return 0
  const bits = random.below(TWO_TO_32)
  const piece = Math.clz32(bits)
  const within = piece >= 31 ? 0 : ((bits << (piece + 1)) >>> 0) / TWO_TO_32
  // One halving in the mean, and half a piece.
  return (mean * (piece + within)) / 1.5
}

/** From 0 to under 1, the same for the same three whole numbers (the mixing steps of MurmurHash3). */
export function mixed(seed: number, one: number, other: number): number {
  let hash = Math.imul(seed ^ Math.imul(one + 1, 0x9e3779b1), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13) ^ Math.imul(other + 1, 0xc2b2ae35), 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) / TWO_TO_32
}
