/**
 * Messages between two nodes: the one-way message, the direct with its response, ping and pong.
 * @module
 */
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { readBytes } from '../reader.ts'
import {
  binaryBytes,
  checkAtMost,
  checkLength,
  expectElements,
  failShape,
  nameBytes,
  readAnyBinary,
  readBinaryUpTo,
  readName,
  START_BYTES,
  writeName,
  writeStart,
} from './fields.ts'
import {
  MESSAGE_NUMBERS,
  METADATA_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  PING_ID_BYTES,
  PROTOCOL_BYTES_MAX,
  REQUEST_ID_BYTES,
} from './messages.ts'
import type { DirectMessage, OneWayMessage, OversizedDirectMessage } from './messages.ts'
import type { PingMessage, PongMessage, ResponseMessage } from './messages.ts'
import { textOfName } from './protocol-names.ts'
import type { ProtocolNames } from './protocol-names.ts'
import { readBinary, readNil, readStringLength, writeBinary, writeNil } from './values.ts'

/** Elements of the array, the number among them. */
const DIRECT_ELEMENTS = 5
const RESPONSE_ELEMENTS = 3
const MESSAGE_ELEMENTS = 3
const PING_ELEMENTS = 2

export function readOneWay(reader: Reader, elements: number, names: ProtocolNames): OneWayMessage {
  expectElements(reader, elements, MESSAGE_ELEMENTS)
  const protocol = readName(reader, PROTOCOL_BYTES_MAX, names)
  const payload = readBinaryUpTo(reader, PAYLOAD_BYTES_MAX)
  return { type: 'message', protocol, payload }
}

export const oneWayBytes = (message: OneWayMessage, names: ProtocolNames): number =>
  START_BYTES + nameBytes(message.protocol, names) + binaryBytes(message.payload)

export function writeOneWay(writer: Writer, message: OneWayMessage, names: ProtocolNames): void {
  writeStart(writer, MESSAGE_ELEMENTS, MESSAGE_NUMBERS.message)
  writeName(writer, message.protocol, PROTOCOL_BYTES_MAX, names)
  writeBinary(writer, checkAtMost(message.payload, PAYLOAD_BYTES_MAX))
}

/** All fields are read before their limits are looked at: then the next value can be read. */
export function readDirect(
  reader: Reader,
  elements: number,
  names: ProtocolNames,
): DirectMessage | OversizedDirectMessage {
  expectElements(reader, elements, DIRECT_ELEMENTS)
  const requestId = readBinary(reader, REQUEST_ID_BYTES)
  const name = readBytes(reader, readStringLength(reader))
  const payload = readAnyBinary(reader)
  const metadata = readNil(reader) ? undefined : readAnyBinary(reader)
  if (
    name.length > PROTOCOL_BYTES_MAX ||
    payload.length > PAYLOAD_BYTES_MAX ||
    (metadata !== undefined && metadata.length > METADATA_BYTES_MAX)
  ) {
    return { type: 'oversizedDirect', requestId }
  }
  const protocol = textOfName(names, name) ?? failShape(reader)
  return { type: 'direct', requestId, protocol, payload, metadata }
}

export const directBytes = (message: DirectMessage, names: ProtocolNames): number =>
  START_BYTES +
  binaryBytes(message.requestId) +
  nameBytes(message.protocol, names) +
  binaryBytes(message.payload) +
  (message.metadata === undefined ? 1 : binaryBytes(message.metadata))

export function writeDirect(writer: Writer, message: DirectMessage, names: ProtocolNames): void {
  writeStart(writer, DIRECT_ELEMENTS, MESSAGE_NUMBERS.direct)
  writeBinary(writer, checkLength(message.requestId, REQUEST_ID_BYTES))
  writeName(writer, message.protocol, PROTOCOL_BYTES_MAX, names)
  writeBinary(writer, checkAtMost(message.payload, PAYLOAD_BYTES_MAX))
  if (message.metadata === undefined) writeNil(writer)
  else writeBinary(writer, checkAtMost(message.metadata, METADATA_BYTES_MAX))
}

export function readResponse(reader: Reader, elements: number): ResponseMessage {
  expectElements(reader, elements, RESPONSE_ELEMENTS)
  const requestId = readBinary(reader, REQUEST_ID_BYTES)
  return { type: 'response', requestId, payload: readBinaryUpTo(reader, PAYLOAD_BYTES_MAX) }
}

export const responseBytes = ({ requestId, payload }: ResponseMessage): number =>
  START_BYTES + binaryBytes(requestId) + binaryBytes(payload)

export function writeResponse(writer: Writer, message: ResponseMessage): void {
  writeStart(writer, RESPONSE_ELEMENTS, MESSAGE_NUMBERS.response)
  writeBinary(writer, checkLength(message.requestId, REQUEST_ID_BYTES))
  writeBinary(writer, checkAtMost(message.payload, PAYLOAD_BYTES_MAX))
}

/** A ping or a pong: they differ in their number alone. */
export function readPing<Type extends 'ping' | 'pong'>(
  reader: Reader,
  elements: number,
  type: Type,
): { readonly type: Type; readonly id: Uint8Array } {
  expectElements(reader, elements, PING_ELEMENTS)
  return { type, id: readBinary(reader, PING_ID_BYTES) }
}

export const pingBytes = ({ id }: PingMessage | PongMessage): number =>
  START_BYTES + binaryBytes(id)

export function writePing(writer: Writer, message: PingMessage | PongMessage): void {
  writeStart(writer, PING_ELEMENTS, MESSAGE_NUMBERS[message.type])
  writeBinary(writer, checkLength(message.id, PING_ID_BYTES))
}
