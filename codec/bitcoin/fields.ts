/**
 * Fields that the payloads of many messages share: hashes, counts, vectors, text of any bytes.
 *
 * All that is wrong with them has one name and one consequence: the message is passed over. A count is
 * compared with the bytes that are there before anything is made of it, so that memory follows what came
 * and not what was announced.
 * @module
 */
import {
  createReader,
  failReading,
  readBytes,
  readU32le,
  readU64le,
  unreadBytes,
} from '../reader.ts'
import type { Reader, ReaderDetails } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { writeBytes, writeU32le, writeU64le } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { HASH_BYTES } from './hashes.ts'
import type { ViolationMessage } from './violation.ts'
import type { BitcoinWireDetail } from './wire-details.ts'

/** MAX_PROTOCOL_MESSAGE_LENGTH: no payload is longer, in either transport. */
export const PAYLOAD_BYTES_MAX = 4_000_000
/** MAX_SIZE: what a length or a count may say at most, whatever follows. */
export const SIZE_MAX = 0x0200_0000

export type PayloadReader = Reader<BitcoinWireDetail>

const DETAILS: ReaderDetails<BitcoinWireDetail> = { short: 'malformed', action: 'skip' }

export const createPayloadReader = (payload: Uint8Array): PayloadReader =>
  createReader(payload, DETAILS)

/** How the payload of one command is read and written. Bytes behind a payload that was read are nothing. */
export interface PayloadCodec<Message> {
  /** @throws {WireError} `skip`: not the encoding */
  read(reader: PayloadReader): Message | ViolationMessage
  /** @throws {RangeError} what there is no room or no form for: the message is ours */
  write(writer: Writer, message: Message): void
  /** The longest that has a meaning, and that we write. What comes may be longer: the rest is ignored. */
  readonly payloadBytesMax: number
}

/** A command that says all by its name. */
export const emptyPayload = <Type extends string>(
  type: Type,
): PayloadCodec<{ readonly type: Type }> => {
  const message = { type }
  return { read: () => message, write: () => undefined, payloadBytesMax: 0 }
}

/** A view. */
export const readHash = (reader: Reader): Uint8Array => readBytes(reader, HASH_BYTES)

/** @throws {RangeError} another length */
export const writeHash = (writer: Writer, hash: Uint8Array): void =>
  writeBytes(writer, checkLength(hash, HASH_BYTES))

export const readI32le = (reader: Reader): number => readU32le(reader) | 0

/** @throws {RangeError} more than 32 bits with a sign */
export function writeI32le(writer: Writer, value: number): void {
  if (value !== (value | 0)) throw new RangeError(`${value} is no signed number of 32 bits`)
  writeU32le(writer, value >>> 0)
}

export const readI64le = (reader: Reader): bigint => BigInt.asIntN(64, readU64le(reader))

/** @throws {RangeError} more than 64 bits with a sign */
export function writeI64le(writer: Writer, value: bigint): void {
  if (value !== BigInt.asIntN(64, value)) {
    throw new RangeError(`${value} is no signed number of 64 bits`)
  }
  writeU64le(writer, BigInt.asUintN(64, value))
}

/** How many elements follow, each of at least so many bytes, and `after` bytes behind the last. */
export function readCount(reader: Reader, elementBytesMin: number, after = 0): number {
  const count = readCompactSize(reader, SIZE_MAX)
  if (count * elementBytesMin + after > unreadBytes(reader)) failReading(reader, 'short')
  return count
}

/** A length and as many bytes: a view. More than `bytesMax` are malformed. */
export const readVector = (reader: Reader, bytesMax = SIZE_MAX): Uint8Array =>
  readBytes(reader, readCompactSize(reader, bytesMax))

/** @throws {RangeError} more bytes than that: the message is ours */
export function writeVector(writer: Writer, bytes: Uint8Array, bytesMax = SIZE_MAX): void {
  checkAtMost(bytes.length, bytesMax)
  writeCompactSize(writer, bytes.length)
  writeBytes(writer, bytes)
}

/** A hash each. */
export function readHashes(reader: Reader, count: number): readonly Uint8Array[] {
  const hashes: Uint8Array[] = []
  for (let index = 0; index < count; index++) hashes.push(readHash(reader))
  return hashes
}

/** @throws {RangeError} more than that */
export function writeHashes(writer: Writer, hashes: readonly Uint8Array[], countMax: number): void {
  writeCompactSize(writer, checkAtMost(hashes.length, countMax))
  for (const hash of hashes) writeHash(writer, hash)
}

/** Text of which nobody says in what characters it is: one a byte, so that none is lost. */
export const readByteText = (reader: Reader, bytesMax: number): string =>
  String.fromCharCode(...readVector(reader, bytesMax))

/** @throws {RangeError} a character above U+00FF, or too many */
export function writeByteText(writer: Writer, text: string, bytesMax: number): void {
  const bytes = new Uint8Array(checkAtMost(text.length, bytesMax))
  for (let index = 0; index < text.length; index++) {
    bytes[index] = checkAtMost(text.charCodeAt(index), 0xff)
  }
  writeVector(writer, bytes)
}

/** @throws {RangeError} another length: the bytes are ours */
export function checkLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes in place of ${length}`)
  return bytes
}

/** @throws {RangeError} more: the message is ours */
export function checkAtMost(value: number, max: number): number {
  if (value > max) throw new RangeError(`${value} where ${max} is the limit`)
  return value
}
