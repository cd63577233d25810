/**
 * The wire of the native network: plaintext frames for the handshake, sealed records from then on.
 *
 * A plaintext frame is a length of 4 bytes, big-endian, and one value. A record's plaintext is one or
 * more values, one behind the other, up to 64 KiB together, or a single larger one.
 * @module
 */
import { createFrameBuffer } from '../frame-buffer.ts'
import { viewOf } from '../bytes.ts'
import type { Reader } from '../reader.ts'
import { unreadBytes } from '../reader.ts'
import { createOpener, createSealer, RECORD_OVERHEAD_BYTES } from '../sealed-records.ts'
import type { Opener, SealedRecordParameters, Sealer } from '../sealed-records.ts'
import type { Outgoing, Read, Wire, WireSetup } from '../wire.ts'
import { WireError } from '../wire-error.ts'
import { createWriter, rewind, writeBytes, writeU32be, writtenBytes } from '../writer.ts'
import type { Writer } from '../writer.ts'
import type { NativeAddress } from './address.ts'
import { RECORD_PARAMETERS, RECORD_PLAINTEXT_BYTES_MAX } from './handshake-bytes.ts'
import type { NativeKeys } from './handshake-bytes.ts'
import { createValueReader, decodePlaintext, decodeSealed } from './message-codec.ts'
import { encodedBytes, writeMessage } from './message-codec.ts'
import type { NativeMessage } from './messages.ts'
import { createProtocolNames } from './protocol-names.ts'
import type { NativeWireDetail } from './wire-details.ts'

/** Section 4: handshakes and Errors are under 600 bytes. */
export const FRAME_BYTES_MAX = 1024
/** Of a record that holds several values: enough to make the cost of a record small. */
export const SHARED_RECORD_BYTES_MAX = 65_536

const LENGTH_BYTES = 4
/** Below it a copy costs less than two more pieces do. */
const PIECES_FROM_BYTES = 4_096
/** Of the memory that plaintexts are written into: a shared record, and the value that went beyond it. */
const PLAINTEXT_BYTES_KEPT_MAX = 2 * SHARED_RECORD_BYTES_MAX
/** Where a plaintext that is read up is left: there is nothing in it. */
const NOTHING = createValueReader(new Uint8Array(0))

/**
 * One for all wires: a plaintext is sealed, into memory of its own, before another one is begun. New
 * memory for each would cost more than writing it.
 */
let plaintextWriter = createWriter(RECORD_PLAINTEXT_BYTES_MAX)

/** What its memory held before may be another connection's: it is written before it is read. */
function beginPlaintext(): Writer {
  if (plaintextWriter.bytes.length > PLAINTEXT_BYTES_KEPT_MAX)
    plaintextWriter = createWriter(RECORD_PLAINTEXT_BYTES_MAX)
  rewind(plaintextWriter)
  return plaintextWriter
}

type NativeWire = Wire<NativeMessage, NativeKeys, never, NativeWireDetail>
type NativeRead = Read<NativeMessage, never, NativeWireDetail>
const MORE: NativeRead = { kind: 'more' }

