/**
 * Messages of the node network to and from msgpack: an array of the message's number and its fields,
 * in the order of the specification's field numbers, always of full length, with nil for an absent
 * optional field.
 *
 * What is decoded holds views of the bytes it was decoded from.
 * @module
 */
import { decodeAscii, decodeUtf8, encodeAscii, encodeUtf8 } from '../bytes.ts'
import { createReader, expectEnd, failReading, readBytes } from '../reader.ts'
import type { Reader, ReaderDetails } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { createWriter, writtenBytes } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { NODE_ID_BYTES, PUBLIC_KEY_BYTES } from './identity.ts'
import {
  ERROR_TEXT_BYTES_MAX,
  MESSAGE_NUMBER_MAX,
  MESSAGE_NUMBERS,
  NETWORK_BYTES_MAX,
  NETWORK_NAME,
  NONCE_BYTES,
  PAYLOAD_BYTES_MAX,
  PROTOCOL_BYTES_MAX,
  REQUEST_ID_BYTES,
  SIGNATURE_BYTES,
} from './messages.ts'
import type { ErrorMessage, HandshakeMessage, NativeMessage, OneWayMessage } from './messages.ts'
import type { ProtocolNames } from './protocol-names.ts'
import {
  binaryHeaderBytes,
  readArrayLength,
  readBinary,
  readBinaryLength,
  readNil,
  readStringLength,
  readUint,
  readUint64,
  skipValues,
  stringHeaderBytes,
  writeArrayHeader,
  writeBinary,
  writeNil,
  writeString,
  writeUint,
  writeUint64,
} from './values.ts'
import type { NativeWireDetail } from './wire-details.ts'

const U8_MAX = 0xff
const U16_MAX = 0xffff
const U32_MAX = 0xffff_ffff

/** Elements of the array, the number among them. */
const HANDSHAKE_ELEMENTS = 12
const ERROR_ELEMENTS = 8
const CONFIRM_ELEMENTS = 1
const MESSAGE_ELEMENTS = 3
/** An array's header and its number take one byte each. */
const MESSAGE_START_BYTES = 2

/** Far above the largest handshake or Error that is well formed. */
const SMALL_MESSAGE_BYTES_MAX = 1024

const DETAILS: ReaderDetails<NativeWireDetail> = {
  short: 'malformed',
  tooLarge: 'message-too-large',
}

const RESERVED = new WireError<NativeWireDetail>('skip', 'message-reserved')

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
 * The next value of a record's plaintext; a WireError with `skip` where its number is reserved.
 * @throws {WireError} `close`
 */
export function decodeSealed(
  reader: Reader<NativeWireDetail>,
  names: ProtocolNames,
): Exclude<NativeMessage, HandshakeMessage> | WireError<NativeWireDetail> {
  const elements = readArrayLength(reader)
  const number = readNumber(reader, elements)
  switch (number) {
    case MESSAGE_NUMBERS.message:
      return readOneWay(reader, elements, names)
    case MESSAGE_NUMBERS.error:
      return readError(reader, elements)
    case MESSAGE_NUMBERS.confirm:
      expectElements(reader, elements, CONFIRM_ELEMENTS)
      return { type: 'confirm' }
    case MESSAGE_NUMBERS.handshake:
      // A session has one handshake, and it is over.
      return failReading(reader, 'short')
    default:
      skipValues(reader, elements - 1, 2)
      return RESERVED
  }
}

function readNumber(reader: Reader, elements: number): number {
  if (elements < 1) failReading(reader, 'short')
  const number = readUint(reader, MESSAGE_NUMBER_MAX)
  return number > 0 ? number : failReading(reader, 'short')
}

function expectElements(reader: Reader, elements: number, expected: number): void {
  if (elements !== expected) failReading(reader, 'short')
}

function readHandshake(reader: Reader, elements: number): HandshakeMessage {
  expectElements(reader, elements, HANDSHAKE_ELEMENTS)
  return {
    type: 'handshake',
    major: readUint(reader, U16_MAX),
    minor: readUint(reader, U16_MAX),
    network: readNetwork(reader),
    keyType: readUint(reader, U8_MAX),
    nodeId: readBinary(reader, NODE_ID_BYTES),
    publicKey: readBinary(reader, PUBLIC_KEY_BYTES),
    recipientId: readBinary(reader, NODE_ID_BYTES),
    timestampMs: readUint64(reader),
    nonce: readBinary(reader, NONCE_BYTES),
    ephemeralKey: readBinary(reader, PUBLIC_KEY_BYTES),
    signature: readBinary(reader, SIGNATURE_BYTES),
  }
}

function readNetwork(reader: Reader): string {
  const bytes = readStringLength(reader)
  if (bytes > NETWORK_BYTES_MAX) failReading(reader, 'short')
  const network = decodeAscii(readBytes(reader, bytes))
  if (network === undefined || !NETWORK_NAME.test(network)) return failReading(reader, 'short')
  return network
}

