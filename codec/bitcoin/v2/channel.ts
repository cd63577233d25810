/**
 * One connection's v2 transport (BIP 324), both halves: our key and garbage, the agreement, packets. What
 * contents mean is not known here; between this and a wire stand the messages alone.
 *
 * A dialler speaks first. A listener is silent until the peer's bytes cannot be v1's, and where they
 * are, everything is still in the buffer. The slow part is a job: what comes before its answer stays in
 * the buffer, whose length is its owner's to bound.
 * @module
 */
import type { CryptoBackend } from '../../../world/crypto.ts'
import type { CryptoJob, JobResult } from '../../../world/jobs.ts'
import type { Random } from '../../../world/random.ts'
import { concatBytes } from '../../bytes.ts'
import type { FrameBuffer } from '../../frame-buffer.ts'
import type { ByteSink, Role } from '../../wire.ts'
import { GARBAGE_BYTES_MAX } from './garbage.ts'
import { deriveKeys, drawKeyPair, sharedXJob } from './handshake-keys.ts'
import type { V2KeyPair } from './handshake-keys.ts'
import { createPacketSealer, PACKET_OVERHEAD_BYTES } from './packets.ts'
import type { OutgoingPacket, PacketSealer } from './packets.ts'
import { createV2Receiver } from './receiver.ts'
import type { V2Received } from './receiver.ts'

export type V2Read =
  /** A v1 peer: all its bytes are still in the buffer, and nothing was sent. */
  | { readonly kind: 'v1' }
  /** Answered by `resume`; nothing is read until then. */
  | { readonly kind: 'job'; readonly job: CryptoJob }
  /** The peer's version packet came: it holds the keys. */
  | { readonly kind: 'secured'; readonly sessionId: Uint8Array; readonly bytesOnWire: number }
  | Extract<V2Received, { readonly kind: 'decoy' | 'more' | 'packet' }>

export interface V2Channel {
  /** A dialler's first bytes. */
  start(): void
  /** At most one unit. @throws {WireError} `close`, with a `V2Detail`; every later call throws the same */
  read(): V2Read
  /** The answer to the job, which it overwrites. Sends the end of our garbage and our version packet. */
  resume(result: JobResult): void
  /** Whether packets can be sent. */
  readonly isReady: boolean
  /** One write to the sink. @throws {RangeError} contents above their limit */
  write(packets: readonly OutgoingPacket[]): void
  /** Bytes taken off the buffer for something that is not whole yet. */
  readonly bufferedBytes: number
  /** Overwrites the keys. */
  wipe(): void
}

export interface V2ChannelOptions {
  readonly role: Role
  /** The four bytes of the network. */
  readonly magic: Uint8Array
  readonly crypto: CryptoBackend
  readonly random: Random
  /** Where the peer's bytes come. */
  readonly buffer: FrameBuffer
  readonly out: ByteSink
}

/** What we bring into one connection. */
export interface V2OwnHalf {
  readonly pair: V2KeyPair
  /** 0 to 4,095 bytes of no meaning. */
  readonly garbage: Uint8Array
}

export const drawOwnHalf = (crypto: CryptoBackend, random: Random): V2OwnHalf => ({
  pair: drawKeyPair(crypto, random),
  garbage: random.bytes(random.below(GARBAGE_BYTES_MAX + 1)),
})

/** How far our own half has come. */
type Sending =
  | { readonly state: 'silent' }
  | { readonly state: 'begun'; readonly own: V2OwnHalf }
  | { readonly state: 'agreeing'; readonly own: V2OwnHalf; readonly theirKey: Uint8Array }
  | { readonly state: 'ready'; readonly sealer: PacketSealer; readonly sessionId: Uint8Array }
  | { readonly state: 'wiped' }

/** `draw` differs from chance in tests alone. */
export function createV2Channel(
  { role, magic, crypto, random, buffer, out }: V2ChannelOptions,
  draw: typeof drawOwnHalf = drawOwnHalf,
): V2Channel {
  const receiver = createV2Receiver({ role, magic, crypto, buffer })
  let sending: Sending = { state: 'silent' }

  function begin(): void {
    const own = draw(crypto, random)
    sending = { state: 'begun', own }
    out(concatBytes(own.pair.key, own.garbage))
  }

  function agree(theirKey: Uint8Array): V2Read {
    if (sending.state !== 'begun') throw new Error('a key was read before ours was sent')
    const { own } = sending
    sending = { state: 'agreeing', own, theirKey }
    return { kind: 'job', job: sharedXJob(own.pair, theirKey) }
  }

  function read(): V2Read {
    const received = receiver.read()
    switch (received.kind) {
      case 'v2':
        begin()
        return read()
      case 'key':
        return agree(received.key)
      case 'version':
        if (sending.state !== 'ready') throw new Error('a packet was read before there were keys')
        return {
          kind: 'secured',
          sessionId: sending.sessionId,
          bytesOnWire: received.bytesOnWire,
        }
      default:
        return received
    }
  }

  return {
    start() {
      if (role === 'dialler') begin()
    },
    read,
    resume(sharedX) {
      if (sending.state !== 'agreeing') throw new Error('no job is out')
      // Any 64 bytes are a key, and our private key is one: there is nothing that can be refused.
      if (!(sharedX instanceof Uint8Array)) throw new Error('the job gave no shared secret')
      const { own, theirKey } = sending
      const ownKey = own.pair.key
      const keys = deriveKeys(crypto, { role, magic, ownKey, theirKey, sharedX })
      own.pair.privateKey.fill(0)
      const sealer = createPacketSealer(crypto, keys.send, own.garbage)
      receiver.secure(keys.receive)
      sending = { state: 'ready', sealer, sessionId: keys.sessionId }

      const terminator = keys.send.terminator
      const bytes = new Uint8Array(terminator.length + PACKET_OVERHEAD_BYTES)
      bytes.set(terminator)
      // The version packet, without contents: a later version of the protocol may have some.
      sealer.sealInPlace(bytes.subarray(terminator.length))
      out(bytes)
    },
    get isReady() {
      return sending.state === 'ready'
    },
    write(packets) {
      if (sending.state !== 'ready') throw new Error('there are no keys to seal packets with')
      if (packets.length > 0) out(sending.sealer.seal(packets))
    },
    get bufferedBytes() {
      return receiver.bufferedBytes
    },
    wipe() {
      if (sending.state === 'begun' || sending.state === 'agreeing') {
        sending.own.pair.privateKey.fill(0)
      }
      if (sending.state === 'ready') sending.sealer.wipe()
      sending = { state: 'wiped' }
      receiver.wipe()
    },
  }
}
