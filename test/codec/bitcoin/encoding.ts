/**
 * The encoding in tests: what our codec makes of a message and of bytes, and how it refuses.
 * @module
 */
import { expect } from 'vitest'
import { readMessage, writeMessage } from '../../../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage } from '../../../codec/bitcoin/messages.ts'
import { createWriter, writtenBytes } from '../../../codec/writer.ts'

/** The payload. */
export function encode(message: BitcoinMessage): Uint8Array {
  const writer = createWriter(5_000_000)
  writeMessage(writer, message)
  return writtenBytes(writer).slice()
}

export const decode = readMessage

export const skips = (detail: string): unknown =>
  expect.objectContaining({ name: 'WireError', action: 'skip', detail })

export const closes = (detail: string): unknown =>
  expect.objectContaining({ name: 'WireError', action: 'close', detail })

/** CompactSize, by hand. */
export function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value)
  const bytes = new Uint8Array(value <= 0xffff ? 3 : 5)
  const view = new DataView(bytes.buffer)
  bytes[0] = value <= 0xffff ? 0xfd : 0xfe
  if (value <= 0xffff) view.setUint16(1, value, true)
  else view.setUint32(1, value, true)
  return bytes
}
