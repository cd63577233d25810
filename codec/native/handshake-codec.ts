/**
 * The messages by which a session begins and ends: handshake, confirm and Error. Small, and the only
 * ones that stand in plaintext as well.
 * @module
 */
import { decodeAscii, decodeUtf8, encodeAscii, encodeUtf8 } from '../bytes.ts'
import { readBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { createWriter, writtenBytes } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { checkLength, expectElements, failShape, writeStart } from './fields.ts'
import { U16_MAX, U32_MAX, U8_MAX } from './fields.ts'
import { NODE_ID_BYTES, PUBLIC_KEY_BYTES } from './identity.ts'
import {
  ERROR_TEXT_BYTES_MAX,
  MESSAGE_NUMBERS,
  NETWORK_BYTES_MAX,
  NETWORK_NAME,
  NONCE_BYTES,
  REQUEST_ID_BYTES,
  SIGNATURE_BYTES,
} from './messages.ts'
import type { ConfirmMessage, ErrorMessage, HandshakeMessage } from './messages.ts'
import {
  readBinary,
  readNil,
  readStringLength,
  readUint,
  readUint64,
  writeBinary,
  writeNil,
  writeString,
  writeUint,
  writeUint64,
} from './values.ts'

/** Elements of the array, the number among them. */
const HANDSHAKE_ELEMENTS = 12
const ERROR_ELEMENTS = 8
const CONFIRM_ELEMENTS = 1

/** Far above the largest handshake or Error that is well formed. */
const SMALL_MESSAGE_BYTES_MAX = 1024

const CONFIRM: ConfirmMessage = { type: 'confirm' }

export function readHandshake(reader: Reader, elements: number): HandshakeMessage {
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
  if (bytes > NETWORK_BYTES_MAX) failShape(reader)
  const network = decodeAscii(readBytes(reader, bytes))
  if (network === undefined || !NETWORK_NAME.test(network)) return failShape(reader)
  return network
}

export function readError(reader: Reader, elements: number): ErrorMessage {
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
  if (bytes > ERROR_TEXT_BYTES_MAX) failShape(reader)
  return decodeUtf8(readBytes(reader, bytes)) ?? failShape(reader)
}

export function readConfirm(reader: Reader, elements: number): ConfirmMessage {
  expectElements(reader, elements, CONFIRM_ELEMENTS)
  return CONFIRM
}

type SmallMessage = HandshakeMessage | ErrorMessage | ConfirmMessage

/** A payload of its own, to be hashed and sent as it is. @throws {RangeError} as `writeSmall` */
export function encodeSmall(message: SmallMessage): Uint8Array {
  const writer = createWriter(SMALL_MESSAGE_BYTES_MAX)
  writeSmall(writer, message)
  return writtenBytes(writer)
}

/** @throws {RangeError} a field that the encoding has no room for: the message is ours */
export function writeSmall(writer: Writer, message: SmallMessage): void {
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
