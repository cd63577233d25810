/**
 * What the handshake of the BOTD network signs and hashes.
 *
 * Signed are three keys of a fixed length, without a word in front: the layout is the specification's.
 * So a static key signs nothing else that could be 99 bytes of keys. The transcript is over both
 * payloads as they were sent, which ties each to the other: their signatures do not.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { concatBytes, encodeAscii, viewOf } from '../bytes.ts'
import { deriveDirectionKeys, RECORD_FRAMES_MAX, RECORD_REKEY_FRAMES } from '../sealed-records.ts'
import type { DirectionKeys, SealedRecordParameters } from '../sealed-records.ts'
import type { Role } from '../wire.ts'
import { PLAINTEXT_BYTES_MAX } from './messages.ts'
import type { BotdWireDetail } from './wire-details.ts'

const TRANSCRIPT_LABEL = encodeAscii('BOTD2 v1 transcript')

/** Of all lengths in front of frames. */
export const BYTE_ORDER = 'little' as const

export const RECORD_PARAMETERS: SealedRecordParameters<BotdWireDetail> = {
  rekeyLabel: 'BOTD2 v1 rekey',
  byteOrder: BYTE_ORDER,
  payloadBytesMax: PLAINTEXT_BYTES_MAX,
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
export interface BotdKeys {
  readonly send: DirectionKeys
  readonly receive: DirectionKeys
}

/** Whose signature it is, whom he speaks to, and his key for this connection. */
export const signedBytes = (
  signerKey: Uint8Array,
  otherKey: Uint8Array,
  ephemeralKey: Uint8Array,
): Uint8Array => concatBytes(signerKey, otherKey, ephemeralKey)

/** Public: it also names the session. */
export function transcriptOf(
  crypto: Pick<CryptoBackend, 'sha256'>,
  init: Uint8Array,
  ack: Uint8Array,
): Uint8Array {
  return crypto.sha256(TRANSCRIPT_LABEL, lengthOf(init), init, lengthOf(ack), ack)
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, length, true)
  return bytes
}

/** The keys as one side holds them. `sharedX` stays the caller's: overwrite it afterwards. */
export function sessionKeysOf(
  crypto: CryptoBackend,
  role: Role,
  sharedX: Uint8Array,
  transcript: Uint8Array,
): BotdKeys {
  const { initiator, responder } = deriveDirectionKeys(crypto, {
    sharedX,
    transcript,
    initiatorLabel: 'BOTD2 v1 initiator',
    responderLabel: 'BOTD2 v1 responder',
  })
  return role === 'dialler'
    ? { send: initiator, receive: responder }
    : { send: responder, receive: initiator }
}
