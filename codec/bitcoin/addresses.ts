/**
 * Messages by which nodes tell of other nodes: getaddr, and addr or addrv2, which differ in how an address
 * is written and in what it can be.
 * @module
 */
import { readU32le, readU64le, skipBytes } from '../reader.ts'
import { readCompactSize64, writeCompactSize } from '../varint.ts'
import { writeU32le, writeU64le } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { checkAtMost, emptyPayload, readCount } from './fields.ts'
import type { PayloadCodec, PayloadReader } from './fields.ts'
import { hasV1Form, readV1Address, readV2Address, skipV2Address } from './network-address.ts'
import {
  ADDRESS_BYTES,
  V1_ADDRESS_BYTES,
  writeV1Address,
  writeV2Address,
} from './network-address.ts'
import type { NetworkAddress } from './network-address.ts'
import { violation } from './violation.ts'

/** MAX_ADDR_TO_SEND. */
export const ADDRESS_COUNT_MAX = 1_000

export interface AddressEntry {
  /** Unix seconds: when the sender or somebody before it last saw the peer. Anything may stand here. */
  readonly seenSeconds: number
  readonly services: bigint
  readonly address: NetworkAddress
}

interface Addresses<Type extends 'addr' | 'addrv2'> {
  readonly type: Type
  readonly entries: readonly AddressEntry[]
}

export interface AddressMessages {
  readonly getaddr: { readonly type: 'getaddr' }
  readonly addr: Addresses<'addr'>
  readonly addrv2: Addresses<'addrv2'>
}

export const V1_ENTRY_BYTES = 4 + 8 + V1_ADDRESS_BYTES
/** With services of one byte and an address of none. */
const V2_ENTRY_BYTES_MIN = 4 + 1 + 1 + 1 + 2
/** Of those that we write: services of nine bytes, an address of 32. */
const V2_ENTRY_BYTES_MAX = 4 + 9 + 1 + 1 + ADDRESS_BYTES.onion + 2

function readEntries(
  reader: PayloadReader,
  count: number,
  readEntry: (reader: PayloadReader) => AddressEntry,
): readonly AddressEntry[] {
  const entries: AddressEntry[] = []
  for (let index = 0; index < count; index++) entries.push(readEntry(reader))
  return entries
}

const readV1Entry = (reader: PayloadReader): AddressEntry => ({
  seenSeconds: readU32le(reader),
  services: readU64le(reader),
  address: readV1Address(reader),
})

const readV2Entry = (reader: PayloadReader): AddressEntry => ({
  seenSeconds: readU32le(reader),
  services: readCompactSize64(reader),
  address: readV2Address(reader),
})

function skipV2Entry(reader: PayloadReader): void {
  skipBytes(reader, 4)
  readCompactSize64(reader)
  skipV2Address(reader)
}

const writeCount = (writer: Writer, entries: readonly AddressEntry[]): void =>
  writeCompactSize(writer, checkAtMost(entries.length, ADDRESS_COUNT_MAX))

export const ADDRESS_CODECS: {
  readonly [Type in keyof AddressMessages]: PayloadCodec<AddressMessages[Type]>
} = {
  getaddr: emptyPayload('getaddr'),
  addr: {
    read(reader) {
      const count = readCount(reader, V1_ENTRY_BYTES)
      if (count > ADDRESS_COUNT_MAX) return violation('addr', 'too-many-addresses')
      return { type: 'addr', entries: readEntries(reader, count, readV1Entry) }
    },
    write(writer, { entries }) {
      writeCount(writer, entries)
      for (const { seenSeconds, services, address } of entries) {
        if (!hasV1Form(address)) throw new RangeError(`${address.network} has no place in addr`)
        writeU32le(writer, seenSeconds)
        writeU64le(writer, services)
        writeV1Address(writer, address)
      }
    },
    payloadBytesMax: 3 + ADDRESS_COUNT_MAX * V1_ENTRY_BYTES,
  },
  addrv2: {
    read(reader) {
      const count = readCount(reader, V2_ENTRY_BYTES_MIN)
      if (count <= ADDRESS_COUNT_MAX) {
        return { type: 'addrv2', entries: readEntries(reader, count, readV2Entry) }
      }
      // Too many is worse than malformed, so it has to be neither both nor the wrong one.
      for (let index = 0; index < count; index++) skipV2Entry(reader)
      return violation('addrv2', 'too-many-addresses')
    },
    write(writer, { entries }) {
      writeCount(writer, entries)
      for (const { seenSeconds, services, address } of entries) {
        writeU32le(writer, seenSeconds)
        writeCompactSize(writer, services)
        writeV2Address(writer, address)
      }
    },
    payloadBytesMax: 3 + ADDRESS_COUNT_MAX * V2_ENTRY_BYTES_MAX,
  },
}
