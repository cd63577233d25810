/**
 * Generated inputs for the receiving half of Bitcoin's wire: messages of every command, bent in their
 * payload, in their frame or packet, and in where the stream is cut; and a look at what the wire makes of
 * each. One session takes many of them, as a peer's would.
 *
 * The keys of v2 come from a shared secret that is made up: the curve is not what is looked at.
 * @module
 */
import fc from 'fast-check'
import { encodeCommand } from '../../codec/bitcoin/commands.ts'
import type { BitcoinCommand, BitcoinMessages } from '../../codec/bitcoin/messages.ts'
import { BITCOIN_NETWORKS } from '../../codec/bitcoin/networks.ts'
import { ownedMessage } from '../../codec/bitcoin/owned-message.ts'
import { encodeV1Frame } from '../../codec/bitcoin/v1-frame.ts'
import { deriveKeys } from '../../codec/bitcoin/v2/handshake-keys.ts'
import { createPacketSealer } from '../../codec/bitcoin/v2/packets.ts'
import { bitcoinWire } from '../../codec/bitcoin/wire.ts'
import { concatBytes } from '../../codec/bytes.ts'
import type { Role } from '../../codec/wire.ts'
import { WireError } from '../../codec/wire-error.ts'
import { writeBytes } from '../../codec/writer.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import { encode } from '../codec/bitcoin/encoding.ts'
import { ANY } from '../codec/bitcoin/samples.ts'

/** How many inputs one session takes, if none of them ends it. */
export const SESSION_INPUTS = 50

const crypto = chooseCrypto()
const { magic } = BITCOIN_NETWORKS.regtest
const SAMPLES_PER_COMMAND = 24
const OUR_KEY = new Uint8Array(64).fill(0x11)
const FAR_KEY = new Uint8Array(64).fill(0x22)
const VOID = new Uint8Array(0)
/** Reads for one piece of the stream: an input or two, what agrees on keys, and no more. */
const READS_MAX = 16
const NUMBERS = [0, 1, 0xfc, 0xfd, 0xff, 0xffff, 0x1_0000, 0x200_0000, 0x200_0001, 0x7fff_ffff]
const NUMBERS_OF_32 = [...NUMBERS, 0x8000_0000, 0xffff_ffff]

interface Sample {
  readonly command: string
  readonly payload: Uint8Array
}

/** Drawn once: to draw each input anew would take most of the time. */
const CORPUS: readonly Sample[] = Object.entries(ANY).flatMap(([command, any]) =>
  fc
    .sample<BitcoinMessages[BitcoinCommand]>(any, { seed: 11, numRuns: SAMPLES_PER_COMMAND })
    .map((message) => ({ command, payload: encode(message) })),
)

/** What happens to one of them. */
const BENDS = [
  'nothing',
  'nothing',
  'byte',
  'byte',
  'number',
  'number',
  'cut-off',
  'longer',
  'other-command',
  'spliced',
  'noise',
  'unknown',
  'envelope',
] as const

export interface FuzzInput {
  readonly sample: number
  readonly other: number
  readonly bend: (typeof BENDS)[number]
  readonly at: number
  readonly value: number
  readonly cuts: readonly number[]
}

const input: fc.Arbitrary<FuzzInput> = fc.record({
  sample: fc.nat(CORPUS.length - 1),
  other: fc.nat(CORPUS.length - 1),
  bend: fc.constantFrom(...BENDS),
  at: fc.nat(0xffff),
  value: fc.nat(0xffff),
  cuts: fc.array(fc.nat(0xffff), { maxLength: 3 }),
})

export const anySession = fc.record({
  role: fc.constantFrom<Role>('dialler', 'listener'),
  inputs: fc.array(input, { minLength: SESSION_INPUTS, maxLength: SESSION_INPUTS }),
})
export type FuzzSession = typeof anySession extends fc.Arbitrary<infer Session> ? Session : never

const sampleOf = (index: number): Sample => {
  const sample = CORPUS[index]
  if (sample === undefined) throw new RangeError('there is no such sample')
  return sample
}

const noise = (length: number, value: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (value * (index + 1)) >> (index & 7))

/** A command and its payload, as the bend has them. */
function bent({ at, bend, other, sample, value }: FuzzInput): Sample {
  const { command, payload } = sampleOf(sample)
  const place = payload.length === 0 ? 0 : at % payload.length
  switch (bend) {
    case 'byte':
      return payload.length === 0
        ? { command, payload }
        : { command, payload: payload.with(place, value & 0xff) }
    case 'number': {
      const copy = payload.slice()
      const number = NUMBERS_OF_32[value % NUMBERS_OF_32.length] ?? 0
      if (copy.length >= 5) {
        // As a count of five bytes, or as a number of four.
        const start = value & 1 ? 0 : at % (copy.length - 4)
        new DataView(copy.buffer).setUint32(start + (value & 1), number, true)
        if (value & 1) copy[0] = 0xfe
      }
      return { command, payload: copy }
    }
    case 'cut-off':
      return { command, payload: payload.slice(0, place) }
    case 'longer':
      return { command, payload: concatBytes(payload, noise(1 + (at % 100), value)) }
    case 'other-command':
      return { command: sampleOf(other).command, payload }
    case 'spliced': {
      const behind = sampleOf(other).payload
      return { command, payload: concatBytes(payload.slice(0, place), behind.slice(value % 50)) }
    }
    case 'noise':
      return { command, payload: noise(at % 300, value) }
    case 'unknown':
      return { command: `x${String(at % 1_000)}`, payload }
    default:
      return { command, payload }
  }
}

