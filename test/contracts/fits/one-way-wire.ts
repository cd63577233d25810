/**
 * The bytes of the stand-in `one-way`, in streams and in datagrams.
 *
 * Record: length (2, big-endian), body. A body is sealed: nonce (12), AES-256-GCM of type (1) and
 * payload, with the sender's key as additional data: nobody can send us back what we said. In front
 * of the first body of a dialler, and of each datagram, stands the sender's key in clear.
 * @module
 */
import { concatBytes, encodeAscii, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { WireError } from '../../../index.ts'
import type { ProtocolTypes, Read, SocketAddress, Wire, WireSetup } from '../../../index.ts'
import type { Aead, CryptoBackend } from '../../../world/crypto.ts'
import type { Random } from '../../../world/random.ts'
import { NONE } from './common.ts'
import type { BytesOf } from './common.ts'

export const KEY_BYTES = 33
const NONCE_BYTES = 12
/** The key that stands in clear is a unit of its own: what follows it opens with what it leads to. */
const TYPES = ['key', 'greeting', 'note', 'ping', 'pong'] as const

type OneWayType = (typeof TYPES)[number]
export type OneWayMessage = BytesOf<OneWayType>
export type OneWayDetail = 'bad-key' | 'bad-record' | 'late' | 'other-network' | 'silent'
export interface OneWayAddress extends SocketAddress {
  /** Unknown for who came in. */
  readonly identity?: string
}
interface Keys {
  readonly own: Uint8Array
  readonly theirs: Uint8Array
  readonly shared: Uint8Array
}

export interface OneWayTypes extends ProtocolTypes {
  readonly message: OneWayMessage
  readonly address: OneWayAddress
  readonly keys: Keys
  readonly facts: Record<string, never>
  readonly detail: OneWayDetail
  readonly dial: never
  /** A key to agree with. */
  readonly question: Uint8Array
  readonly answer: 'agreed' | 'refused'
  readonly news: never
}

export const sharedKey = (crypto: CryptoBackend, sharedX: Uint8Array): Uint8Array =>
  crypto.sha256(encodeAscii('one-way'), sharedX)

export function sealMessage(
  aead: Aead,
  random: Random,
  own: Uint8Array,
  { payload, type }: OneWayMessage,
): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES)
  const plain = concatBytes(Uint8Array.of(TYPES.indexOf(type)), payload)
  return concatBytes(nonce, aead.seal(nonce, own, plain))
}

/** Undefined where it does not authenticate, or is of a type that does not travel this way. */
export function openMessage(
  aead: Aead,
  theirs: Uint8Array,
  body: Uint8Array,
  types: readonly OneWayType[],
): OneWayMessage | undefined {
  if (body.length < NONCE_BYTES) return undefined
  const plain = aead.open(body.subarray(0, NONCE_BYTES), theirs, body.subarray(NONCE_BYTES))
  const type = TYPES[plain?.[0] ?? 0]
  if (plain === undefined || type === undefined || !types.includes(type)) return undefined
  return { type, payload: plain.subarray(1) }
}

type OneWayRead = Read<OneWayMessage, Record<string, never>, OneWayDetail>

export function oneWayWire({ crypto, out, random, role }: WireSetup<OneWayAddress, never>) {
  const buffer = createFrameBuffer()
  let aead: Aead | undefined
  let own = NONE
  let theirs = NONE
  let isKeyDue = role === 'dialler'
  /** Of the first record, once its key was read. */
  let greetingBytes: number | undefined

  const record = (): Uint8Array | undefined => {
    if (greetingBytes !== undefined) return buffer.take(greetingBytes)
    const header = buffer.peek(2)
    return header && buffer.take(2 + viewOf(header).getUint16(0))?.subarray(2)
  }

  const readKey = (): OneWayRead => {
    const header = buffer.peek(2)
    const bodyBytes = header === undefined ? 0 : viewOf(header).getUint16(0)
    if (header !== undefined && bodyBytes <= KEY_BYTES) throw new WireError('close', 'bad-record')
    const front = header && buffer.take(2 + KEY_BYTES)
    if (front === undefined) return { kind: 'more' }
    greetingBytes = bodyBytes - KEY_BYTES
    const payload = front.slice(2)
    return { kind: 'message', message: { type: 'key', payload }, bytesOnWire: front.length }
  }

  const wire: Wire<OneWayMessage, Keys, Record<string, never>, OneWayDetail> = {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read() {
      if (aead === undefined)
        return role === 'listener' && greetingBytes === undefined ? readKey() : { kind: 'more' }
      const before = buffer.length
      const body = record()
      if (body === undefined) return { kind: 'more' }
      const message = openMessage(aead, theirs, body, [
        greetingBytes === undefined ? 'note' : 'greeting',
      ])
      if (message === undefined) throw new WireError('close', 'bad-record')
      greetingBytes = undefined
      return { kind: 'message', message, bytesOnWire: before - buffer.length }
    },
    secure(keys) {
      aead = crypto.aes256Gcm(keys.shared)
      own = keys.own
      theirs = keys.theirs
    },
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message || aead === undefined) throw new TypeError('nothing can be sealed')
        const body = concatBytes(isKeyDue ? own : NONE, sealMessage(aead, random, own, message))
        isKeyDue = false
        out(concatBytes(Uint8Array.of(body.length >> 8, body.length & 0xff), body))
      }
    },
    end: () => (buffer.length > 0 ? 'mid-frame' : 'clean'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      aead?.wipe()
    },
  }
  return wire
}
