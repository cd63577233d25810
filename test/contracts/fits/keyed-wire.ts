/**
 * The bytes of the stand-in `keyed`.
 *
 * Frame before keys: length (2, big-endian), payload; after: sealed records. A payload's first byte
 * is its type: 1 hello and 2 reply (static key, ephemeral key), 3 confirm, 4 ping, 5 bye, 6 note.
 * @module
 */
import { concatBytes, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { createOpener, createSealer } from '../../../codec/sealed-records.ts'
import type { DirectionKeys, SealedRecordParameters } from '../../../codec/sealed-records.ts'
import { WireError } from '../../../index.ts'
import type { ProtocolTypes, Read, SocketAddress, Wire, WireSetup } from '../../../index.ts'
import type { BytesOf } from './common.ts'

const TYPES = ['hello', 'reply', 'confirm', 'ping', 'bye', 'note'] as const
export const KEY_BYTES = 33
export type KeyedMessage = BytesOf<(typeof TYPES)[number]>
export type KeyedDetail =
  'bad-frame' | 'bad-key' | 'bye' | 'late' | 'ping-rate' | 'silent' | 'spent'
interface Keys {
  readonly send: DirectionKeys
  readonly receive: DirectionKeys
}
type Question =
  | { readonly ask: 'greet' }
  | { readonly ask: 'agree'; readonly theirs: Uint8Array }
  | { readonly ask: 'ping'; readonly identity: string }
export type Answer =
  | { readonly payload: Uint8Array }
  | { readonly identity: string; readonly payload: Uint8Array }
  | 'fine'
  | 'refused'

export interface KeyedTypes extends ProtocolTypes {
  readonly message: KeyedMessage
  readonly address: SocketAddress
  readonly keys: Keys
  readonly facts: Record<string, never>
  readonly detail: KeyedDetail
  readonly dial: never
  readonly question: Question
  readonly answer: Answer
  readonly news: never
}

const RECORDS: Omit<SealedRecordParameters<KeyedDetail>, 'framesMax'> = {
  rekeyLabel: 'keyed rekey',
  byteOrder: 'big',
  payloadBytesMax: 65_536,
  rekeyFrames: 4,
  details: {
    tooShort: 'bad-frame',
    tooLong: 'bad-frame',
    unauthentic: 'bad-key',
    exhausted: 'spent',
  },
}

function decode(bytes: Uint8Array, bytesOnWire: number): Read<KeyedMessage, never, KeyedDetail> {
  const type = TYPES[(bytes[0] ?? 0) - 1]
  if (type === undefined) throw new WireError('close', 'bad-frame')
  return { kind: 'message', message: { type, payload: bytes.subarray(1) }, bytesOnWire }
}

export function keyedWire({ crypto, out }: WireSetup<SocketAddress, never>, framesMax: number) {
  const records = { ...RECORDS, framesMax }
  const buffer = createFrameBuffer()
  let sealer: ReturnType<typeof createSealer> | undefined
  let opener: ReturnType<typeof createOpener> | undefined
  let saidBye = false
  const wire: Wire<KeyedMessage, Keys, Record<string, never>, KeyedDetail> = {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read() {
      const before = buffer.length
      if (opener === undefined) {
        const header = buffer.peek(2)
        const frame = header && buffer.take(2 + viewOf(header).getUint16(0))
        return frame === undefined ? { kind: 'more' } : decode(frame.subarray(2), frame.length)
      }
      const plaintext = opener.read(buffer)
      if (plaintext === undefined) return { kind: 'more' }
      const read = decode(plaintext, before - buffer.length)
      saidBye = read.kind === 'message' && read.message.type === 'bye'
      return read
    },
    secure({ receive, send }) {
      sealer = createSealer(crypto, send, records)
      opener = createOpener(crypto, receive, records)
    },
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message) throw new TypeError('nothing of this network is written raw')
        const type = Uint8Array.of(TYPES.indexOf(message.type) + 1)
        const bytes = concatBytes(type, message.payload)
        const header = Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)
        out(sealer === undefined ? concatBytes(header, bytes) : sealer.seal(bytes))
      }
    },
    end: () => (buffer.length > 0 ? 'mid-frame' : saidBye ? 'clean' : 'truncated'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      sealer?.wipe()
      opener?.wipe()
    },
  }
  return wire
}
