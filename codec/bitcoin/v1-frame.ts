/**
 * Frames of the v1 transport (24 bytes of header, then the payload), in any pieces, and back.
 *
 * What cannot be a frame of this network ends the stream before anything is waited for; a frame that is
 * damaged in itself is passed over, because where it ends is known. Which is which is Core's to say: a
 * checksum is compared before the name is looked at.
 * @module
 */
import { equalBytes, viewOf } from '../bytes.ts'
import type { FrameBuffer } from '../frame-buffer.ts'
import { WireError } from '../wire-error.ts'
import { createWriter, writeBytes, writtenBytes } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { COMMAND_BYTES, decodeCommand, encodeCommand, V1_CHARACTER_MAX } from './commands.ts'
import { PAYLOAD_BYTES_MAX } from './fields.ts'
import { doubleSha256 } from './hashes.ts'
import type { Sha256 } from './hashes.ts'
import type { BitcoinWireDetail } from './wire-details.ts'

const COMMAND_AT = 4
const LENGTH_AT = COMMAND_AT + COMMAND_BYTES
const CHECKSUM_AT = LENGTH_AT + 4
export const V1_HEADER_BYTES = CHECKSUM_AT + 4
const HEADER_ROOM = new Uint8Array(V1_HEADER_BYTES)

export type V1Frame =
  | {
      readonly kind: 'payload'
      readonly command: string
      /** A view, valid until more is pushed. */
      readonly payload: Uint8Array
      readonly bytesOnWire: number
    }
  /** Counted, and the stream goes on. */
  | {
      readonly kind: 'refused'
      readonly error: WireError<BitcoinWireDetail>
      readonly bytesOnWire: number
    }

/**
 * The next frame, or undefined where it has not come whole.
 * @param magic the four bytes of the network, as they travel
 * @throws {WireError} `close`: another network's bytes, or a longer payload than there are
 */
export function readV1Frame(
  buffer: FrameBuffer,
  magic: Uint8Array,
  sha256: Sha256,
): V1Frame | undefined {
  const header = buffer.peek(V1_HEADER_BYTES)
  if (header === undefined) return undefined
  if (!equalBytes(header.subarray(0, COMMAND_AT), magic)) fail('close', 'wrong-magic')
  const length = viewOf(header).getUint32(LENGTH_AT, true)
  if (length > PAYLOAD_BYTES_MAX) fail('close', 'message-too-long')
  const frame = buffer.take(V1_HEADER_BYTES + length)
  if (frame === undefined) return undefined

  const bytesOnWire = frame.length
  const payload = frame.subarray(V1_HEADER_BYTES)
  const checksum = frame.subarray(CHECKSUM_AT, V1_HEADER_BYTES)
  if (!equalBytes(checksum, checksumOf(sha256, payload))) {
    return { kind: 'refused', error: new WireError('skip', 'bad-checksum'), bytesOnWire }
  }
  const command = decodeCommand(frame.subarray(COMMAND_AT, LENGTH_AT), V1_CHARACTER_MAX)
  if (command === undefined) {
    return { kind: 'refused', error: new WireError('skip', 'bad-command'), bytesOnWire }
  }
  return { kind: 'payload', command, payload, bytesOnWire }
}

function fail(action: 'close', detail: BitcoinWireDetail): never {
  throw new WireError(action, detail)
}

const checksumOf = (sha256: Sha256, payload: Uint8Array): Uint8Array =>
  doubleSha256(sha256, payload).subarray(0, V1_HEADER_BYTES - CHECKSUM_AT)

/**
 * One frame, in memory of its own: the payload is written where it goes.
 * @param payloadBytes about how long it gets: what is written at once need not be moved
 * @throws {RangeError} a name or a payload that has no frame: the message is ours
 */
export function encodeV1Frame(
  magic: Uint8Array,
  sha256: Sha256,
  command: string,
  payloadBytes: number,
  writePayload: (writer: Writer) => void,
): Uint8Array {
  const writer = createWriter(V1_HEADER_BYTES + PAYLOAD_BYTES_MAX, V1_HEADER_BYTES + payloadBytes)
  writeBytes(writer, HEADER_ROOM)
  writePayload(writer)
  const frame = writtenBytes(writer)
  const payload = frame.subarray(V1_HEADER_BYTES)
  frame.set(magic)
  frame.set(encodeCommand(command), COMMAND_AT)
  viewOf(frame).setUint32(LENGTH_AT, payload.length, true)
  frame.set(checksumOf(sha256, payload), CHECKSUM_AT)
  return frame
}
