/**
 * Names of protocols and topics as text and as bytes. A connection says the same few names over and
 * over, and turning UTF-8 into text costs more than the rest of a small message: the last few are
 * kept, each way, and the very last one is looked at first.
 * @module
 */
import { decodeUtf8, encodeUtf8, equalBytes } from '../bytes.ts'
import { passBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'

/** Each way. A connection rarely has more in use at once; with more, the oldest is made anew. */
const NAMES_MAX = 8

export interface ProtocolNames {
  /** Undefined for what is not UTF-8. The bytes may be a view. */
  textOf(bytes: Uint8Array): string | undefined
  /** The name that was read last, where the next `length` bytes are it; they are passed, and no view is made. */
  passLast(reader: Reader, length: number): string | undefined
  bytesOf(text: string): Uint8Array
}

interface Name {
  readonly bytes: Uint8Array
  readonly text: string
}
const NO_NAME: Name = { bytes: new Uint8Array(0), text: '' }

export function createProtocolNames(): ProtocolNames {
  const read = createRing()
  const written = createRing()
  let lastRead: Name = NO_NAME
  let lastWritten: Name = NO_NAME

  function findText(bytes: Uint8Array): string | undefined {
    const known = read.names.find((name) => equalBytes(name.bytes, bytes))
    const text = known?.text ?? decodeUtf8(bytes)
    if (text === undefined) return undefined
    lastRead = known ?? read.keep({ bytes: bytes.slice(), text })
    return text
  }

  function findBytes(text: string): Uint8Array {
    const known = written.names.find((name) => name.text === text)
    lastWritten = known ?? written.keep({ bytes: encodeUtf8(text), text })
    return lastWritten.bytes
  }

  return {
    textOf: (bytes) => (equalBytes(bytes, lastRead.bytes) ? lastRead.text : findText(bytes)),
    passLast: (reader, length) =>
      length === lastRead.bytes.length && passBytes(reader, lastRead.bytes)
        ? lastRead.text
        : undefined,
    bytesOf: (text) => (text === lastWritten.text ? lastWritten.bytes : findBytes(text)),
  }
}

/** The last names that were kept; the next one takes the place of the oldest. */
function createRing() {
  const names: Name[] = []
  let next = 0
  return {
    names,
    keep(name: Name): Name {
      names[next] = name
      next = (next + 1) % NAMES_MAX
      return name
    },
  }
}
