/**
 * Messages by which nodes tell of other nodes: getAddresses and addresses. A host is taken as text
 * here; what of it is an address is for the reader of the message to decide.
 * @module
 */
import { decodeUtf8, encodeUtf8 } from '../bytes.ts'
import { readBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import {
  binaryBytes,
  checkAtMost,
  checkCount,
  checkLength,
  checkUint,
  expectElements,
  failShape,
  readCount,
  START_BYTES,
  U16_MAX,
  writeStart,
} from './fields.ts'
import { NODE_ID_BYTES } from './identity.ts'
import { ADDRESSES_MAX, HOST_BYTES_MAX, MESSAGE_NUMBERS } from './messages.ts'
import type { AddressEntry, AddressesMessage, GetAddressesMessage } from './messages.ts'
import {
  arrayHeaderBytes,
  readArrayLength,
  readBinary,
  readStringLength,
  readUint,
  readUint64,
  stringHeaderBytes,
  uint64Bytes,
  uintBytes,
  writeArrayHeader,
  writeBinary,
  writeString,
  writeUint,
  writeUint64,
} from './values.ts'

/** Elements of the array, the number among them. */
const GET_ADDRESSES_ELEMENTS = 1
const ADDRESSES_ELEMENTS = 2
/** Of each entry's array. */
const ENTRY_ELEMENTS = 4

const GET_ADDRESSES: GetAddressesMessage = { type: 'getAddresses' }

export function readGetAddresses(reader: Reader, elements: number): GetAddressesMessage {
  expectElements(reader, elements, GET_ADDRESSES_ELEMENTS)
  return GET_ADDRESSES
}

export const writeGetAddresses = (writer: Writer): void =>
  writeStart(writer, GET_ADDRESSES_ELEMENTS, MESSAGE_NUMBERS.getAddresses)

export function readAddresses(reader: Reader, elements: number): AddressesMessage {
  expectElements(reader, elements, ADDRESSES_ELEMENTS)
  const count = readCount(reader, ADDRESSES_MAX)
  const addresses: AddressEntry[] = []
  for (let index = 0; index < count; index++) {
    expectElements(reader, readArrayLength(reader), ENTRY_ELEMENTS)
    addresses.push({
      nodeId: readBinary(reader, NODE_ID_BYTES),
      host: readHost(reader),
      port: readUint(reader, U16_MAX),
      seenMs: readUint64(reader),
    })
  }
  return { type: 'addresses', addresses }
}

function readHost(reader: Reader): string {
  const bytes = readBytes(reader, readStringLength(reader), HOST_BYTES_MAX)
  return decodeUtf8(bytes) ?? failShape(reader)
}

export const addressesBytes = ({ addresses }: AddressesMessage): number =>
  addresses.reduce(
    (sum, entry) => sum + entryBytes(entry),
    START_BYTES + arrayHeaderBytes(addresses.length),
  )

function entryBytes({ nodeId, host, port, seenMs }: AddressEntry): number {
  const hostBytes = encodeUtf8(host).length
  return (
    arrayHeaderBytes(ENTRY_ELEMENTS) +
    binaryBytes(nodeId) +
    stringHeaderBytes(hostBytes) +
    hostBytes +
    uintBytes(port) +
    uint64Bytes(seenMs)
  )
}

export function writeAddresses(writer: Writer, { addresses }: AddressesMessage): void {
  writeStart(writer, ADDRESSES_ELEMENTS, MESSAGE_NUMBERS.addresses)
  writeArrayHeader(writer, checkCount(addresses, ADDRESSES_MAX).length)
  for (const { nodeId, host, port, seenMs } of addresses) {
    writeArrayHeader(writer, ENTRY_ELEMENTS)
    writeBinary(writer, checkLength(nodeId, NODE_ID_BYTES))
    writeString(writer, checkAtMost(encodeUtf8(host), HOST_BYTES_MAX))
    writeUint(writer, checkUint(port, U16_MAX))
    writeUint64(writer, seenMs)
  }
}
