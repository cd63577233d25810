/**
 * Integers of variable length: LEB128 as protobuf, Go and fc write it, and CompactSize.
 *
 * Each has two readers: one for what is counted or measured (a number under a limit that the
 * caller states), one for all 64 bits (a bigint). Writers use the shortest form.
 * @module
 */
import { failReading, readU16le, readU32le, readU64le, readU8 } from './reader.ts'
import type { Reader } from './reader.ts'
import { writeU16le, writeU32le, writeU64le, writeU8 } from './writer.ts'
import type { Writer } from './writer.ts'

/** Ten groups of 7 bits hold 64. */
const VARINT_BYTES_MAX = 10
const U64_MAX = 0xffff_ffff_ffff_ffffn

/** Whether a longer form than the value needs (a last byte of zero) is read or is a fault. */
export type LongForm = 'accept' | 'refuse'

/**
 * Unsigned LEB128, up to 64 bits: 7 bits a byte, least significant first, the high bit saying that
 * more follow. The tenth byte may be 00 or 01 only; above that, or with an eleventh, the value
 * does not fit and is `tooLarge`.
 */
export function readVarint64(reader: Reader, longForm: LongForm): bigint {
  let value = 0n
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = readU8(reader)
    if (index === VARINT_BYTES_MAX - 1 && byte > 1) failReading(reader, 'tooLarge')
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) {
      if (byte === 0 && index > 0 && longForm === 'refuse') failReading(reader, 'nonMinimal')
      return value
    }
  }
  return failReading(reader, 'tooLarge')
}

/**
 * As `readVarint64`, for a value of at most `max` (itself at most 2^53 - 1); above it `tooLarge`.
 * A form that is wrong in itself is refused first.
 */
export function readVarint(reader: Reader, longForm: LongForm, max: number): number {
  let value = 0
  let unit = 1
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    const byte = readU8(reader)
    if (index === VARINT_BYTES_MAX - 1 && byte > 1) failReading(reader, 'tooLarge')
    // Past 2^53 the sum is rounded, but never down to a `max` that a number can hold exactly.
    value += (byte & 0x7f) * unit
    unit *= 0x80
    if (byte < 0x80) {
      if (byte === 0 && index > 0 && longForm === 'refuse') failReading(reader, 'nonMinimal')
      if (value > max) failReading(reader, 'tooLarge')
      return value
    }
  }
  return failReading(reader, 'tooLarge')
}

/**
 * How many bytes the LEB128 integer at the start takes, for lengths that are read off a stream;
 * undefined while its last byte has not arrived. Ten where it does not end: reading then refuses.
 */
export function varintBytesAt(bytes: Uint8Array): number | undefined {
  const end = Math.min(bytes.length, VARINT_BYTES_MAX)
  for (let index = 0; index < end; index++) {
    if ((bytes[index] ?? 0) < 0x80) return index + 1
  }
  return end === VARINT_BYTES_MAX ? VARINT_BYTES_MAX : undefined
}

/** @throws {RangeError} not a whole number from 0 to 2^64 - 1, or not a safe one */
export function writeVarint(writer: Writer, value: number | bigint): void {
  let rest = checked(value)
  if (typeof rest === 'number') {
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) writeU8(writer, (rest % 0x80) + 0x80)
    writeU8(writer, rest)
    return
  }
  for (; rest >= 0x80n; rest >>= 7n) writeU8(writer, Number(rest & 0x7fn) + 0x80)
  writeU8(writer, Number(rest))
}

/**
 * CompactSize, all 64 bits of it: one byte, or fd, fe, ff before two, four, eight bytes,
 * little-endian. A longer form than the value needs is `nonMinimal`.
 */
export function readCompactSize64(reader: Reader): bigint {
  const first = readU8(reader)
  if (first !== 0xff) return BigInt(readShortCompactSize(reader, first))
  const value = readU64le(reader)
  if (value <= 0xffff_ffffn) failReading(reader, 'nonMinimal')
  return value
}

/** As `readCompactSize64`, for a value of at most `max` (itself at most 2^53 - 1). */
export function readCompactSize(reader: Reader, max: number): number {
  const first = readU8(reader)
  if (first !== 0xff) {
    const value = readShortCompactSize(reader, first)
    return value > max ? failReading(reader, 'tooLarge') : value
  }
  const value = readU64le(reader)
  if (value <= 0xffff_ffffn) failReading(reader, 'nonMinimal')
  if (value > BigInt(max)) failReading(reader, 'tooLarge')
  return Number(value)
}

function readShortCompactSize(reader: Reader, first: number): number {
  if (first < 0xfd) return first
  const value = first === 0xfd ? readU16le(reader) : readU32le(reader)
  if (value < (first === 0xfd ? 0xfd : 0x1_0000)) failReading(reader, 'nonMinimal')
  return value
}

/** @throws {RangeError} not a whole number from 0 to 2^64 - 1, or not a safe one */
export function writeCompactSize(writer: Writer, value: number | bigint): void {
  const size = checked(value)
  if (size < 0xfd) {
    writeU8(writer, Number(size))
  } else if (size <= 0xffff) {
    writeU8(writer, 0xfd)
    writeU16le(writer, Number(size))
  } else if (size <= 0xffff_ffff) {
    writeU8(writer, 0xfe)
    writeU32le(writer, Number(size))
  } else {
    writeU8(writer, 0xff)
    writeU64le(writer, BigInt(size))
  }
}

function checked(value: number | bigint): number | bigint {
  const fits = typeof value === 'number' ? Number.isSafeInteger(value) : value <= U64_MAX
  if (!fits || value < 0) throw new RangeError(`${value} is not an unsigned integer of 64 bits`)
  return value
}
