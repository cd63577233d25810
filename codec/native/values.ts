/**
 * The part of msgpack that the native network speaks: integers, strings, bytes, nil and arrays.
 *
 * Reading is our own walk over the bytes, so that what a stranger sends is bounded before it becomes
 * anything: floats, booleans, extensions, maps and deep arrays are refused where they stand, and
 * nothing is allocated for a length that is only announced. Writing gives the shortest form.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 * @module
 */
import {
  failReading,
  readBytes,
  readU16be,
  readU32be,
  readU64be,
  readU8,
  skipBytes,
} from '../reader.ts'
import type { Reader } from '../reader.ts'
import { writeBytes, writeU16be, writeU32be, writeU64be, writeU8 } from '../writer.ts'
import type { Writer } from '../writer.ts'

const NIL = 0xc0
const BIN_8 = 0xc4
const BIN_16 = 0xc5
const BIN_32 = 0xc6
const UINT_8 = 0xcc
const UINT_16 = 0xcd
const UINT_32 = 0xce
const UINT_64 = 0xcf
const INT_8 = 0xd0
const INT_16 = 0xd1
const INT_32 = 0xd2
const INT_64 = 0xd3
const STR_8 = 0xd9
const STR_16 = 0xda
const STR_32 = 0xdb
const ARRAY_16 = 0xdc
const ARRAY_32 = 0xdd

const FIX_ARRAY = 0x90
const FIX_ARRAY_MAX = 15
const FIX_STRING = 0xa0
const FIX_STRING_MAX = 31
const FIX_INTEGER_MAX = 0x7f
const NEGATIVE_FIX_INTEGER = 0xe0

/** Of arrays: the message's own is the first. */
export const DEPTH_MAX = 4

/** `details.short` is what the network calls bytes that are not the encoding at all. */
const fail = (reader: Reader): never => failReading(reader, 'short')

/** How many elements follow. Nothing is allocated for them. */
export function readArrayLength(reader: Reader): number {
  const first = readU8(reader)
  if (first >= FIX_ARRAY && first <= FIX_ARRAY + FIX_ARRAY_MAX) return first - FIX_ARRAY
  if (first === ARRAY_16) return readU16be(reader)
  if (first === ARRAY_32) return readU32be(reader)
  return fail(reader)
}

/** Any integer form, whether or not it is the shortest, of a value that is not negative. */
function readUnsigned(reader: Reader): number | bigint {
  const first = readU8(reader)
  if (first <= FIX_INTEGER_MAX) return first
  switch (first) {
    case UINT_8:
      return readU8(reader)
    case UINT_16:
      return readU16be(reader)
    case UINT_32:
      return readU32be(reader)
    case UINT_64:
      return readU64be(reader)
    case INT_8:
      return below(reader, readU8(reader), 0x80)
    case INT_16:
      return below(reader, readU16be(reader), 0x8000)
    case INT_32:
      return below(reader, readU32be(reader), 0x8000_0000)
    case INT_64:
      return below(reader, readU64be(reader), 0x8000_0000_0000_0000n)
    default:
      return fail(reader)
  }
}

/** A signed form with its highest bit set is negative. */
const below = <Value extends number | bigint>(reader: Reader, value: Value, limit: Value): Value =>
  value < limit ? value : fail(reader)

/** A whole number from 0 to `max`. */
export function readUint(reader: Reader, max: number): number {
  const value = readUnsigned(reader)
  return value <= max ? Number(value) : fail(reader)
}

/** All 64 bits, as a bigint whatever form arrived. */
export const readUint64 = (reader: Reader): bigint => BigInt(readUnsigned(reader))

/** How many bytes of text follow. */
export function readStringLength(reader: Reader): number {
  const first = readU8(reader)
  if (first >= FIX_STRING && first <= FIX_STRING + FIX_STRING_MAX) return first - FIX_STRING
  if (first === STR_8) return readU8(reader)
  if (first === STR_16) return readU16be(reader)
  if (first === STR_32) return readU32be(reader)
  return fail(reader)
}

/** How many bytes follow. */
export function readBinaryLength(reader: Reader): number {
  const first = readU8(reader)
  if (first === BIN_8) return readU8(reader)
  if (first === BIN_16) return readU16be(reader)
  if (first === BIN_32) return readU32be(reader)
  return fail(reader)
}

/** A view of exactly so many bytes. */
export const readBinary = (reader: Reader, bytes: number): Uint8Array =>
  readBinaryLength(reader) === bytes ? readBytes(reader, bytes) : fail(reader)

