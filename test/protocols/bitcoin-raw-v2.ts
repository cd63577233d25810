/**
 * Who dials a node with v2 (BIP 324) and puts each part of what it sends together by itself, so that a test
 * can leave one out or change it.
 * @module
 */
import { encodeCommand } from '../../codec/bitcoin/commands.ts'
import { commandOf } from '../../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { deriveKeys, drawKeyPair, sharedXJob } from '../../codec/bitcoin/v2/handshake-keys.ts'
import type { V2Keys } from '../../codec/bitcoin/v2/handshake-keys.ts'
import { createPacketSealer } from '../../codec/bitcoin/v2/packets.ts'
import type { PacketSealer } from '../../codec/bitcoin/v2/packets.ts'
import { concatBytes } from '../../codec/bytes.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import { performJob } from '../../world/jobs.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { encode } from '../codec/bitcoin/encoding.ts'
import { OURS_HOST, PORT } from './bitcoin-stage.ts'
import { MAGIC } from './bitcoin-support.ts'

const crypto = chooseCrypto()
const KEY_BYTES = 64
export const GARBAGE = new Uint8Array(20).fill(0x77)

export interface RawPacket {
  readonly contents: Uint8Array
  readonly isDecoy?: boolean
}

/** A message with its command written out. */
export const contentsOf = (message: BitcoinMessage): Uint8Array =>
  concatBytes(Uint8Array.of(0), encodeCommand(commandOf(message)), encode(message))

/** The key has been sent, and our node's has come; what else is sent is the test's to say. */
export function startRawV2(world: VirtualWorld, host = '10.0.0.71') {
  const { streams } = world.nodeWorld(`raw v2 from ${host}`, host)
  const pair = drawKeyPair(crypto, seededRandom(host))
  const came: Uint8Array[] = []
  let hasEnded = false
  streams.start((input) => {
    if (input.kind === 'stream.opened') {
      streams.resume(2)
      streams.write(2, pair.key)
    }
    if (input.kind === 'stream.bytes') came.push(input.bytes.slice())
    if (input.kind === 'stream.ended' || input.kind === 'stream.failed') hasEnded = true
  })
  streams.open(2, { host: OURS_HOST, port: PORT })
  world.settle()

  const theirKey = concatBytes(...came).slice(0, KEY_BYTES)
  const sharedX = performJob(crypto, sharedXJob(pair, theirKey))
  if (!(sharedX instanceof Uint8Array)) throw new Error('there is no shared secret')
  const keys: V2Keys = deriveKeys(crypto, {
    ...{ role: 'dialler', magic: MAGIC, ownKey: pair.key, theirKey, sharedX },
  })
  const { terminator } = keys.send
  let sealer: PacketSealer | undefined

  return {
    terminator: Uint8Array.from(terminator),
    write(...parts: readonly Uint8Array[]): void {
      streams.write(2, concatBytes(...parts))
      world.settle()
    },
    /** The first of all is the version packet. */
    sealed(packets: readonly RawPacket[], answersFor = GARBAGE): Uint8Array {
      sealer ??= createPacketSealer(crypto, keys.send, answersFor)
      return sealer.seal(
        packets.map(({ contents, isDecoy = false }) => ({
          contentsBytes: contents.length,
          writeContents(room: Uint8Array) {
            room.set(contents)
          },
          isDecoy,
        })),
      )
    },
    heardBytes: () => came.reduce((sum, { length }) => sum + length, 0),
    hasEnded: () => hasEnded,
  }
}
