/**
 * The wire of the Bitcoin network: messages over v1 frames or over the v2 transport (BIP 324).
 *
 * A dialler is told which it speaks. A listener finds out: the first 16 bytes are those of a v1 `version`
 * or they are not, and until then it is silent. What a session waits for is `secured`: from then on it is
 * known how messages travel, and over v2 that the peer holds the keys.
 *
 * It counts its bytes by command, both ways, as Core does: an operator compares the two.
 * @module
 */
import { concatBytes, encodeHex } from '../bytes.ts'
import { createFrameBuffer } from '../frame-buffer.ts'
import { createTraffic } from '../traffic.ts'
import type { Outgoing, Read, Wire, WireSetup } from '../wire.ts'
import { WireError } from '../wire-error.ts'
import { createWriter, writtenBytes } from '../writer.ts'
import type { BitcoinAddress } from './address.ts'
import { commandOf, isBitcoinCommand, readMessage, writeMessage } from './message-codec.ts'
import type { BitcoinMessage } from './messages.ts'
import { estimatePayloadBytes } from './payload-size.ts'
import { encodeV1Frame, readV1Frame } from './v1-frame.ts'
import { decodeV2Contents, V2_CONTENTS_BYTES_MAX, writeV2Command } from './v2-contents.ts'
import { createV2Channel, drawOwnHalf } from './v2/channel.ts'
import type { V2Read } from './v2/channel.ts'
import type { V2Detail } from './v2/details.ts'
import type { OutgoingPacket } from './v2/packets.ts'
import { PACKET_OVERHEAD_BYTES } from './v2/packets.ts'
import type { BitcoinWireDetail } from './wire-details.ts'

export type BitcoinTransport = 'v1' | 'v2'

/** How messages travel on one connection. Public. */
export interface BitcoinChannel {
  readonly transport: BitcoinTransport
  /** In hexadecimal, the same on both sides; empty over v1. */
  readonly sessionId: string
}

export type BitcoinChannelDetail =
  | BitcoinWireDetail
  | V2Detail
  /** A v1 peer where only v2 is spoken. */
  | 'v1-not-spoken'

/** What a node speaks: a listener that speaks both takes whichever comes. */
export type SpokenTransports = 'v1' | 'v2' | 'both'

export interface BitcoinWireOptions {
  /** The four bytes of the network. */
  readonly magic: Uint8Array
  readonly speaks: SpokenTransports
  /** Differs from chance in tests alone. */
  readonly drawOwnHalf?: typeof drawOwnHalf
  /** What packets hold that say nothing, before each message over v2. None but in tests. */
  readonly decoys?: readonly Uint8Array[]
}

type Setup = WireSetup<BitcoinAddress, BitcoinTransport>
type BitcoinWire = Wire<BitcoinMessage, never, BitcoinChannel, BitcoinChannelDetail>
type BitcoinRead = Read<BitcoinMessage, BitcoinChannel, BitcoinChannelDetail>

const MORE: BitcoinRead = { kind: 'more' }
const OVER_V1: BitcoinRead = { kind: 'secured', facts: { transport: 'v1', sessionId: '' } }
/** What Core counts what has no command of its own under. */
const OTHER = '*other*'

const countedAs = (command: string): string => (isBitcoinCommand(command) ? command : OTHER)

/** One unit that is passed over. @throws whatever else was thrown */
function refusedFor(error: unknown, bytesOnWire: number): BitcoinRead {
  if (!(error instanceof WireError && error.action === 'skip')) throw error
  // The codecs of this network throw no other.
  return { kind: 'refused', error: error as WireError<BitcoinWireDetail>, bytesOnWire }
}

/** A command and its payload, as they stand in a packet. */
function contentsOf(message: BitcoinMessage): Uint8Array {
  const writer = createWriter(V2_CONTENTS_BYTES_MAX, estimatePayloadBytes(message))
  writeV2Command(writer, commandOf(message))
  writeMessage(writer, message)
  return writtenBytes(writer)
}

const packetWith = (contents: Uint8Array): OutgoingPacket => ({
  contentsBytes: contents.length,
  writeContents(room) {
    room.set(contents)
  },
})

