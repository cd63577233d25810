/**
 * The packets of BIP 324. A packet is the length of its contents (3 bytes, encrypted), a header byte, the
 * contents, and a tag of 16 bytes. The first packet of a direction answers for the garbage that the
 * direction sent: it is the additional data.
 *
 * A decoy is a packet that means nothing. It is read like any other, and counted by whoever reads:
 * a peer may send as many as it likes. What contents mean is not known here.
 * @module
 */
import type { CryptoBackend } from '../../../world/crypto.ts'
import type { FrameBuffer } from '../../frame-buffer.ts'
import { WireError } from '../../wire-error.ts'
import { createLongBody } from '../long-body.ts'
import { V2_CONTENTS_BYTES_MAX } from '../v2-contents.ts'
import type { V2Detail } from './details.ts'
import type { V2DirectionKeys } from './handshake-keys.ts'
import {
  createLengthCipher,
  createPacketCipher,
  LENGTH_BYTES,
  TAG_BYTES,
} from './rekeyed-ciphers.ts'

const HEADER_BYTES = 1
/** What stands in front of the contents. */
export const PACKET_HEAD_BYTES = LENGTH_BYTES + HEADER_BYTES
/** What a packet is longer than its contents. */
export const PACKET_OVERHEAD_BYTES = PACKET_HEAD_BYTES + TAG_BYTES
/** The one bit of the header byte that has a meaning. */
const DECOY_BIT = 0x80
const NO_BYTES = new Uint8Array(0)

type Crypto = Pick<CryptoBackend, 'chacha20Poly1305'>

/** A packet that is to be sent, its contents written where they will be sealed. */
export interface OutgoingPacket {
  readonly contentsBytes: number
  /** Called once, with room of exactly so many bytes. */
  writeContents(room: Uint8Array): void
  readonly isDecoy?: boolean
}

export interface PacketSealer {
  /**
   * Turns `packet` into a packet where it lies: 4 bytes of room, the contents, 16 bytes of room.
   * @throws {RangeError} no room for head and tag, or contents above `V2_CONTENTS_BYTES_MAX`
   */
  sealInPlace(packet: Uint8Array, isDecoy?: boolean): void
  /**
   * Several packets in one piece of memory. Where one's contents cannot be written, none is sealed.
   * @throws as `sealInPlace`
   */
  seal(packets: readonly OutgoingPacket[]): Uint8Array
  /** Overwrites the keys; every later call throws. */
  wipe(): void
}

export interface IncomingPacket {
  /** In memory of its own. */
  readonly contents: Uint8Array
  readonly isDecoy: boolean
  readonly bytesOnWire: number
}

export interface PacketOpener {
  /**
   * Takes one packet off the buffer; undefined while more bytes are needed. A length above the limit
   * is refused before anything is waited for.
   * @throws {WireError} `close`; the keys are overwritten, and every later call throws the same
   */
  read(buffer: FrameBuffer): IncomingPacket | undefined
  /** Bytes taken off the buffer for a packet that is not whole yet. */
  readonly bufferedBytes: number
  /** Overwrites the keys; every later call throws. */
  wipe(): void
}

/**
 * For the side that sends in this direction, behind the garbage that it sent. Takes the keys. The limit
 * differs from the network's in tests alone: published packets go up to all that a length can say.
 */
