/**
 * What a peer of BIP 324 has sent so far, and what follows from it. A listener begins by telling
 * v1 from v2; a dialler knows what it dialled. Then come 64 bytes of a key, garbage with its end, and
 * packets, of which the first that is no decoy is the version packet: it has no other meaning yet
 * than that it came.
 *
 * It is pulled, one step a call, and it sends nothing: what is due from our side is said by what it
 * returns. Of bytes that may be v1 none is taken, so that a v1 framing goes on with the same buffer.
 * @module
 */
import type { CryptoBackend } from '../../../world/crypto.ts'
import { concatBytes, encodeAscii, equalBytes } from '../../bytes.ts'
import type { FrameBuffer } from '../../frame-buffer.ts'
import type { Role } from '../../wire.ts'
import { WireError } from '../../wire-error.ts'
import type { V2Detail } from './details.ts'
import { ELLSWIFT_BYTES } from './ellswift.ts'
import { createGarbageScanner } from './garbage.ts'
import type { GarbageScanner } from './garbage.ts'
import type { V2DirectionKeys } from './handshake-keys.ts'
import { createPacketOpener } from './packets.ts'
import type { PacketOpener } from './packets.ts'

/** The command in a v1 header of the first message there is, behind the four bytes of the network. */
const V1_COMMAND = encodeAscii('version\0\0\0\0\0')
export const MAGIC_BYTES = 4
/** A listener is silent until one of so many bytes is not v1's. */
export const V1_PREFIX_BYTES = MAGIC_BYTES + V1_COMMAND.length

export type V2Received =
  | { readonly kind: 'more' }
  /** A v1 peer of our network. All its bytes are still in the buffer; this receiver is done. */
  | { readonly kind: 'v1' }
  /** A listener's, once: our key and garbage are due. */
  | { readonly kind: 'v2' }
  /** Its 64 bytes, in memory of their own. Nothing is read until `secure` was called. */
  | { readonly kind: 'key'; readonly key: Uint8Array }
  /** The version packet authenticates, and so does the garbage: the peer holds the keys. */
  | { readonly kind: 'version'; readonly bytesOnWire: number }
  | { readonly kind: 'decoy'; readonly bytesOnWire: number }
  | { readonly kind: 'packet'; readonly contents: Uint8Array; readonly bytesOnWire: number }

export interface V2Receiver {
  /** @throws {WireError} `close`; every later call throws the same */
  read(): V2Received
  /** Answers `key`. Takes the keys. */
  secure(keys: V2DirectionKeys): void
  /** Bytes taken off the buffer for something that is not whole yet. */
  readonly bufferedBytes: number
  /** Overwrites the keys; every later call throws. */
  wipe(): void
}

export interface V2ReceiverOptions {
  readonly role: Role
  /** The four bytes of the network. */
  readonly magic: Uint8Array
  readonly crypto: Pick<CryptoBackend, 'chacha20Poly1305'>
  /** Where the peer's bytes come. Its length is its owner's to bound. */
  readonly buffer: FrameBuffer
}

/** What is awaited, with what it takes to read it. */
type Awaited =
  | { readonly state: 'first-bytes' }
  | { readonly state: 'key' }
  /** The key was handed on. */
  | { readonly state: 'our-keys' }
  | { readonly state: 'garbage'; readonly scanner: GarbageScanner; readonly keys: V2DirectionKeys }
  | { readonly state: 'version'; readonly opener: PacketOpener }
  | { readonly state: 'packets'; readonly opener: PacketOpener }
  | { readonly state: 'v1' }
  | { readonly state: 'failed'; readonly detail: V2Detail }
  | { readonly state: 'wiped' }

const MORE: V2Received = { kind: 'more' }
const V1: V2Received = { kind: 'v1' }
const V2: V2Received = { kind: 'v2' }

export function createV2Receiver(options: V2ReceiverOptions): V2Receiver {
  const { buffer, crypto, magic, role } = options
  const v1Prefix = concatBytes(magic, V1_COMMAND)
  let awaited: Awaited = role === 'listener' ? { state: 'first-bytes' } : { state: 'key' }

  function fail(detail: V2Detail): never {
    wipeKeys()
    awaited = { state: 'failed', detail }
    throw new WireError('close', detail)
  }

  function wipeKeys(): void {
    if ('keys' in awaited) {
      awaited.keys.lengthKey.fill(0)
      awaited.keys.packetKey.fill(0)
    }
    if ('opener' in awaited) awaited.opener.wipe()
  }

  /** The network's four bytes differ and the command does not: that is no chance. */
  function refuseOtherNetwork(): void {
    if (role === 'dialler') return
    const prefix = buffer.peek(V1_PREFIX_BYTES)
    if (prefix !== undefined && equalBytes(prefix.subarray(MAGIC_BYTES), V1_COMMAND)) {
      fail('other-network')
    }
  }

  function readFirstBytes(): V2Received {
    const bytes = buffer.peek(Math.min(buffer.length, V1_PREFIX_BYTES))
    if (bytes === undefined) return MORE
    if (equalBytes(bytes, v1Prefix.subarray(0, bytes.length))) {
      if (bytes.length < V1_PREFIX_BYTES) return MORE
      awaited = { state: 'v1' }
      return V1
    }
    // Here as well, so that a v1 peer of another network costs us no key where it said who it is.
    refuseOtherNetwork()
    awaited = { state: 'key' }
    return V2
  }

  function readKey(): V2Received {
    refuseOtherNetwork()
    const key = buffer.take(ELLSWIFT_BYTES)?.slice()
    if (key === undefined) return MORE
    awaited = { state: 'our-keys' }
    return { kind: 'key', key }
  }

  function readPacket(opener: PacketOpener, isVersion: boolean): V2Received {
    const packet = opener.read(buffer)
    if (packet === undefined) return MORE
    const { bytesOnWire, contents } = packet
    if (packet.isDecoy) return { kind: 'decoy', bytesOnWire }
    if (!isVersion) return { kind: 'packet', contents, bytesOnWire }
    awaited = { state: 'packets', opener }
    return { kind: 'version', bytesOnWire }
  }

  function readOne(): V2Received {
    switch (awaited.state) {
      case 'first-bytes':
        return readFirstBytes()
      case 'key':
        return readKey()
      case 'our-keys':
        return MORE
      case 'v1':
        return V1
      case 'garbage': {
        const garbage = awaited.scanner.read(buffer)
        if (garbage === undefined) return MORE
        const opener = createPacketOpener(crypto, awaited.keys, garbage)
        awaited = { state: 'version', opener }
        return readPacket(opener, true)
      }
      case 'version':
        return readPacket(awaited.opener, true)
      case 'packets':
        return readPacket(awaited.opener, false)
      case 'failed':
        throw new WireError('close', awaited.detail)
      case 'wiped':
        throw new Error('the keys of this receiver were wiped')
    }
  }

  return {
    read() {
      try {
        return readOne()
      } catch (error) {
        if (error instanceof WireError && awaited.state !== 'failed') {
          fail(error.detail as V2Detail)
        }
        throw error
      }
    },
    secure(keys) {
      if (awaited.state !== 'our-keys') throw new Error('no keys are awaited')
      const scanner = createGarbageScanner(keys.terminator)
      awaited = { state: 'garbage', scanner, keys }
    },
    get bufferedBytes() {
      if ('scanner' in awaited) return awaited.scanner.bufferedBytes
      return 'opener' in awaited ? awaited.opener.bufferedBytes : 0
    },
    wipe() {
      if (awaited.state === 'failed') return
      wipeKeys()
      awaited = { state: 'wiped' }
    },
  }
}