const inPieces = (bytes: Uint8Array, draws: readonly number[]): readonly Uint8Array[] => {
  const cuts = draws.map((draw) => draw % (bytes.length + 1)).sort((one, two) => one - two)
  return [...cuts, bytes.length].map((end, index) => bytes.slice(cuts[index - 1] ?? 0, end))
}

/** How inputs become bytes of a stream that has begun. */
interface Encoder {
  /** What comes before the first one. */
  readonly begin: Uint8Array
  bytesOf(one: FuzzInput): Uint8Array
}

function overV1(): Encoder {
  return {
    begin: VOID,
    bytesOf(one) {
      const { command, payload } = bent(one)
      const frame = encodeV1Frame(magic, crypto.sha256, command, payload.length, (writer) => {
        writeBytes(writer, payload)
      })
      return one.bend === 'envelope' ? frame.with(one.at % 24, one.value & 0xff) : frame
    },
  }
}

function overV2(role: Role): Encoder {
  const far = deriveKeys(crypto, {
    ...{ role: role === 'dialler' ? 'listener' : 'dialler', magic },
    ...{ ownKey: FAR_KEY, theirKey: OUR_KEY, sharedX: new Uint8Array(32).fill(7) },
  })
  const terminator = far.send.terminator.slice()
  const sealer = createPacketSealer(crypto, far.send, VOID)
  const seal = (contents: Uint8Array, isDecoy: boolean): Uint8Array =>
    sealer.seal([
      {
        contentsBytes: contents.length,
        writeContents(room) {
          room.set(contents)
        },
        isDecoy,
      },
    ])
  return {
    begin: concatBytes(FAR_KEY, terminator, seal(VOID, false)),
    bytesOf(one) {
      const { command, payload } = bent(one)
      const { at, bend, value } = one
      const contents = concatBytes(Uint8Array.of(0), encodeCommand(command), payload)
      if (bend !== 'envelope') return seal(contents, false)
      switch (value % 5) {
        case 0:
          return seal(contents, true)
        case 1:
          return seal(concatBytes(Uint8Array.of(at & 0xff), payload), false)
        case 2:
          return seal(contents.with(at % 13, value >> 8), false)
        case 3:
          return seal(contents.slice(0, at % 13), false)
        default: {
          const packet = seal(contents, false)
          return packet.with(at % packet.length, value >> 8)
        }
      }
    },
  }
}

/** About what it takes to hold it: its bytes, and something for each number and each name. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  return Object.values(value).reduce<number>((sum, part) => sum + 8 + sizeOf(part), 16)
}

export interface FuzzOutcome {
  /** Inputs that the wire was given before it could not go on. */
  readonly given: number
  readonly messages: number
  readonly refused: number
  readonly isClosed: boolean
  readonly pushedBytes: number
  /** The most that a message took in memory, for each byte that it had on the wire. */
  readonly mostPerByte: number
}

/** @throws {Error} what the wire may never do */
export function receive(transport: 'v1' | 'v2', { inputs, role }: FuzzSession): FuzzOutcome {
  const { begin, bytesOf } = transport === 'v1' ? overV1() : overV2(role)
  const wire = bitcoinWire(
    {
      ...{ magic, speaks: transport },
      drawOwnHalf: () => ({
        pair: { key: OUR_KEY, privateKey: new Uint8Array(32).fill(1) },
        garbage: VOID,
      }),
    },
    {
      ...{ role, target: undefined, dial: transport, crypto },
      random: seededRandom('fuzz'),
      out: () => undefined,
    },
  )
  let [messages, refused, given, pushedBytes, readBytes, mostPerByte] = [0, 0, 0, 0, 0, 0]
  let isSecured = false

  const take = (piece: Uint8Array): void => {
    pushedBytes += piece.length
    wire.push(piece)
    for (let reads = 0; ; reads++) {
      if (reads > READS_MAX) throw new Error('it reads on and on')
      const read = wire.read()
      if (read.kind === 'more') break
      if (read.kind === 'job') wire.resume(new Uint8Array(32).fill(7))
      if (read.kind === 'secured') {
        isSecured = true
        readBytes = pushedBytes - wire.bufferedBytes
      }
      if ('bytesOnWire' in read) readBytes += read.bytesOnWire
      if (read.kind === 'refused') refused++
      if (read.kind === 'message') {
        messages++
        const perByte = sizeOf(ownedMessage(read.message)) / read.bytesOnWire
        mostPerByte = Math.max(mostPerByte, perByte)
      }
    }
    wire.keep()
    const unreadBytes = pushedBytes - readBytes
    if (isSecured && wire.bufferedBytes > unreadBytes) throw new Error('it holds what it gave away')
    if (wire.bufferedBytes > pushedBytes) throw new Error('it holds more than came')
  }

  const outcome = (isClosed: boolean): FuzzOutcome => {
    wire.wipe()
    return { given, messages, refused, isClosed, pushedBytes, mostPerByte }
  }
  wire.start()
  try {
    if (begin.length > 0) take(begin)
    for (const one of inputs) {
      given++
      for (const piece of inPieces(bytesOf(one), one.cuts)) take(piece)
    }
  } catch (error) {
    if (error instanceof WireError && error.action === 'close') return outcome(true)
    throw error
  }
  return outcome(false)
}
