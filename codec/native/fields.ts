/**
 * Fields that several messages of the native network have, read and written by one rule each.
 *
 * A wrong shape is `short` to the reader, which the network calls malformed; bytes above a limit are
 * `tooLarge`. What is written is ours, so that what has no room is a RangeError.
 * @module
 */
import { failReading, readBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { MESSAGE_NUMBER_MAX } from './messages.ts'
import { bytesOfName, passLastName, textOfName } from './protocol-names.ts'
import type { ProtocolNames } from './protocol-names.ts'
import {
  binaryHeaderBytes,
  readArrayLength,
  readBinaryLength,
  readStringLength,
  readUint,
  stringHeaderBytes,
  writeArrayHeader,
  writeString,
  writeUint,
} from './values.ts'

export const U8_MAX = 0xff
export const U16_MAX = 0xffff
export const U32_MAX = 0xffff_ffff

/** The header of the message's array, and its number: one byte each. */
export const START_BYTES = 2

/** @throws {WireError} always: a shape that the message does not have */
export const failShape = (reader: Reader): never => failReading(reader, 'short')

/** The message's number; `elements` is the length of its array. */
export function readNumber(reader: Reader, elements: number): number {
  if (elements < 1) failShape(reader)
  const number = readUint(reader, MESSAGE_NUMBER_MAX)
  return number > 0 ? number : failShape(reader)
}

export function expectElements(reader: Reader, elements: number, expected: number): void {
  if (elements !== expected) failShape(reader)
}

/** How many elements a list has. Nothing is allocated for them. */
export function readCount(reader: Reader, max: number): number {
  const count = readArrayLength(reader)
  return count <= max ? count : failShape(reader)
}

/** The name of a protocol, or a topic. */
export function readName(reader: Reader, bytesMax: number, names: ProtocolNames): string {
  const length = readStringLength(reader)
  if (length > bytesMax) failReading(reader, 'tooLarge')
  return (
    passLastName(names, reader, length) ??
    textOfName(names, readBytes(reader, length)) ??
    failShape(reader)
  )
}

/** A view, whatever its length. */
export const readAnyBinary = (reader: Reader): Uint8Array =>
  readBytes(reader, readBinaryLength(reader))

/** A view of at most so many bytes. */
export const readBinaryUpTo = (reader: Reader, bytesMax: number): Uint8Array =>
  readBytes(reader, readBinaryLength(reader), bytesMax)

export function writeStart(writer: Writer, elements: number, number: number): void {
  writeArrayHeader(writer, elements)
  writeUint(writer, number)
}

export const writeName = (
  writer: Writer,
  text: string,
  bytesMax: number,
  names: ProtocolNames,
): void => writeString(writer, checkAtMost(bytesOfName(names, text), bytesMax))

/** What `writeName` writes. */
export function nameBytes(text: string, names: ProtocolNames): number {
  const { length } = bytesOfName(names, text)
  return stringHeaderBytes(length) + length
}

/** What `writeBinary` writes. */
export const binaryBytes = ({ length }: Uint8Array): number => binaryHeaderBytes(length) + length

/** @throws {RangeError} another length: the message is ours */
export function checkLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes in place of ${length}`)
  return bytes
}

/** @throws {RangeError} more bytes: the message is ours */
export function checkAtMost(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.length > bytesMax) {
    throw new RangeError(`${bytes.length} bytes where ${bytesMax} are the limit`)
  }
  return bytes
}

/** @throws {RangeError} a number with more bits than its field: the message is ours */
export function checkUint(value: number, max: number): number {
  if (value > max) throw new RangeError(`${value} where ${max} is the limit`)
  return value
}

/** @throws {RangeError} more elements: the message is ours */
export function checkCount<Element>(list: readonly Element[], max: number): readonly Element[] {
  if (list.length > max) throw new RangeError(`${list.length} entries where ${max} are the limit`)
  return list
}
