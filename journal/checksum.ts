/**
 * CRC-32 of zlib, taken once and used twice: what stands in two chains goes through the processor as
 * often as it is told here, and that is much of what a journal costs. The checksum of
 * two texts one behind the other follows from theirs and from how long the second one is.
 * @module
 */
import { crc32 } from 'node:zlib'

/** A text that is known by its checksum alone. */
export interface Checked {
  readonly checksum: number
  /** By what a checksum that stands before it is multiplied. */
  readonly shift: number
}

/**
 * CRC-32 is the rest of a division of polynomials over GF(2). Here the highest power stands in the
 * lowest bit, as zlib keeps it: this is the divisor without its first term, and one is the highest bit.
 */
const DIVISOR = 0xedb8_8320
const ONE = 0x8000_0000
/** x to the power of 8: what a byte shifts. */
const BYTE = 0x0080_0000

/** The product of two rests. */
function times(one: number, other: number): number {
  let product = 0
  let shifted = other
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((one & bit) !== 0) product ^= shifted
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ DIVISOR
  }
  return product >>> 0
}

function shiftOf(bytes: number): number {
  let shift = ONE
  let power = BYTE
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = times(shift, power)
    power = times(power, power)
  }
  return shift
}

export const checked = (bytes: Uint8Array): Checked => ({
  checksum: crc32(bytes),
  shift: shiftOf(bytes.length),
})

/** The checksum of what had this one and, behind it, the text. */
export const followedBy = (checksum: number, { checksum: next, shift }: Checked): number =>
  (times(shift, checksum) ^ next) >>> 0
