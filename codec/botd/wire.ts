/**
 * The wire of the BOTD network: a plaintext frame each way, and sealed records from then on.
 *
 * A plaintext frame is a length, the first four bytes of the payload's SHA-256, and the payload; it does
 * not say what it holds. A listener reads an Init and a dialler an Ack, and nothing else: what is
 * neither has no place there.
 * @module
 */
import { concatBytes, equalBytes, viewOf } from '../bytes.ts'
import { createFrameBuffer } from '../frame-buffer.ts'
import { createOpener, createSealer } from '../sealed-records.ts'
import type { Opener, SealedRecordParameters, Sealer } from '../sealed-records.ts'
import type { Outgoing, Read, Wire, WireSetup } from '../wire.ts'
import { WireError } from '../wire-error.ts'
import type { BotdAddress } from './address.ts'
import { decodeEnvelope, encodeEnvelope } from './envelope-codec.ts'
import { BYTE_ORDER, RECORD_PARAMETERS } from './handshake-bytes.ts'
import type { BotdKeys } from './handshake-bytes.ts'
import { decodeAck, decodeInit, encodeAck, encodeInit } from './handshake-codec.ts'
import type { BotdMessage } from './messages.ts'
import type { BotdWireDetail } from './wire-details.ts'

/** An Init has about 210 bytes; the rest is room for fields that are not known yet. */
export const PLAIN_PAYLOAD_BYTES_MAX = 1_024

const LENGTH_BYTES = 4
const CHECKSUM_BYTES = 4
const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES
const IS_LITTLE = BYTE_ORDER === 'little'

type BotdWire = Wire<BotdMessage, BotdKeys, never, BotdWireDetail>
type BotdRead = Read<BotdMessage, never, BotdWireDetail>
const MORE: BotdRead = { kind: 'more' }

/** `records` differs from the specification's in tests alone: fewer records under one key. */
export function botdWire(
  { role, crypto, out }: WireSetup<BotdAddress, undefined>,
  records: SealedRecordParameters<BotdWireDetail> = RECORD_PARAMETERS,
): BotdWire {
  const buffer = createFrameBuffer()
  let sealer: Sealer | undefined
  let opener: Opener | undefined
  let hasTakenLeave = false

  const checksumOf = (payload: Uint8Array): Uint8Array =>
    crypto.sha256(payload).subarray(0, CHECKSUM_BYTES)

  function readPlain(): BotdRead {
    const lengthBytes = buffer.peek(LENGTH_BYTES)
    if (lengthBytes === undefined) return MORE
    const length = viewOf(lengthBytes).getUint32(0, IS_LITTLE)
    // Before anything is waited for.
    if (length < 1 || length > PLAIN_PAYLOAD_BYTES_MAX) throw new WireError('close', 'frame-length')
    const frame = buffer.take(HEADER_BYTES + length)
    if (frame === undefined) return MORE
    // One copy, once a connection: the payload is hashed several steps later.
    const raw = frame.slice(HEADER_BYTES)
    if (!equalBytes(frame.subarray(LENGTH_BYTES, HEADER_BYTES), checksumOf(raw))) {
      throw new WireError('close', 'bad-checksum')
    }
    const message = role === 'listener' ? decodeInit(raw) : decodeAck(raw)
    return { kind: 'message', message, bytesOnWire: frame.length, raw }
  }

  function readRecord(opening: Opener): BotdRead {
    const before = buffer.length
    const plaintext = opening.read(buffer)
    if (plaintext === undefined) return MORE
    const message = decodeEnvelope(plaintext)
    hasTakenLeave = message.type === 'disconnecting'
    return { kind: 'message', message, bytesOnWire: before - buffer.length }
  }

  function frameOf(payload: Uint8Array): Uint8Array {
    const length = new Uint8Array(LENGTH_BYTES)
    viewOf(length).setUint32(0, payload.length, IS_LITTLE)
    return concatBytes(length, checksumOf(payload), payload)
  }

  return {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read: () => (opener === undefined ? readPlain() : readRecord(opener)),
    secure(keys) {
      sealer = createSealer(crypto, keys.send, records)
      opener = createOpener(crypto, keys.receive, records)
    },
    resume() {
      throw new Error('this wire asks for no job')
    },
    write(messages) {
      if (messages.length === 0) return
      const payloads = messages.map(payloadOf)
      const sealing = sealer
      const frames = payloads.map(sealing === undefined ? frameOf : sealing.seal)
      const [first] = frames
      out(frames.length === 1 && first !== undefined ? first : concatBytes(...frames))
    },
    end() {
      if (buffer.length > 0) return 'mid-frame'
      return opener === undefined || hasTakenLeave ? 'clean' : 'truncated'
    },
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      sealer?.wipe()
      opener?.wipe()
    },
  }
}

function payloadOf(message: Outgoing<BotdMessage>): Uint8Array {
  if ('raw' in message) return message.raw
  switch (message.type) {
    case 'init':
      return encodeInit(message)
    case 'ack':
      return encodeAck(message)
    default:
      return encodeEnvelope(message)
  }
}