function readError(reader: Reader, elements: number): ErrorMessage {
  expectElements(reader, elements, ERROR_ELEMENTS)
  return {
    type: 'error',
    code: readUint(reader, U32_MAX),
    message: readErrorText(reader),
    requestId: readNil(reader) ? undefined : readBinary(reader, REQUEST_ID_BYTES),
    retryAfterMs: readNil(reader) ? undefined : readUint(reader, U32_MAX),
    localMajor: readNil(reader) ? undefined : readUint(reader, U16_MAX),
    localMinor: readNil(reader) ? undefined : readUint(reader, U16_MAX),
    localTimeMs: readNil(reader) ? undefined : readUint64(reader),
  }
}

function readErrorText(reader: Reader): string {
  const bytes = readStringLength(reader)
  if (bytes > ERROR_TEXT_BYTES_MAX) failReading(reader, 'short')
  return decodeUtf8(readBytes(reader, bytes)) ?? failReading(reader, 'short')
}

function readOneWay(reader: Reader, elements: number, names: ProtocolNames): OneWayMessage {
  expectElements(reader, elements, MESSAGE_ELEMENTS)
  const name = readBytes(reader, readStringLength(reader), PROTOCOL_BYTES_MAX)
  const protocol = names.textOf(name) ?? failReading(reader, 'short')
  const payload = readBytes(reader, readBinaryLength(reader), PAYLOAD_BYTES_MAX)
  return { type: 'message', protocol, payload }
}

/** What `writeMessage` will write. @throws {RangeError} as `writeMessage` */
export function encodedBytes(message: NativeMessage, names: ProtocolNames): number {
  if (message.type !== 'message') return encodeSmall(message).length
  const name = names.bytesOf(message.protocol).length
  const payload = message.payload.length
  return MESSAGE_START_BYTES + stringHeaderBytes(name) + name + binaryHeaderBytes(payload) + payload
}

/** All but the one-way message, which alone can be large. */
type SmallMessage = Exclude<NativeMessage, OneWayMessage>

/** A payload of its own, to be hashed and sent as it is. @throws {RangeError} as `writeMessage` */
export function encodeSmall(message: SmallMessage): Uint8Array {
  const writer = createWriter(SMALL_MESSAGE_BYTES_MAX)
  writeSmall(writer, message)
  return writtenBytes(writer)
}

/** @throws {RangeError} a field that the encoding has no room for: the message is ours */
export function writeMessage(writer: Writer, message: NativeMessage, names: ProtocolNames): void {
  if (message.type === 'message') writeOneWay(writer, message, names)
  else writeSmall(writer, message)
}

function writeSmall(writer: Writer, message: SmallMessage): void {
  switch (message.type) {
    case 'confirm':
      writeStart(writer, CONFIRM_ELEMENTS, MESSAGE_NUMBERS.confirm)
      return
    case 'error':
      writeError(writer, message)
      return
    case 'handshake':
      writeHandshake(writer, message)
      return
  }
}

function writeStart(writer: Writer, elements: number, number: number): void {
  writeArrayHeader(writer, elements)
  writeUint(writer, number)
}

function writeOneWay(writer: Writer, message: OneWayMessage, names: ProtocolNames): void {
  const name = names.bytesOf(message.protocol)
  if (name.length > PROTOCOL_BYTES_MAX || message.payload.length > PAYLOAD_BYTES_MAX) {
    throw new RangeError('the message is above a limit of the protocol')
  }
  writeStart(writer, MESSAGE_ELEMENTS, MESSAGE_NUMBERS.message)
  writeString(writer, name)
  writeBinary(writer, message.payload)
}

function writeError(writer: Writer, message: ErrorMessage): void {
  const text = encodeUtf8(message.message)
  if (text.length > ERROR_TEXT_BYTES_MAX) throw new RangeError('the text of an Error is too long')
  writeStart(writer, ERROR_ELEMENTS, MESSAGE_NUMBERS.error)
  writeUint(writer, message.code)
  writeString(writer, text)
  if (message.requestId === undefined) writeNil(writer)
  else writeBinary(writer, checkLength(message.requestId, REQUEST_ID_BYTES))
  for (const value of [message.retryAfterMs, message.localMajor, message.localMinor]) {
    if (value === undefined) writeNil(writer)
    else writeUint(writer, value)
  }
  if (message.localTimeMs === undefined) writeNil(writer)
  else writeUint64(writer, message.localTimeMs)
}

function writeHandshake(writer: Writer, message: HandshakeMessage): void {
  if (!NETWORK_NAME.test(message.network)) throw new RangeError('not a name of a network')
  writeStart(writer, HANDSHAKE_ELEMENTS, MESSAGE_NUMBERS.handshake)
  writeUint(writer, message.major)
  writeUint(writer, message.minor)
  writeString(writer, encodeAscii(message.network))
  writeUint(writer, message.keyType)
  writeBinary(writer, checkLength(message.nodeId, NODE_ID_BYTES))
  writeBinary(writer, checkLength(message.publicKey, PUBLIC_KEY_BYTES))
  writeBinary(writer, checkLength(message.recipientId, NODE_ID_BYTES))
  writeUint64(writer, message.timestampMs)
  writeBinary(writer, checkLength(message.nonce, NONCE_BYTES))
  writeBinary(writer, checkLength(message.ephemeralKey, PUBLIC_KEY_BYTES))
  writeBinary(writer, checkLength(message.signature, SIGNATURE_BYTES))
}

function checkLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes in place of ${length}`)
  return bytes
}
