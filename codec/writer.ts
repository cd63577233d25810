/**
 * A buffer that grows up to a stated maximum. Plain data, written by the functions below.
 *
 * What is written is ours, so a value that does not fit its field, or a unit above the maximum, is
 * our fault: a RangeError, never bytes that say something else.
 * @module
 */
import { viewOf } from './bytes.ts'

/** Most messages of every network are smaller, so most are written without growing once. */
const FIRST_BYTES = 128

export interface Writer {
  readonly bytesMax: number
  bytes: Uint8Array
  view: DataView
  /** Bytes written so far. */
  length: number
}

/** `bytesAtFirst` saves growing where the size is known: it is allocated at once. */
export function createWriter(bytesMax: number, bytesAtFirst = FIRST_BYTES): Writer {
  const bytes = new Uint8Array(Math.min(bytesAtFirst, bytesMax))
  return { bytesMax, bytes, view: viewOf(bytes), length: 0 }
}

/** Begins again in the same memory: views of what was written are no longer valid. */
export function rewind(writer: Writer): void {
  writer.length = 0
}

/** A view of what was written. It changes with the next write: the writer ends here, or its bytes are copied. */
export const writtenBytes = (writer: Writer): Uint8Array => writer.bytes.subarray(0, writer.length)

/** Makes room for `count` bytes more and gives the offset at which they begin. */
function extend(writer: Writer, count: number): number {
  const start = writer.length
  const length = start + count
  if (length > writer.bytesMax) {
    throw new RangeError(`over the maximum of ${writer.bytesMax} bytes`)
  }
  if (length > writer.bytes.length) {
    const bytes = new Uint8Array(Math.min(writer.bytesMax, Math.max(length, start * 2)))
    bytes.set(writer.bytes.subarray(0, start))
    writer.bytes = bytes
    writer.view = viewOf(bytes)
  }
  writer.length = length
  return start
}

function checkInteger(value: number, max: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
    throw new RangeError(`${value} is not a whole number from 0 to ${max}`)
  }
}

const U64_MAX = 0xffff_ffff_ffff_ffffn

function checkU64(value: bigint): void {
  if (value < 0n || value > U64_MAX) throw new RangeError(`${value} is not from 0 to 2^64 - 1`)
}

export function writeU8(writer: Writer, value: number): void {
  checkInteger(value, 0xff)
  const start = extend(writer, 1)
  writer.view.setUint8(start, value)
}

export function writeU16le(writer: Writer, value: number): void {
  checkInteger(value, 0xffff)
  const start = extend(writer, 2)
  writer.view.setUint16(start, value, true)
}

export function writeU16be(writer: Writer, value: number): void {
  checkInteger(value, 0xffff)
  const start = extend(writer, 2)
  writer.view.setUint16(start, value, false)
}

export function writeU32le(writer: Writer, value: number): void {
  checkInteger(value, 0xffff_ffff)
  const start = extend(writer, 4)
  writer.view.setUint32(start, value, true)
}

export function writeU32be(writer: Writer, value: number): void {
  checkInteger(value, 0xffff_ffff)
  const start = extend(writer, 4)
  writer.view.setUint32(start, value, false)
}

export function writeU64le(writer: Writer, value: bigint): void {
  checkU64(value)
  const start = extend(writer, 8)
  writer.view.setBigUint64(start, value, true)
}

export function writeU64be(writer: Writer, value: bigint): void {
  checkU64(value)
  const start = extend(writer, 8)
  writer.view.setBigUint64(start, value, false)
}

/** The bytes are copied. */
export function writeBytes(writer: Writer, bytes: Uint8Array): void {
  const start = extend(writer, bytes.length)
  writer.bytes.set(bytes, start)
}
