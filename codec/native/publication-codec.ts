/**
 * Messages that nodes pass on with their origin's signature: broadcast and item. They have the same
 * fields, but for what the fourth of them counts.
 * @module
 */
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import {
  binaryBytes,
  checkAtMost,
  checkLength,
  checkUint,
  expectElements,
  nameBytes,
  readBinaryUpTo,
  readName,
  START_BYTES,
  U32_MAX,
  U8_MAX,
  writeName,
  writeStart,
} from './fields.ts'
import { NODE_ID_BYTES, PUBLIC_KEY_BYTES } from './identity.ts'
import { MESSAGE_NUMBERS, PUBLICATION_BYTES_MAX, SIGNATURE_BYTES } from './messages.ts'
import { TOPIC_BYTES_MAX } from './messages.ts'
import type { BroadcastMessage, ItemMessage } from './messages.ts'
import type { ProtocolNames } from './protocol-names.ts'
import {
  readBinary,
  readUint,
  readUint64,
  uint64Bytes,
  uintBytes,
  writeBinary,
  writeUint,
  writeUint64,
} from './values.ts'

/** Elements of the array, the number among them. */
const PUBLICATION_ELEMENTS = 10

export function readBroadcast(
  reader: Reader,
  elements: number,
  names: ProtocolNames,
): BroadcastMessage {
  expectElements(reader, elements, PUBLICATION_ELEMENTS)
  return {
    type: 'broadcast',
    originId: readBinary(reader, NODE_ID_BYTES),
    originPublicKey: readBinary(reader, PUBLIC_KEY_BYTES),
    keyType: readUint(reader, U8_MAX),
    sequence: readUint64(reader),
    timestampMs: readUint64(reader),
    topic: readName(reader, TOPIC_BYTES_MAX, names),
    payload: readBinaryUpTo(reader, PUBLICATION_BYTES_MAX),
    hopsLeft: readUint(reader, U32_MAX),
    signature: readBinary(reader, SIGNATURE_BYTES),
  }
}

export function readItem(reader: Reader, elements: number, names: ProtocolNames): ItemMessage {
  expectElements(reader, elements, PUBLICATION_ELEMENTS)
  return {
    type: 'item',
    originId: readBinary(reader, NODE_ID_BYTES),
    originPublicKey: readBinary(reader, PUBLIC_KEY_BYTES),
    keyType: readUint(reader, U8_MAX),
    number: readUint64(reader),
    timestampMs: readUint64(reader),
    topic: readName(reader, TOPIC_BYTES_MAX, names),
    payload: readBinaryUpTo(reader, PUBLICATION_BYTES_MAX),
    hopsLeft: readUint(reader, U32_MAX),
    signature: readBinary(reader, SIGNATURE_BYTES),
  }
}

const numberOf = (message: BroadcastMessage | ItemMessage): bigint =>
  message.type === 'broadcast' ? message.sequence : message.number

export const publicationBytes = (
  message: BroadcastMessage | ItemMessage,
  names: ProtocolNames,
): number =>
  START_BYTES +
  binaryBytes(message.originId) +
  binaryBytes(message.originPublicKey) +
  uintBytes(message.keyType) +
  uint64Bytes(numberOf(message)) +
  uint64Bytes(message.timestampMs) +
  nameBytes(message.topic, names) +
  binaryBytes(message.payload) +
  uintBytes(message.hopsLeft) +
  binaryBytes(message.signature)

export function writePublication(
  writer: Writer,
  message: BroadcastMessage | ItemMessage,
  names: ProtocolNames,
): void {
  writeStart(writer, PUBLICATION_ELEMENTS, MESSAGE_NUMBERS[message.type])
  writeBinary(writer, checkLength(message.originId, NODE_ID_BYTES))
  writeBinary(writer, checkLength(message.originPublicKey, PUBLIC_KEY_BYTES))
  writeUint(writer, checkUint(message.keyType, U8_MAX))
  writeUint64(writer, numberOf(message))
  writeUint64(writer, message.timestampMs)
  writeName(writer, message.topic, TOPIC_BYTES_MAX, names)
  writeBinary(writer, checkAtMost(message.payload, PUBLICATION_BYTES_MAX))
  writeUint(writer, message.hopsLeft)
  writeBinary(writer, checkLength(message.signature, SIGNATURE_BYTES))
}
