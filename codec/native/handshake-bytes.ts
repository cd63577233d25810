/**
 * What the handshake of the native network signs and hashes (native protocol, section 5): fixed layouts,
 * never the encoding, so that encoding it again can neither break nor forge a signature. Keys come
 * from the payloads exactly as they were sent.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { encodeAscii } from '../bytes.ts'
import { deriveDirectionKeys, RECORD_FRAMES_MAX, RECORD_REKEY_FRAMES } from '../sealed-records.ts'
import type { DirectionKeys, SealedRecordParameters } from '../sealed-records.ts'
import type { Role } from '../wire.ts'
import { createWriter, writeBytes, writeU16be, writeU32be, writeU64be, writeU8 } from '../writer.ts'
import { writtenBytes } from '../writer.ts'
import { PAYLOAD_BYTES_MAX } from './messages.ts'
import type { HandshakeMessage } from './messages.ts'
import { writeWithLength } from './signed-layout.ts'
import type { NativeWireDetail } from './wire-details.ts'

export const MAJOR_VERSION = 1
export const MINOR_VERSION = 0

const SIGNED_LABELS = {
  dialler: encodeAscii('node-network/handshake/v1/initiator'),
  listener: encodeAscii('node-network/handshake/v1/responder'),
} as const satisfies Record<Role, Uint8Array>
const TRANSCRIPT_LABEL = encodeAscii('node-network/transcript/v1')
const INITIATOR_LABEL = 'node-network/v1 initiator'
const RESPONDER_LABEL = 'node-network/v1 responder'
const REKEY_LABEL = 'node-network/v1 rekey'

/** Label, network and the fixed fields take under 310 bytes. */
const SIGNED_BYTES_MAX = 512
const NO_PREVIOUS = new Uint8Array(32)

/** Section 4: a payload of 1 MiB, and 8 KiB for what stands around it. */
export const RECORD_PLAINTEXT_BYTES_MAX = PAYLOAD_BYTES_MAX + 8_192

export const RECORD_PARAMETERS: SealedRecordParameters<NativeWireDetail> = {
  rekeyLabel: REKEY_LABEL,
  byteOrder: 'big',
  payloadBytesMax: RECORD_PLAINTEXT_BYTES_MAX,
  rekeyFrames: RECORD_REKEY_FRAMES,
  framesMax: RECORD_FRAMES_MAX,
  details: {
    tooShort: 'record-too-short',
    tooLong: 'record-too-long',
    unauthentic: 'record-unauthentic',
    exhausted: 'record-exhausted',
  },
}

/** What `Wire.secure` takes. Secret. */
export interface NativeKeys {
  readonly send: DirectionKeys
  readonly receive: DirectionKeys
}

/** SHA-256 of the initiator's payload as sent: what ties the responder's signature to it. */
export const previousOf = (
  crypto: Pick<CryptoBackend, 'sha256'>,
  initiatorPayload: Uint8Array,
): Uint8Array => crypto.sha256(initiatorPayload)

/** `role` is the signer's; `previous` is `previousOf` where the listener signs, else left out. */
export function signedBytes(
  role: Role,
  handshake: Omit<HandshakeMessage, 'signature' | 'type'>,
  previous: Uint8Array = NO_PREVIOUS,
): Uint8Array {
  const writer = createWriter(SIGNED_BYTES_MAX, SIGNED_BYTES_MAX)
  writeWithLength(writer, SIGNED_LABELS[role])
  writeU16be(writer, handshake.major)
  writeU16be(writer, handshake.minor)
  writeWithLength(writer, encodeAscii(handshake.network))
  writeU8(writer, handshake.keyType)
  writeBytes(writer, handshake.nodeId)
  writeBytes(writer, handshake.publicKey)
  writeBytes(writer, handshake.recipientId)
  writeU64be(writer, handshake.timestampMs)
  writeBytes(writer, handshake.nonce)
  writeBytes(writer, handshake.ephemeralKey)
  writeBytes(writer, previous)
  return writtenBytes(writer)
}

/** Over both payloads as sent. Public: it also names the session. */
export function transcriptOf(
  crypto: Pick<CryptoBackend, 'sha256'>,
  initiatorPayload: Uint8Array,
  responderPayload: Uint8Array,
): Uint8Array {
  const lengthOf = (bytes: Uint8Array): Uint8Array => {
    const writer = createWriter(4, 4)
    writeU32be(writer, bytes.length)
    return writer.bytes
  }
  return crypto.sha256(
    TRANSCRIPT_LABEL,
    lengthOf(initiatorPayload),
    initiatorPayload,
    lengthOf(responderPayload),
    responderPayload,
  )
}

/** The keys as one side holds them. `sharedX` stays the caller's: overwrite it afterwards. */
export function sessionKeysOf(
  crypto: CryptoBackend,
  role: Role,
  sharedX: Uint8Array,
  transcript: Uint8Array,
): NativeKeys {
  const { initiator, responder } = deriveDirectionKeys(crypto, {
    sharedX,
    transcript,
    initiatorLabel: INITIATOR_LABEL,
    responderLabel: RESPONDER_LABEL,
  })
  return role === 'dialler'
    ? { send: initiator, receive: responder }
    : { send: responder, receive: initiator }
}
