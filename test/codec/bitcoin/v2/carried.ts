/**
 * The least network that travels over v2: it carries lines, and shows how the channel hangs in the
 * core's contract. A listener takes v1 or v2, by the first 16 bytes; a dialler begins with v2 and dials
 * once more with v1 where not a byte came back. What stands for v1 is its header and nothing else of it.
 * @module
 */
import { setup } from 'xstate'
import { createV2Channel } from '../../../../codec/bitcoin/v2/channel.ts'
import type { drawOwnHalf } from '../../../../codec/bitcoin/v2/channel.ts'
import type { V2Detail } from '../../../../codec/bitcoin/v2/details.ts'
import { drawKeyPair } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import { concatBytes, encodeAscii, encodeHex, viewOf } from '../../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import { asSlot, placeAddresses, sessionActions, WireError } from '../../../../index.ts'
import type {
  BareTypes,
  Protocol,
  SessionTypes,
  SocketAddress,
  Wire,
  WireSetup,
} from '../../../../index.ts'
import { end } from '../../../contracts/fits/chart-parts.ts'
import { asksNothing, ONE_STRIKE, USUAL } from '../../../contracts/fits/common.ts'
import { USUAL_WAITS, WAIT } from '../../../contracts/fits/common.ts'
import type { BytesOf } from '../../../contracts/fits/common.ts'
import { REGTEST } from './far-side.ts'

export type Transport = 'v1' | 'v2'
export const V1_HEADER_BYTES = 24
const V1_START = concatBytes(REGTEST, encodeAscii('version\0\0\0\0\0'))
/** So much of v2 a v1 peer has read before it knows that it is no message of its own. */
const REDIAL_SENT_BYTES_MIN = V1_HEADER_BYTES
const SHORT_GARBAGE_BYTES = 8

export type CarriedDetail = V2Detail | 'decoy' | 'late' | 'not-spoken' | 'silent'

export interface CarriedTypes extends Omit<BareTypes, 'dial' | 'facts'> {
  readonly address: SocketAddress
  readonly message: BytesOf<'line'>
  readonly facts: { readonly transport: Transport; readonly sessionId: string }
  readonly detail: CarriedDetail
  readonly dial: Transport
}

type CarriedWire = Wire<CarriedTypes['message'], never, CarriedTypes['facts'], CarriedDetail>

/** A frame of v1, were its command not always the same and its checksum not left out. */
export function v1Frame(payload: Uint8Array): Uint8Array {
  const frame = concatBytes(V1_START, new Uint8Array(8), payload)
  viewOf(frame).setUint32(V1_START.length, payload.length, true)
  return frame
}

/** Little garbage: a test that cuts the stream at each byte is as long as it is. */
const drawShortHalf: typeof drawOwnHalf = (crypto, random) => ({
  pair: drawKeyPair(crypto, random),
  garbage: random.bytes(random.below(SHORT_GARBAGE_BYTES)),
})

