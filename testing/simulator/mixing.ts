/**
 * A hash for telling runs apart and for modelled ciphers: two lanes of 32 bits in plain integer
 * arithmetic, the same on every engine, an order of magnitude cheaper than a cryptographic one.
 * Nobody who means harm is kept out by it.
 * @module
 */

/** Changed in place: a run mixes millions of values. */
export interface Mix {
  low: number
  high: number
}

/** Odd, with bits spread over the word: the first digits of the golden ratio and of the root of 3. */
const LOW_FACTOR = 0x9e37_79b1
const HIGH_FACTOR = 0xbb67_ae85

export const createMix = (): Mix => ({ low: LOW_FACTOR | 0, high: HIGH_FACTOR | 0 })

/** 32 bits; what is above them is cut off. */
export function mixIn(mix: Mix, value: number): void {
  let low = Math.imul(mix.low ^ value, LOW_FACTOR)
  low ^= low >>> 15
  mix.low = low
  // The lanes turn the word differently, so that what meets in one does not in the other.
  let high = Math.imul(mix.high ^ ((value << 16) | (value >>> 16)), HIGH_FACTOR)
  high ^= high >>> 13
  mix.high = (high + low) | 0
}

/** A whole number from 0 to 2^53. */
export function mixInWhole(mix: Mix, value: number): void {
  mixIn(mix, value | 0)
  mixIn(mix, Math.floor(value / 0x1_0000_0000))
}

/** The bytes behind their length, four at a time. */
export function mixInBytes(mix: Mix, bytes: Uint8Array): void {
  const { length } = bytes
  mixIn(mix, length)
  let { low, high } = mix
  for (let at = 0; at < length; at += 4) {
    // Behind the end there is nothing, which counts as 0: the length says how much was there.
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    low = Math.imul(low ^ word, LOW_FACTOR)
    low ^= low >>> 15
    high = Math.imul(high ^ ((word << 16) | (word >>> 16)), HIGH_FACTOR)
    high ^= high >>> 13
    high = (high + low) | 0
  }
  mix.low = low
  mix.high = high
}

export function mixInText(mix: Mix, text: string): void {
  mixIn(mix, text.length)
  for (let at = 0; at < text.length; at++) mixIn(mix, text.charCodeAt(at))
}

const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')

export const printMix = ({ high, low }: Mix): string => digits(high) + digits(low)