/** `records` differs from the specification's in tests alone: fewer records under one key. */
export function nativeWire(
  setup: WireSetup<NativeAddress, undefined>,
  records: SealedRecordParameters<NativeWireDetail> = RECORD_PARAMETERS,
): NativeWire {
  const { role, crypto, out } = setup
  const buffer = createFrameBuffer()
  const names = createProtocolNames()
  let sealer: Sealer | undefined
  let opener: Opener | undefined
  /** The listener has answered a handshake that may be a copy: nothing has decrypted yet. */
  let provisional = false
  let values: Reader<NativeWireDetail> = NOTHING
  /** A plaintext that was read up; views of it are over with the next read. */
  let finished: Uint8Array | undefined
  /** What the next value of the record answers for beyond its own bytes. */
  let overheadBytes = 0

  function readFrame(): NativeRead {
    const header = buffer.peek(LENGTH_BYTES)
    if (header === undefined) return MORE
    const length = viewOf(header).getUint32(0)
    if (length < 1 || length > FRAME_BYTES_MAX) throw new WireError('close', 'malformed')
    const frame = buffer.take(LENGTH_BYTES + length)
    if (frame === undefined) return MORE
    // One copy, once a connection: the handshake is hashed and compared over several steps.
    const raw = frame.slice(LENGTH_BYTES)
    return { kind: 'message', message: decodePlaintext(raw), bytesOnWire: frame.length, raw }
  }

  /** False while more bytes are needed. */
  function openRecord(opening: Opener): boolean {
    const plaintext = provisional ? openFirst(opening) : opening.read(buffer)
    if (plaintext === undefined) return false
    provisional = false
    values = createValueReader(plaintext)
    overheadBytes = RECORD_OVERHEAD_BYTES
    return true
  }

  /**
   * The dialler that does not take our handshake says so in plaintext, for it has no keys. The same
   * bytes can come from anybody: they are worth a name in the report, and nothing else.
   */
  function openFirst(opening: Opener): Uint8Array | undefined {
    const header = buffer.peek(LENGTH_BYTES)
    const length = header === undefined ? 0 : viewOf(header).getUint32(0)
    const frame = length <= FRAME_BYTES_MAX ? buffer.peek(LENGTH_BYTES + length) : undefined
    try {
      return opening.read(buffer)
    } catch (error) {
      if (frame !== undefined && isPlaintextError(frame.subarray(LENGTH_BYTES))) {
        throw new WireError('close', 'refused-provisional')
      }
      throw error
    }
  }

  function readValue(): NativeRead {
    const start = values.offset
    const message = decodeSealed(values, names)
    const bytesOnWire = values.offset - start + overheadBytes
    overheadBytes = 0
    const { bytes } = values
    if (values.offset === bytes.length) {
      // A payload that is most of its record may have been left where it lies, with whoever was given it.
      if (bytesOnWire * 2 < bytes.length) finished = bytes
      values = NOTHING
    } else if (values.bytes.length > SHARED_RECORD_BYTES_MAX)
      throw new WireError('close', 'malformed')
    return { kind: 'message', message, bytesOnWire }
  }

  function writeFrames(messages: readonly Outgoing<NativeMessage>[]): void {
    const sizes = messages.map(sizeOf)
    const total = sizes.reduce((sum, size) => sum + LENGTH_BYTES + size, 0)
    const writer = createWriter(total, total)
    messages.forEach((message, index) => {
      const size = sizes[index] ?? 0
      if (size > FRAME_BYTES_MAX) throw new RangeError('a plaintext frame is above its limit')
      writeU32be(writer, size)
      writeOutgoing(writer, message)
    })
    out(writer.bytes)
  }

  function writeOutgoing(writer: Writer, message: Outgoing<NativeMessage>): void {
    if ('raw' in message) writeBytes(writer, message.raw)
    else writeMessage(writer, message, names)
  }

  const sizeOf = (message: Outgoing<NativeMessage>): number =>
    'raw' in message ? message.raw.length : encodedBytes(message, names)

  /** All records together, which is one write. */
  function writeRecords(sealing: Sealer, messages: readonly Outgoing<NativeMessage>[]): void {
    const pieces: Uint8Array[] = []
    let plaintext = beginPlaintext()

    const closeRecord = (): void => {
      const bytes = writtenBytes(plaintext)
      if (bytes.length < PIECES_FROM_BYTES) pieces.push(sealing.seal(bytes))
      else pieces.push(...sealing.sealParts(bytes))
    }

    for (const message of messages) {
      if (plaintext.length > 0 && plaintext.length + sizeOf(message) > SHARED_RECORD_BYTES_MAX) {
        closeRecord()
        plaintext = beginPlaintext()
      }
      writeOutgoing(plaintext, message)
    }
    closeRecord()
    out(pieces)
  }

  function readUnit(): NativeRead {
    if (finished !== undefined) {
      opener?.free(finished)
      finished = undefined
    }
    if (unreadBytes(values) > 0) return readValue()
    if (opener === undefined) return readFrame()
    return openRecord(opener) ? readValue() : MORE
  }

  const wire: NativeWire & { bufferedBytes: number } = {
    bufferedBytes: 0,
    start: () => undefined,
    push(bytes) {
      buffer.push(bytes)
      wire.bufferedBytes += bytes.length
    },
    keep: buffer.keep,
    read() {
      const read = readUnit()
      wire.bufferedBytes = buffer.length + unreadBytes(values)
      return read
    },
    secure(keys) {
      sealer = createSealer(crypto, keys.send, records)
      opener = createOpener(crypto, keys.receive, records)
      provisional = role === 'listener'
    },
    resume() {
      throw new Error('this wire asks for no job')
    },
    write(messages) {
      if (messages.length === 0) return
      if (sealer === undefined) writeFrames(messages)
      else writeRecords(sealer, messages)
    },
    end: () => (buffer.length + unreadBytes(values) === 0 ? 'clean' : 'mid-frame'),
    wipe() {
      sealer?.wipe()
      opener?.wipe()
      values = NOTHING
    },
  }
  return wire
}

function isPlaintextError(payload: Uint8Array): boolean {
  try {
    return decodePlaintext(payload).type === 'error'
  } catch (error) {
    if (error instanceof WireError) return false
    throw error
  }
}