function carriedWire(
  speaks: readonly Transport[],
  { role, dial = 'v2', random, crypto, out }: WireSetup<SocketAddress, Transport>,
): CarriedWire {
  const buffer = createFrameBuffer()
  const channel = createV2Channel(
    { role, magic: REGTEST, crypto, random, buffer, out },
    drawShortHalf,
  )
  let isV1 = role === 'dialler' && dial === 'v1'
  let isTold = false

  const readV1: CarriedWire['read'] = () => {
    if (!isTold) {
      const first = buffer.take(V1_HEADER_BYTES)
      if (first === undefined) return { kind: 'more' }
      isTold = true
      if (role === 'listener') out(v1Frame(new Uint8Array(0)))
      return { kind: 'secured', facts: { transport: 'v1', sessionId: '' } }
    }
    const header = buffer.peek(V1_HEADER_BYTES)
    if (header === undefined) return { kind: 'more' }
    const frame = buffer.take(V1_HEADER_BYTES + viewOf(header).getUint32(V1_START.length, true))
    if (frame === undefined) return { kind: 'more' }
    const message = { type: 'line', payload: frame.slice(V1_HEADER_BYTES) } as const
    return { kind: 'message', message, bytesOnWire: frame.length }
  }

  const readV2: CarriedWire['read'] = () => {
    const read = channel.read()
    switch (read.kind) {
      case 'v1':
        isV1 = true
        return readV1()
      case 'secured': {
        const facts = { transport: 'v2', sessionId: encodeHex(read.sessionId) } as const
        return { kind: 'secured', facts }
      }
      case 'decoy': {
        const { bytesOnWire } = read
        return { kind: 'refused', error: new WireError('skip', 'decoy'), bytesOnWire }
      }
      case 'packet': {
        const { bytesOnWire, contents } = read
        return { kind: 'message', message: { type: 'line', payload: contents }, bytesOnWire }
      }
      default:
        return read
    }
  }

  return {
    start() {
      if (isV1) out(v1Frame(new Uint8Array(0)))
      else channel.start()
    },
    push: buffer.push,
    keep: buffer.keep,
    read() {
      if (!speaks.includes('v2') && !isV1) {
        const start = buffer.peek(4)
        if (start === undefined) return { kind: 'more' }
        if (start.some((byte, index) => byte !== REGTEST[index])) {
          throw new WireError('close', 'not-spoken')
        }
        isV1 = true
      }
      return isV1 ? readV1() : readV2()
    },
    secure: () => undefined,
    resume: channel.resume,
    write(messages) {
      const payloads = messages.map((message) => ('raw' in message ? message.raw : message.payload))
      if (isV1) out(concatBytes(...payloads.map(v1Frame)))
      else {
        channel.write(
          payloads.map((payload) => ({
            contentsBytes: payload.length,
            writeContents(room) {
              room.set(payload)
            },
          })),
        )
      }
    },
    end: () => (buffer.length + channel.bufferedBytes === 0 ? 'clean' : 'mid-frame'),
    get bufferedBytes() {
      return buffer.length + channel.bufferedBytes
    },
    wipe: channel.wipe,
  }
}

const session = setup({
  types: {} as SessionTypes<CarriedTypes>,
  actions: sessionActions<CarriedTypes, object>(),
  delays: { startMs: 10_000 },
}).createMachine({
  id: 'carried',
  context: {},
  initial: 'detecting',
  states: {
    detecting: {
      on: {
        secured: {
          target: 'open',
          actions: {
            type: 'ready',
            params: ({ event }) => ({ facts: event.facts, identity: undefined }),
          },
        },
      },
      after: { startMs: { actions: end('late') } },
    },
    open: {},
  },
})

/** `speaks`: an old node knows nothing of v2. */
export const carried = (speaks: readonly Transport[] = ['v1', 'v2']): Protocol<CarriedTypes> => ({
  name: 'carried',
  defaultPort: 7005,
  addresses: placeAddresses(7005),
  node: () => asksNothing(),
  wire: (wireSetup) => carriedWire(speaks, wireSetup),
  session: asSlot(session),
  control: [],
  deadlines: {
    ...USUAL_WAITS,
    establish: { ms: 12_000, detail: 'late' },
    session: { startMs: { ms: 10_000, detail: 'late' } },
    progress: { ms: 120_000, detail: 'silent' },
  },
  lane: () => ({ lane: 'requests', full: 'stop-reading' }),
  estimateBytes: ({ payload }) => payload.length + 20,
  details: {
    decoy: { reason: 'peer-fault', verdict: { do: 'nothing' } },
    'garbage-unterminated': { reason: 'peer-fault', verdict: WAIT },
    late: { reason: 'deadline', verdict: WAIT },
    'not-spoken': { reason: 'peer-fault', verdict: WAIT },
    'other-network': { reason: 'peer-fault', verdict: WAIT },
    'packet-too-long': { reason: 'peer-fault', verdict: WAIT },
    'packet-unauthentic': { reason: 'peer-fault', verdict: WAIT },
    silent: { reason: 'deadline', verdict: ONE_STRIKE },
  },
  ...USUAL,
  redial: ({ dial = 'v2', receivedBytes, role, sentBytes }) =>
    role === 'dialler' && dial === 'v2' && receivedBytes === 0 && sentBytes >= REDIAL_SENT_BYTES_MIN
      ? 'v1'
      : undefined,
  duplicate: () => 'keep-both',
  slots: [
    { name: 'inbound', role: 'listener', max: 8 },
    { name: 'outbound', role: 'dialler', max: 1 },
  ],
})
