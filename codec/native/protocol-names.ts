/**
 * Protocol names of one-way messages as text and as bytes. A connection says the same few names over
 * and over, and turning UTF-8 into text costs more than the rest of a small message: the last one is
 * kept, each way.
 * @module
 */
import { decodeUtf8, encodeUtf8, equalBytes } from '../bytes.ts'

export interface ProtocolNames {
  /** Undefined for what is not UTF-8. The bytes may be a view. */
  textOf(bytes: Uint8Array): string | undefined
  bytesOf(text: string): Uint8Array
}

interface Name {
  readonly bytes: Uint8Array
  readonly text: string
}
const NO_NAME: Name = { bytes: new Uint8Array(0), text: '' }

export function createProtocolNames(): ProtocolNames {
  let read: Name = NO_NAME
  let written: Name = NO_NAME
  return {
    textOf(bytes) {
      if (equalBytes(bytes, read.bytes)) return read.text
      const text = decodeUtf8(bytes)
      if (text !== undefined) read = { bytes: bytes.slice(), text }
      return text
    },
    bytesOf(text) {
      if (text !== written.text) written = { bytes: encodeUtf8(text), text }
      return written.bytes
    },
  }
}