export function bitcoinWire(
  { magic, speaks, decoys = [], drawOwnHalf: draw = drawOwnHalf }: BitcoinWireOptions,
  { role, dial, random, crypto, out }: Setup,
): BitcoinWire {
  const buffer = createFrameBuffer()
  const traffic = createTraffic()
  const mayBeV2 = role === 'dialler' && dial !== undefined ? dial === 'v2' : speaks !== 'v1'
  const channel = mayBeV2
    ? createV2Channel({ role, magic, crypto, random, buffer, out }, draw)
    : undefined
  /** Undefined: not known yet. */
  let transport: BitcoinTransport | undefined
  let isSecured = false

  // ---- reading -------------------------------------------------------------------------------

  const readUnit = (command: string, payload: Uint8Array, bytesOnWire: number): BitcoinRead => {
    traffic.received(countedAs(command), bytesOnWire)
    try {
      return { kind: 'message', message: readMessage(command, payload), bytesOnWire }
    } catch (error) {
      return refusedFor(error, bytesOnWire)
    }
  }

  const readV1 = (): BitcoinRead => {
    transport = 'v1'
    if (!isSecured) {
      isSecured = true
      return OVER_V1
    }
    const frame = readV1Frame(buffer, magic, crypto.sha256)
    if (frame === undefined) return MORE
    if (frame.kind === 'payload') return readUnit(frame.command, frame.payload, frame.bytesOnWire)
    traffic.received(OTHER, frame.bytesOnWire)
    return frame
  }

  const readPacket = (contents: Uint8Array, bytesOnWire: number): BitcoinRead => {
    try {
      const { command, payload } = decodeV2Contents(contents)
      return readUnit(command, payload, bytesOnWire)
    } catch (error) {
      // Not the payload: that is the unit's own.
      traffic.received(OTHER, bytesOnWire)
      return refusedFor(error, bytesOnWire)
    }
  }

  const fromChannel = (read: V2Read): BitcoinRead => {
    switch (read.kind) {
      case 'v1':
        if (speaks === 'v2') throw new WireError('close', 'v1-not-spoken')
        return readV1()
      case 'secured': {
        isSecured = true
        transport = 'v2'
        return { kind: 'secured', facts: { transport, sessionId: encodeHex(read.sessionId) } }
      }
      case 'decoy':
        return { kind: 'padding', bytesOnWire: read.bytesOnWire }
      case 'packet':
        return readPacket(read.contents, read.bytesOnWire)
      default:
        return read
    }
  }

  // ---- writing -------------------------------------------------------------------------------

  const frameOf = (message: Outgoing<BitcoinMessage>): Uint8Array => {
    if ('raw' in message) return message.raw
    const command = commandOf(message)
    const frame = encodeV1Frame(
      magic,
      crypto.sha256,
      command,
      estimatePayloadBytes(message),
      (writer) => {
        writeMessage(writer, message)
      },
    )
    traffic.sent(countedAs(command), frame.length)
    return frame
  }

  const packetOf = (message: Outgoing<BitcoinMessage>): OutgoingPacket => {
    const contents = 'raw' in message ? message.raw : contentsOf(message)
    const type = 'raw' in message ? OTHER : countedAs(commandOf(message))
    traffic.sent(type, contents.length + PACKET_OVERHEAD_BYTES)
    return packetWith(contents)
  }

  const bufferedBytes = (): number => buffer.length + (channel?.bufferedBytes ?? 0)

  return {
    start() {
      if (role === 'dialler') channel?.start()
    },
    push: buffer.push,
    keep: buffer.keep,
    read() {
      return channel === undefined || transport === 'v1' ? readV1() : fromChannel(channel.read())
    },
    secure() {
      throw new Error('this wire agrees on its keys by itself')
    },
    resume(result) {
      if (channel === undefined) throw new Error('v1 asks for no job')
      channel.resume(result)
    },
    write(messages) {
      if (messages.length === 0) return
      if (channel !== undefined && transport !== 'v1') {
        const before = decoys.map((contents) => ({ ...packetWith(contents), isDecoy: true }))
        channel.write(messages.flatMap((message) => [...before, packetOf(message)]))
      } else out(concatBytes(...messages.map(frameOf)))
    },
    end: () => (bufferedBytes() === 0 ? 'clean' : 'mid-frame'),
    get bufferedBytes() {
      return bufferedBytes()
    },
    traffic: traffic.view,
    wipe() {
      channel?.wipe()
    },
  }
}
