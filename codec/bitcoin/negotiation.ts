/**
 * Messages with which a connection begins: who the peer is, and what the two agree on.
 *
 * Each field of `version` behind the fifth may be missing, with all those behind it. Half a field is no
 * version at all.
 * @module
 */
import { failReading, readU32le, readU64le, readU8, skipBytes, unreadBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { writeU32le, writeU64le, writeU8 } from '../writer.ts'
import type { Writer } from '../writer.ts'
import {
  checkAtMost,
  emptyPayload,
  readByteText,
  readI32le,
  readI64le,
  readVector,
  writeByteText,
  writeI32le,
  writeI64le,
  writeVector,
} from './fields.ts'
import type { PayloadCodec, PayloadReader } from './fields.ts'
import { NO_ADDRESS, readV1Address, V1_ADDRESS_BYTES, writeV1Address } from './network-address.ts'
import type { NetworkAddress } from './network-address.ts'
import { violation } from './violation.ts'
import type { ViolationMessage } from './violation.ts'

/** BIP 14, MAX_SUBVERSION_LENGTH. */
export const USER_AGENT_BYTES_MAX = 256
/** BIP 434. */
export const FEATURE_ID_BYTES_MIN = 4
export const FEATURE_ID_BYTES_MAX = 80
export const FEATURE_DATA_BYTES_MAX = 512

/** The first message of each side, and the only one of its kind that is read. */
export interface VersionMessage {
  readonly type: 'version'
  readonly protocolVersion: number
  readonly services: bigint
  /** The sender's clock. What lies before 1970 is read as 1970. */
  readonly unixSeconds: bigint
  /** Of the receiver, as the sender believes. Nobody looks at them. */
  readonly receiverServices: bigint
  /** How the sender sees us. */
  readonly receiver: NetworkAddress
  /** By which a node knows its own connection when it comes back to it. Undefined: an old peer. */
  readonly nonce: bigint | undefined
  /** One character a byte, whatever characters were meant: `printableText` before it is shown. */
  readonly userAgent: string | undefined
  readonly height: number | undefined
  /** Whether the sender wants to be told of transactions. It does, where it does not say. */
  readonly relay: boolean
}

/** BIP 330. */
export interface SendTransactionReconciliationMessage {
  readonly type: 'sendtxrcncl'
  readonly version: number
  readonly salt: bigint
}

/** BIP 434: one a message. */
export interface FeatureMessage {
  readonly type: 'feature'
  /** One character a byte. */
  readonly id: string
  readonly data: Uint8Array
}

export interface NegotiationMessages {
  readonly version: VersionMessage
  readonly verack: { readonly type: 'verack' }
  readonly wtxidrelay: { readonly type: 'wtxidrelay' }
  readonly sendaddrv2: { readonly type: 'sendaddrv2' }
  readonly sendheaders: { readonly type: 'sendheaders' }
  readonly sendtxrcncl: SendTransactionReconciliationMessage
  readonly feature: FeatureMessage
}

const SENDER_BYTES = 8 + V1_ADDRESS_BYTES

function readVersion(reader: PayloadReader): VersionMessage {
  const protocolVersion = readI32le(reader)
  const services = readU64le(reader)
  const seconds = readI64le(reader)
  return {
    type: 'version',
    protocolVersion,
    services,
    unixSeconds: seconds < 0n ? 0n : seconds,
    receiverServices: readU64le(reader),
    receiver: readV1Address(reader),
    nonce: isOver(reader) ? undefined : readNonce(reader),
    userAgent: isOver(reader) ? undefined : readByteText(reader, USER_AGENT_BYTES_MAX),
    height: isOver(reader) ? undefined : readI32le(reader),
    relay: isOver(reader) || readU8(reader) !== 0,
  }
}

const isOver = (reader: Reader): boolean => unreadBytes(reader) === 0

/** Behind what the sender says of itself, which it has said already. */
function readNonce(reader: Reader): bigint {
  skipBytes(reader, SENDER_BYTES)
  return readU64le(reader)
}

/** Up to the first field that is undefined. Our own address is never told. */
function writeVersion(writer: Writer, message: VersionMessage): void {
  const { services, nonce, userAgent, height, relay } = message
  writeI32le(writer, message.protocolVersion)
  writeU64le(writer, services)
  writeI64le(writer, message.unixSeconds)
  writeU64le(writer, message.receiverServices)
  writeV1Address(writer, message.receiver)
  if (nonce === undefined) return
  writeU64le(writer, services)
  writeV1Address(writer, NO_ADDRESS)
  writeU64le(writer, nonce)
  if (userAgent === undefined) return
  writeByteText(writer, userAgent, USER_AGENT_BYTES_MAX)
  if (height === undefined) return
  writeI32le(writer, height)
  writeU8(writer, relay ? 1 : 0)
}

/** The one message in which nothing is overlooked: whoever sends it is newer than the rule. */
function readFeature(reader: PayloadReader): FeatureMessage | ViolationMessage {
  try {
    const id = readByteText(reader, FEATURE_ID_BYTES_MAX)
    const data = readVector(reader, FEATURE_DATA_BYTES_MAX)
    if (id.length < FEATURE_ID_BYTES_MIN || !isOver(reader)) failReading(reader, 'trailing')
    return { type: 'feature', id, data }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return violation('feature', 'bad-feature')
  }
}

function writeFeature(writer: Writer, { id, data }: FeatureMessage): void {
  if (id.length < FEATURE_ID_BYTES_MIN) throw new RangeError('the id of a feature is too short')
  writeByteText(writer, id, FEATURE_ID_BYTES_MAX)
  checkAtMost(data.length, FEATURE_DATA_BYTES_MAX)
  writeVector(writer, data)
}

export const NEGOTIATION_CODECS: {
  readonly [Type in keyof NegotiationMessages]: PayloadCodec<NegotiationMessages[Type]>
} = {
  version: {
    read: readVersion,
    write: writeVersion,
    payloadBytesMax: 33 + 2 * V1_ADDRESS_BYTES + 3 + USER_AGENT_BYTES_MAX + 16,
  },
  verack: emptyPayload('verack'),
  wtxidrelay: emptyPayload('wtxidrelay'),
  sendaddrv2: emptyPayload('sendaddrv2'),
  sendheaders: emptyPayload('sendheaders'),
  sendtxrcncl: {
    read: (reader) => ({
      type: 'sendtxrcncl',
      version: readU32le(reader),
      salt: readU64le(reader),
    }),
    write(writer, { version, salt }) {
      writeU32le(writer, version)
      writeU64le(writer, salt)
    },
    payloadBytesMax: 12,
  },
  feature: {
    read: readFeature,
    write: writeFeature,
    payloadBytesMax: 1 + FEATURE_ID_BYTES_MAX + 3 + FEATURE_DATA_BYTES_MAX,
  },
}

/** What Core keeps of a stranger's text before it shows it (SAFE_CHARS_DEFAULT): no quotes, no brackets. */
export const printableText = (text: string): string =>
  text.replace(/[^A-Za-z0-9 .,;\-_/:?@()]/g, '')
