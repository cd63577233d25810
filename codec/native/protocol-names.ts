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

interface Name {
  readonly bytes: Uint8Array
  readonly text: string
}
const NO_NAME: Name = { bytes: new Uint8Array(0), text: '' }

/** The last names that were kept; the next one takes the place of the oldest. */
interface NameRing {
  readonly names: Name[]
  next: number
  /** The very last one. */
  last: Name
}

/** Data and no methods: there is one a connection. */
export interface ProtocolNames {
  readonly read: NameRing
  readonly written: NameRing
}

const createRing = (): NameRing => ({ names: [], next: 0, last: NO_NAME })

export const createProtocolNames = (): ProtocolNames => ({
  read: createRing(),
  written: createRing(),
})

function keep(ring: NameRing, name: Name): Name {
  ring.names[ring.next] = name
  ring.next = (ring.next + 1) % NAMES_MAX
  return name
}

function findText({ read }: ProtocolNames, bytes: Uint8Array): string | undefined {
  const known = read.names.find((name) => equalBytes(name.bytes, bytes))
  const text = known?.text ?? decodeUtf8(bytes)
  if (text === undefined) return undefined
  read.last = known ?? keep(read, { bytes: bytes.slice(), text })
  return text
}

function findBytes({ written }: ProtocolNames, text: string): Uint8Array {
  const known = written.names.find((name) => name.text === text)
  written.last = known ?? keep(written, { bytes: encodeUtf8(text), text })
  return written.last.bytes
}

/** Undefined for what is not UTF-8. The bytes may be a view. */
export function textOfName(names: ProtocolNames, bytes: Uint8Array): string | undefined {
  const { last } = names.read
  return equalBytes(bytes, last.bytes) ? last.text : findText(names, bytes)
}

/** The name that was read last, where the next `length` bytes are it; they are passed, and no view is made. */
export function passLastName(
  { read: { last } }: ProtocolNames,
  reader: Reader,
  length: number,
): string | undefined {
  return length === last.bytes.length && passBytes(reader, last.bytes) ? last.text : undefined
}

export function bytesOfName(names: ProtocolNames, text: string): Uint8Array {
  const { last } = names.written
  return text === last.text ? last.bytes : findBytes(names, text)
}
