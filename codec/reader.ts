/**
 * A cursor over bytes of a stranger. Plain data, read by the functions below.
 *
 * No read goes past the end and none allocates: each checks first, and throws a WireError with
 * the network's own detail. A reader of a failed unit is not read on.
 * @module
 */
import { viewOf } from './bytes.ts'
import { WireError } from './wire-error.ts'
import type { StreamAction } from './wire-error.ts'

/** What a network calls the ways in which bytes can be wrong. */
export interface ReaderDetails<Detail extends string> {
  /** Fewer bytes than a field needs. Stands for each of the others that is left out. */
  readonly short: Detail
  /** A length, a count or an integer above its limit. */
  readonly tooLarge?: Detail
  /** A longer form of an integer than its value needs. */
  readonly nonMinimal?: Detail
  /** Bytes left where the unit has to end. */
  readonly trailing?: Detail
  /** What becomes of the stream: `close` where left out. */
  readonly action?: StreamAction
}

export type ReaderFault = 'short' | 'tooLarge' | 'nonMinimal' | 'trailing'

export interface Reader<Detail extends string = string> {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly details: ReaderDetails<Detail>
  /** Of the next byte to be read; moved by the read functions alone. */
  offset: number
}

/** Keep one `details` object a codec: a reader is made for each unit, and holds only a reference. */
export const createReader = <Detail extends string>(
  bytes: Uint8Array,
  details: ReaderDetails<Detail>,
): Reader<Detail> => ({ bytes, view: viewOf(bytes), details, offset: 0 })

/** @throws {WireError} always, with what the network calls this fault */
export function failReading<Detail extends string>(
  { details }: Reader<Detail>,
  fault: ReaderFault,
): never {
  throw new WireError(details.action ?? 'close', details[fault] ?? details.short)
}

/** Bytes that are not read yet. */
export const unreadBytes = (reader: Reader): number => reader.bytes.length - reader.offset

/** Moves past `count` bytes and gives the offset at which they begin. */
function advance(reader: Reader, count: number): number {
  const start = reader.offset
  // Written so that NaN and negative counts fail as well.
  if (!(count >= 0 && count <= reader.bytes.length - start)) failReading(reader, 'short')
  reader.offset = start + count
  return start
}

export const readU8 = (reader: Reader): number => reader.view.getUint8(advance(reader, 1))

export const readU16le = (reader: Reader): number => reader.view.getUint16(advance(reader, 2), true)
export const readU16be = (reader: Reader): number =>
  reader.view.getUint16(advance(reader, 2), false)

export const readU32le = (reader: Reader): number => reader.view.getUint32(advance(reader, 4), true)
export const readU32be = (reader: Reader): number =>
  reader.view.getUint32(advance(reader, 4), false)

export const readU64le = (reader: Reader): bigint =>
  reader.view.getBigUint64(advance(reader, 8), true)
export const readU64be = (reader: Reader): bigint =>
  reader.view.getBigUint64(advance(reader, 8), false)

/**
 * A view of the next `count` bytes, not a copy. Give `bytesMax` where the count came from the
 * stranger: a count above it is `tooLarge` whether or not the bytes are there.
 */
export function readBytes(reader: Reader, count: number, bytesMax = count): Uint8Array {
  if (count > bytesMax) failReading(reader, 'tooLarge')
  const start = advance(reader, count)
  return reader.bytes.subarray(start, start + count)
}

/** Moves past `count` bytes of which nothing is made: no view, where thousands are passed. */
export function skipBytes(reader: Reader, count: number): void {
  advance(reader, count)
}

/** Whether the next bytes are these; then they are passed. No view is made of them. */
export function passBytes(reader: Reader, expected: Uint8Array): boolean {
  const { bytes, offset } = reader
  if (expected.length > bytes.length - offset) return false
  for (let index = 0; index < expected.length; index++) {
    if (bytes[offset + index] !== expected[index]) return false
  }
  reader.offset = offset + expected.length
  return true
}

/** A view of all that is left; the reader is then at its end. */
export const readRest = (reader: Reader): Uint8Array => readBytes(reader, unreadBytes(reader))

/** @throws {WireError} `trailing`, where anything is left */
export function expectEnd(reader: Reader): void {
  if (reader.offset !== reader.bytes.length) failReading(reader, 'trailing')
}
