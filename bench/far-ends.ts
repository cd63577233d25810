/**
 * The far ends of many connections in one process: each has an identity of its own, the network's own
 * wire and handshake on a socket, and behind them nothing but the answer to a ping. As many whole nodes
 * would take more than what is measured.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { joinedPieces, lengthOf } from '../codec/bytes.ts'
import type { NativeAddress } from '../codec/native/address.ts'
import type { NativeMessage } from '../codec/native/messages.ts'
import { native } from '../protocols/native.ts'
import { createHandshakePlayer } from '../testing/handshake-player.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { systemClock } from '../transport/clock.ts'
import { systemRandom } from '../transport/random.ts'
import { tcp } from '../transport/tcp.ts'
import type { ListenerInput, StreamInput } from '../world/streams.ts'
import { BENCH_NETWORK } from './bench-network.ts'

/** So much may wait on its way to the system, before an end says nothing more. */
const UNSENT_BYTES_MAX = 256 * 1_024
const STREAM = 2

export interface FarEnd {
  /** One write. */
  say(messages: readonly NativeMessage[]): void
  /** Undefined where there is room; otherwise it settles when there is. */
  room(): Promise<void> | undefined
}

/** A turn of the loop after so many bursts: what came in meanwhile is read. */
const BURSTS_A_TURN = 16

/** So many messages, a burst through one end after the other. */
export async function sayInTurns<Message>(
  ends: readonly { say(burst: readonly Message[]): void; room(): Promise<void> | undefined }[],
  burst: readonly Message[],
  count: number,
): Promise<void> {
  const bursts = count / burst.length
  for (let number = 0; number < bursts; number++) {
    const end = ends[number % ends.length]
    if (end === undefined) throw new Error('there are no connections yet')
    end.say(burst)
    await end.room()
    if (number % BURSTS_A_TURN === 0) await setImmediate()
  }
}

const [crypto, clock, random] = [chooseCrypto(), systemClock(), systemRandom()]

/** A key of its own for each number, and none of those that whole nodes have here. */
function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(32).fill(3)
  new DataView(key.buffer).setUint32(0, number + 1)
  return key
}

/** Settles once it may say something. */
export function startFarEnd(number: number, at: string): Promise<FarEnd> {
  const protocol = native({ network: BENCH_NETWORK, privateKey: keyOf(number), crypto })
  const parsed = protocol.addresses.parse(at)
  if ('wrong' in parsed) throw new Error(`${at}: ${parsed.wrong}`)
  const target: NativeAddress = parsed.address
  const streams = tcp()
  let [writtenBytes, sentBytes] = [0, 0]
  let wake: () => void = () => undefined
  const wire = protocol.wire({
    ...{ role: 'dialler', target, dial: undefined, random, crypto },
    out(bytes) {
      writtenBytes += lengthOf(bytes)
      streams.write(STREAM, joinedPieces(bytes))
    },
  })
  const isFull = (): boolean => writtenBytes - sentBytes > UNSENT_BYTES_MAX
  const end: FarEnd = {
    say(messages) {
      wire.write(messages)
    },
    room: () => (isFull() ? new Promise<void>((resolve) => (wake = resolve)) : undefined),
  }

  return new Promise((resolve, reject) => {
    const player = createHandshakePlayer({
      ...{ clock, crypto, dial: undefined, protocol, random, role: 'dialler', target },
      onReady() {
        resolve(end)
      },
    })

    const answerPing = (unit: ReturnType<typeof wire.read>): void => {
      if (unit.kind !== 'message' || unit.message.type !== 'ping') return
      wire.write([{ type: 'pong', id: unit.message.id }])
    }

    const read = (): void => {
      for (let unit = wire.read(); unit.kind !== 'more'; unit = wire.read()) {
        player.read(unit)
        answerPing(unit)
      }
      wire.keep()
    }

    const receive = (input: StreamInput | ListenerInput): void => {
      switch (input.kind) {
        case 'stream.opened':
          wire.start()
          player.begun(wire, input.remote)
          streams.resume(STREAM)
          return
        case 'stream.bytes':
          wire.push(input.bytes)
          read()
          return
        case 'stream.sent':
          ;({ sentBytes } = input)
          if (!isFull()) wake()
          return
        default:
          throw new Error(`the connection of far end ${number}: ${input.kind}`)
      }
    }
    streams.start((input) => {
      try {
        receive(input)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    })
    streams.open(STREAM, protocol.addresses.socket(target))
  })
}
