/**
 * The bytes of the stand-in `bound`: a raw key each way, then one chain of blocks each way.
 *
 * Key: 33 bytes. Frame, AES-256-CBC that never restarts: size (4, little-endian), type (4), body,
 * zeros up to a multiple of 16.
 * @module
 */
import { cbc } from '@noble/ciphers/aes.js'
import { concatBytes, encodeAscii, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { WireError } from '../../../index.ts'
import type { ProtocolTypes, SocketAddress, Wire, WireSetup } from '../../../index.ts'
import { NONE } from './common.ts'
import type { BytesOf } from './common.ts'

export const KEY_BYTES = 33
export const BLOCK_BYTES = 16
const BODY_BYTES_MAX = 65_536
const TYPES = [
  'hello',
  'accepted',
  'addressRequest',
  'address',
  'timeRequest',
  'time',
  'reachable',
  'fetch',
  'closing',
] as const

export type BoundType = (typeof TYPES)[number]
export type BoundMessage = BytesOf<BoundType>
export type BoundDetail =
  | 'bad-key'
  | 'bad-proof'
  | 'known'
  | 'late'
  | 'out-of-turn'
  | 'own-key'
  | 'silent'
  | 'told-to-close'
  | 'too-large'
  | 'unknown-type'
export interface BoundFacts {
  readonly binding: Uint8Array
}
type Question =
  | { readonly ask: 'sign'; readonly binding: Uint8Array }
  | { readonly ask: 'verify'; readonly binding: Uint8Array; readonly hello: Uint8Array }
export type Answer =
  | { readonly hello: Uint8Array }
  | { readonly identity: string }
  | { readonly wrong: 'bad-proof' | 'known' | 'own-key' }

export interface BoundTypes extends ProtocolTypes {
  readonly message: BoundMessage
  readonly address: SocketAddress
  readonly keys: never
  readonly facts: BoundFacts
  readonly detail: BoundDetail
  readonly dial: never
  readonly question: Question
  readonly answer: Answer
  /** The far side of this connection was reached under this address. */
  readonly news: { readonly reachable: string }
}

export type BoundWire = Wire<BoundMessage, never, BoundFacts, BoundDetail>

export function boundWire(options: WireSetup<SocketAddress, never>): BoundWire {
  const { crypto, out, random } = options
  const buffer = createFrameBuffer()
  const privateKey = random.bytes(32)
  let isAsked = false
  let isTold = false
  let saidClosing = false
  let key: Uint8Array | undefined
  let [lastSent, lastRead] = [NONE, NONE]
  let binding = NONE
  /** The first block of a frame that is not whole yet: chaining lets no block be read twice. */
  let first: Uint8Array | undefined

  const open = (blocks: Uint8Array): Uint8Array => {
    if (blocks.length === 0) return NONE
    const plain = cbc(key ?? NONE, lastRead, { disablePadding: true }).decrypt(blocks)
    lastRead = blocks.slice(-BLOCK_BYTES)
    return plain
  }

  const readFrame: BoundWire['read'] = () => {
    const head = first === undefined ? buffer.take(BLOCK_BYTES) : NONE
    if (head === undefined) return { kind: 'more' }
    first ??= open(head)
    const bodyBytes = viewOf(first).getUint32(0, true)
    if (bodyBytes > BODY_BYTES_MAX) throw new WireError('close', 'too-large')
    const bytesOnWire = Math.ceil((8 + bodyBytes) / BLOCK_BYTES) * BLOCK_BYTES
    const rest = buffer.take(bytesOnWire - BLOCK_BYTES)
    if (rest === undefined) return { kind: 'more' }
    const frame = concatBytes(first, open(rest))
    first = undefined
    const type = TYPES[viewOf(frame).getUint32(4, true) - 1]
    if (type === undefined) {
      return { kind: 'refused', error: new WireError('skip', 'unknown-type'), bytesOnWire }
    }
    saidClosing = type === 'closing'
    return {
      kind: 'message',
      message: { type, payload: frame.slice(8, 8 + bodyBytes) },
      bytesOnWire,
    }
  }

  return {
    start() {
      out(crypto.publicKeyOf(privateKey))
    },
    push: buffer.push,
    keep: buffer.keep,
    read() {
      if (key !== undefined && isTold) return readFrame()
      if (key !== undefined) {
        isTold = true
        return { kind: 'secured', facts: { binding } }
      }
      const publicKey = isAsked ? undefined : buffer.take(KEY_BYTES)?.slice()
      if (publicKey === undefined) return { kind: 'more' }
      if (!crypto.isPublicKey(publicKey)) throw new WireError('close', 'bad-key')
      isAsked = true
      return { kind: 'job', job: { operation: 'sharedX', privateKey, publicKey } }
    },
    secure: () => undefined,
    resume(sharedX) {
      if (!(sharedX instanceof Uint8Array)) throw new WireError('close', 'bad-key')
      const secret = crypto.sha512(sharedX)
      key = crypto.sha256(secret)
      lastSent = lastRead = crypto.sha256(encodeAscii('iv'), secret).subarray(0, BLOCK_BYTES)
      binding = crypto.sha256(encodeAscii('binding'), secret)
      secret.fill(0)
    },
    write(messages) {
      for (const message of messages) {
        if ('raw' in message || key === undefined) throw new TypeError('nothing can be sealed')
        const bytes = 8 + message.payload.length
        const frame = new Uint8Array(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES)
        viewOf(frame).setUint32(0, message.payload.length, true)
        viewOf(frame).setUint32(4, TYPES.indexOf(message.type) + 1, true)
        frame.set(message.payload, 8)
        const sealed = cbc(key, lastSent, { disablePadding: true }).encrypt(frame)
        lastSent = sealed.slice(-BLOCK_BYTES)
        out(sealed)
      }
    },
    end: () =>
      buffer.length > 0 || first !== undefined ? 'mid-frame' : saidClosing ? 'clean' : 'truncated',
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      key?.fill(0)
      privateKey.fill(0)
    },
  }
}
