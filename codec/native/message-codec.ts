/**
 * Messages of the native network to and from msgpack: an array of the message's number and its fields,
 * in the order of the specification's field numbers, always of full length, with nil for an absent
 * optional field. This is the table of them all; each one's fields stand in the codec of its concern.
 *
 * What is decoded holds views of the bytes it was decoded from.
 * @module
 */
import { createReader, expectEnd } from '../reader.ts'
import type { Reader, ReaderDetails } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import type { Writer } from '../writer.ts'
import { addressesBytes, readAddresses, readGetAddresses } from './address-codec.ts'
import { writeAddresses, writeGetAddresses } from './address-codec.ts'
import { failShape, readNumber, START_BYTES } from './fields.ts'
import {
  encodeSmall,
  readConfirm,
  readError,
  readHandshake,
  writeSmall,
} from './handshake-codec.ts'
import { MESSAGE_NUMBERS } from './messages.ts'
import type { ErrorMessage, HandshakeMessage, NativeMessage } from './messages.ts'
import type { ProtocolNames } from './protocol-names.ts'
import { publicationBytes, readBroadcast, readItem, writePublication } from './publication-codec.ts'
import {
  directBytes,
  oneWayBytes,
  pingBytes,
  readDirect,
  readOneWay,
  readPing,
  readResponse,
  responseBytes,
  writeDirect,
  writeOneWay,
  writePing,
  writeResponse,
} from './request-codec.ts'
import {
  locatorBytes,
  rangeBytes,
  readLocator,
  readRange,
  writeLocator,
  writeRange,
} from './sync-codec.ts'
import { readArrayLength, skipValues } from './values.ts'
import type { NativeWireDetail } from './wire-details.ts'

const DETAILS: ReaderDetails<NativeWireDetail> = {
  short: 'malformed',
  tooLarge: 'message-too-large',
}

/** A cursor over the values of one plaintext. */
export const createValueReader = (bytes: Uint8Array): Reader<NativeWireDetail> =>
  createReader(bytes, DETAILS)

/**
 * The one value of a plaintext frame.
 * @throws {WireError} `close`
 */
export function decodePlaintext(payload: Uint8Array): HandshakeMessage | ErrorMessage {
  const reader = createValueReader(payload)
  const elements = readArrayLength(reader)
  const number = readNumber(reader, elements)
  switch (number) {
    case MESSAGE_NUMBERS.handshake:
    case MESSAGE_NUMBERS.error: {
      const message =
        number === MESSAGE_NUMBERS.error
          ? readError(reader, elements)
          : readHandshake(reader, elements)
      expectEnd(reader)
      return message
    }
    default:
      skipValues(reader, elements - 1, 2)
      expectEnd(reader)
      throw new WireError<NativeWireDetail>('close', 'handshake-required')
  }
}

/**
 * The next value of a record's plaintext. A direct above a limit is a message of its own: the values
 * behind it can be read.
 * @throws {WireError} `close`
 */
export function decodeSealed(
  reader: Reader<NativeWireDetail>,
  names: ProtocolNames,
): Exclude<NativeMessage, HandshakeMessage> {
  const elements = readArrayLength(reader)
  const number = readNumber(reader, elements)
  switch (number) {
    case MESSAGE_NUMBERS.direct:
      return readDirect(reader, elements, names)
    case MESSAGE_NUMBERS.broadcast:
      return readBroadcast(reader, elements, names)
    case MESSAGE_NUMBERS.response:
      return readResponse(reader, elements)
    case MESSAGE_NUMBERS.error:
      return readError(reader, elements)
    case MESSAGE_NUMBERS.confirm:
      return readConfirm(reader, elements)
    case MESSAGE_NUMBERS.message:
      return readOneWay(reader, elements, names)
    case MESSAGE_NUMBERS.ping:
      return readPing(reader, elements, 'ping')
    case MESSAGE_NUMBERS.pong:
      return readPing(reader, elements, 'pong')
    case MESSAGE_NUMBERS.getAddresses:
      return readGetAddresses(reader, elements)
    case MESSAGE_NUMBERS.addresses:
      return readAddresses(reader, elements)
    case MESSAGE_NUMBERS.item:
      return readItem(reader, elements, names)
    case MESSAGE_NUMBERS.locator:
      return readLocator(reader, elements)
    case MESSAGE_NUMBERS.range:
      return readRange(reader, elements)
    default:
      // A handshake: a session has one, and it is over.
      return failShape(reader)
  }
}

const failWriting = ({ type }: NativeMessage): never => {
  throw new RangeError(`no ${type} can be written`)
}

/** What `writeMessage` will write. @throws {RangeError} as `writeMessage` */
export function encodedBytes(message: NativeMessage, names: ProtocolNames): number {
  switch (message.type) {
    case 'message':
      return oneWayBytes(message, names)
    case 'direct':
      return directBytes(message, names)
    case 'oversizedDirect':
      return failWriting(message)
    case 'response':
      return responseBytes(message)
    case 'broadcast':
    case 'item':
      return publicationBytes(message, names)
    case 'ping':
    case 'pong':
      return pingBytes(message)
    case 'getAddresses':
      return START_BYTES
    case 'addresses':
      return addressesBytes(message)
    case 'locator':
      return locatorBytes(message)
    case 'range':
      return rangeBytes(message)
    case 'handshake':
    case 'error':
    case 'confirm':
      return encodeSmall(message).length
  }
}

/** @throws {RangeError} what the encoding has no room for, or no form: the message is ours */
export function writeMessage(writer: Writer, message: NativeMessage, names: ProtocolNames): void {
  switch (message.type) {
    case 'message':
      writeOneWay(writer, message, names)
      return
    case 'direct':
      writeDirect(writer, message, names)
      return
    case 'oversizedDirect':
      failWriting(message)
      return
    case 'response':
      writeResponse(writer, message)
      return
    case 'broadcast':
    case 'item':
      writePublication(writer, message, names)
      return
    case 'ping':
    case 'pong':
      writePing(writer, message)
      return
    case 'getAddresses':
      writeGetAddresses(writer)
      return
    case 'addresses':
      writeAddresses(writer, message)
      return
    case 'locator':
      writeLocator(writer, message)
      return
    case 'range':
      writeRange(writer, message)
      return
    case 'handshake':
    case 'error':
    case 'confirm':
      writeSmall(writer, message)
  }
}
