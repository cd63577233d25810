/**
 * The one form that fixed layouts share: bytes behind their length. What is signed is laid out so,
 * and never encoded, so that encoding a message again can neither break nor forge its signature.
 * @module
 */
import { writeBytes, writeU16be } from '../writer.ts'
import type { Writer } from '../writer.ts'

/** Two bytes of length, big-endian, then the bytes. @throws {RangeError} above 65,535 bytes */
export function writeWithLength(writer: Writer, bytes: Uint8Array): void {
  writeU16be(writer, bytes.length)
  writeBytes(writer, bytes)
}