export function createPacketSealer(
  crypto: Crypto,
  { lengthKey, packetKey }: V2DirectionKeys,
  garbage: Uint8Array,
  contentsBytesMax = V2_CONTENTS_BYTES_MAX,
): PacketSealer {
  const lengths = createLengthCipher(lengthKey)
  const cipher = createPacketCipher(crypto, packetKey)
  let additionalData = garbage

  function checkContentsBytes(contentsBytes: number): void {
    if (!(contentsBytes >= 0 && contentsBytes <= contentsBytesMax)) {
      throw new RangeError(`a packet holds 0 to ${contentsBytesMax} bytes, not ${contentsBytes}`)
    }
  }

  function bytesOf({ contentsBytes }: OutgoingPacket): number {
    checkContentsBytes(contentsBytes)
    return contentsBytes + PACKET_OVERHEAD_BYTES
  }

  function sealInPlace(packet: Uint8Array, isDecoy = false): void {
    const contentsBytes = packet.length - PACKET_OVERHEAD_BYTES
    checkContentsBytes(contentsBytes)
    packet[LENGTH_BYTES] = isDecoy ? DECOY_BIT : 0
    const plaintext = packet.subarray(LENGTH_BYTES, packet.length - TAG_BYTES)
    cipher.sealInto(additionalData, plaintext, packet, LENGTH_BYTES)
    additionalData = NO_BYTES
    packet[0] = contentsBytes & 0xff
    packet[1] = (contentsBytes >> 8) & 0xff
    packet[2] = contentsBytes >> 16
    lengths.apply(packet, packet)
  }

  return {
    sealInPlace,
    seal(packets) {
      const sealed = new Uint8Array(packets.reduce((sum, packet) => sum + bytesOf(packet), 0))
      let start = 0
      const rooms = packets.map((packet) => {
        const room = sealed.subarray(start, start + bytesOf(packet))
        start += room.length
        return { packet, room }
      })
      // All that may throw comes first: a packet that is sealed has to be sent.
      for (const { packet, room } of rooms) {
        packet.writeContents(room.subarray(PACKET_HEAD_BYTES, room.length - TAG_BYTES))
      }
      for (const { packet, room } of rooms) sealInPlace(room, packet.isDecoy)
      return sealed
    },
    wipe() {
      lengths.wipe()
      cipher.wipe()
    },
  }
}

/** For the side that receives in this direction, behind the garbage that came. As above. */
export function createPacketOpener(
  crypto: Crypto,
  { lengthKey, packetKey }: V2DirectionKeys,
  garbage: Uint8Array,
  contentsBytesMax = V2_CONTENTS_BYTES_MAX,
): PacketOpener {
  const lengths = createLengthCipher(lengthKey)
  const cipher = createPacketCipher(crypto, packetKey)
  const body = createLongBody()
  const length = new Uint8Array(LENGTH_BYTES)
  let additionalData = garbage
  /** Of the packet that is being read: its length can be decrypted only once. */
  let contentsBytes: number | undefined
  let failure: V2Detail | undefined
  let isWiped = false

  function wipe(): void {
    isWiped = true
    lengths.wipe()
    cipher.wipe()
  }

  function fail(detail: V2Detail): never {
    failure = detail
    wipe()
    throw new WireError('close', detail)
  }

  /** Undefined while not even the length has come. */
  function readLength(buffer: FrameBuffer): number | undefined {
    const head = buffer.take(LENGTH_BYTES)
    if (head === undefined) return undefined
    lengths.apply(head, length)
    const [low = 0, middle = 0, high = 0] = length
    const bytes = low | (middle << 8) | (high << 16)
    if (bytes > contentsBytesMax) return fail('packet-too-long')
    return bytes
  }

  return {
    read(buffer) {
      if (failure !== undefined) throw new WireError('close', failure)
      if (isWiped) throw new Error('the keys of this direction were wiped')
      contentsBytes ??= readLength(buffer)
      if (contentsBytes === undefined) return undefined
      const sealed = body.take(buffer, HEADER_BYTES + contentsBytes + TAG_BYTES)
      if (sealed === undefined) return undefined
      const plaintext = cipher.open(additionalData, sealed)
      if (plaintext === undefined) return fail('packet-unauthentic')
      const bytesOnWire = contentsBytes + PACKET_OVERHEAD_BYTES
      additionalData = NO_BYTES
      contentsBytes = undefined
      return {
        contents: plaintext.subarray(HEADER_BYTES),
        isDecoy: ((plaintext[0] ?? 0) & DECOY_BIT) !== 0,
        bytesOnWire,
      }
    },
    get bufferedBytes() {
      return (contentsBytes === undefined ? 0 : LENGTH_BYTES) + body.length
    },
    wipe,
  }
}
