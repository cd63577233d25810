/**
 * The encoding in tests: what our codec makes of a message and of bytes, and bytes made by hand with
 * an encoder that is not ours.
 * @module
 */
import { Packr } from 'msgpackr'
import { expect } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import {
  createValueReader,
  decodeSealed,
  encodedBytes,
  writeMessage,
} from '../../../codec/native/message-codec.ts'
import type { NativeMessage } from '../../../codec/native/messages.ts'
import { createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { createWriter, writtenBytes } from '../../../codec/writer.ts'
import { hex } from '../../support/hex.ts'

const packr = new Packr({ useRecords: false })
export const pack = (value: unknown): Uint8Array => Uint8Array.from(packr.pack(value))

interface Raw {
  readonly rawBytes: Uint8Array
}
/** Bytes that stand in an array as they are. */
export const raw = (text: string): Raw => ({ rawBytes: hex(text) })
const isRaw = (element: unknown): element is Raw =>
  typeof element === 'object' && element !== null && 'rawBytes' in element

const elementBytes = (element: unknown): Uint8Array => {
  if (isRaw(element)) return element.rawBytes
  return Array.isArray(element) ? arrayOf(...(element as readonly unknown[])) : pack(element)
}

/** An array, each element given as bytes or as what msgpackr makes of it. */
export function arrayOf(...elements: readonly unknown[]): Uint8Array {
  const count = elements.length
  const header =
    count < 16 ? Uint8Array.of(0x90 | count) : Uint8Array.of(0xdc, count >> 8, count & 0xff)
  return concatBytes(header, ...elements.map(elementBytes))
}

/** With an eye on the size that was told before. */
export function encode(message: NativeMessage): Uint8Array {
  const names = createProtocolNames()
  const writer = createWriter(2 ** 21)
  writeMessage(writer, message, names)
  expect(writer.length).toBe(encodedBytes(message, names))
  return writtenBytes(writer)
}

/** The first value of a record's plaintext, and how many bytes stand behind it. */
export function unseal(bytes: Uint8Array) {
  const reader = createValueReader(bytes)
  const message = decodeSealed(reader, createProtocolNames())
  return { message, left: bytes.length - reader.offset }
}

export const closes = (detail: string): unknown =>
  expect.objectContaining({ action: 'close', detail })