/** Whether nil stands here; if so, moves past it. */
export function readNil(reader: Reader): boolean {
  if (reader.bytes[reader.offset] !== NIL) return false
  readU8(reader)
  return true
}

/** Moves past any value of the part that is spoken; `depth` is that of an array here. */
export function skipValue(reader: Reader, depth: number): void {
  const first = reader.bytes[reader.offset] ?? fail(reader)
  if (isArray(first)) {
    if (depth > DEPTH_MAX) fail(reader)
    skipValues(reader, readArrayLength(reader), depth + 1)
  } else if (isString(first)) skipBytes(reader, readStringLength(reader))
  else if (first >= BIN_8 && first <= BIN_32) skipBytes(reader, readBinaryLength(reader))
  else if (first >= NEGATIVE_FIX_INTEGER || first === NIL) readU8(reader)
  else if (first >= INT_8 && first <= INT_64) skipBytes(reader, 1 + 2 ** (first - INT_8))
  else readUnsigned(reader)
}

/** Each takes at least one byte, so a count of billions ends with the bytes. */
export function skipValues(reader: Reader, count: number, depth: number): void {
  for (let index = 0; index < count; index++) skipValue(reader, depth)
}

const isArray = (first: number): boolean =>
  (first >= FIX_ARRAY && first <= FIX_ARRAY + FIX_ARRAY_MAX) ||
  first === ARRAY_16 ||
  first === ARRAY_32

const isString = (first: number): boolean =>
  (first >= FIX_STRING && first <= FIX_STRING + FIX_STRING_MAX) ||
  (first >= STR_8 && first <= STR_32)

/** Of at most 65,535 elements: the longest list of a message here has a thousand. */
export function writeArrayHeader(writer: Writer, count: number): void {
  if (count <= FIX_ARRAY_MAX) writeU8(writer, FIX_ARRAY | count)
  else {
    writeU8(writer, ARRAY_16)
    writeU16be(writer, count)
  }
}

/** A whole number of up to 32 bits. */
export function writeUint(writer: Writer, value: number): void {
  if (value <= FIX_INTEGER_MAX) writeU8(writer, value)
  else if (value <= 0xff) {
    writeU8(writer, UINT_8)
    writeU8(writer, value)
  } else if (value <= 0xffff) {
    writeU8(writer, UINT_16)
    writeU16be(writer, value)
  } else {
    writeU8(writer, UINT_32)
    writeU32be(writer, value)
  }
}

export function writeUint64(writer: Writer, value: bigint): void {
  if (value <= 0xffff_ffffn) {
    writeUint(writer, Number(value))
    return
  }
  writeU8(writer, UINT_64)
  writeU64be(writer, value)
}

/** `bytes` is the text as UTF-8. */
export function writeString(writer: Writer, bytes: Uint8Array): void {
  if (bytes.length <= FIX_STRING_MAX) writeU8(writer, FIX_STRING | bytes.length)
  else if (bytes.length <= 0xff) {
    writeU8(writer, STR_8)
    writeU8(writer, bytes.length)
  } else {
    writeU8(writer, STR_16)
    writeU16be(writer, bytes.length)
  }
  writeBytes(writer, bytes)
}

export function writeBinary(writer: Writer, bytes: Uint8Array): void {
  if (bytes.length <= 0xff) {
    writeU8(writer, BIN_8)
    writeU8(writer, bytes.length)
  } else if (bytes.length <= 0xffff) {
    writeU8(writer, BIN_16)
    writeU16be(writer, bytes.length)
  } else {
    writeU8(writer, BIN_32)
    writeU32be(writer, bytes.length)
  }
  writeBytes(writer, bytes)
}

export const writeNil = (writer: Writer): void => writeU8(writer, NIL)

/** What `writeArrayHeader` writes. */
export const arrayHeaderBytes = (count: number): number => (count <= FIX_ARRAY_MAX ? 1 : 3)

/** What `writeUint` writes. */
export function uintBytes(value: number): number {
  if (value <= FIX_INTEGER_MAX) return 1
  if (value <= 0xff) return 2
  return value <= 0xffff ? 3 : 5
}

/** What `writeUint64` writes. */
export const uint64Bytes = (value: bigint): number =>
  value <= 0xffff_ffffn ? uintBytes(Number(value)) : 9

/** What `writeString` adds to text of up to 65,535 bytes. */
export const stringHeaderBytes = (bytes: number): number =>
  bytes <= FIX_STRING_MAX ? 1 : bytes <= 0xff ? 2 : 3

/** What `writeBinary` adds. */
export const binaryHeaderBytes = (bytes: number): number =>
  bytes <= 0xff ? 2 : bytes <= 0xffff ? 3 : 5
