/**
 * A stand-in with the habits of a network that has an old framing and a new one on one port: the
 * listener is silent until one of the first 16 bytes differs from the old one's beginning; a dial of
 * the new kind that got no byte is made once more with the old kind, in the same slot; a frame with a
 * wrong check byte is passed over.
 *
 * Old: 16 fixed bytes at the start, then frames of length (1), check (1, xor of the payload), payload.
 * New: 24 drawn bytes at the start, then frames of length (2, big-endian), payload.
 * @module
 */
import { setup } from 'xstate'
import { concatBytes, encodeAscii, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { asSlot, placeAddresses, sessionActions, WireError } from '../../../index.ts'
import type {
  BareTypes,
  Protocol,
  SessionTypes,
  SocketAddress,
  Wire,
  WireSetup,
} from '../../../index.ts'
import { end } from './chart-parts.ts'
import { asksNothing, NONE, ONE_STRIKE, USUAL, USUAL_WAITS, WAIT } from './common.ts'
import type { BytesOf } from './common.ts'

export type Kind = 'old' | 'new'
const OLD_START = encodeAscii('sniffing/1\0\0\0\0\0\0')
const NEW_START_BYTES = 24
/** So many bytes an old listener has read before it knows that they are not its own. */
const REDIAL_SENT_BYTES_MIN = 24

export type LineMessage = BytesOf<'line'>
export type SniffingDetail = 'bad-check' | 'late' | 'not-ours' | 'silent'

export interface SniffingTypes extends Omit<BareTypes, 'dial' | 'facts'> {
  readonly message: LineMessage
  readonly address: SocketAddress
  readonly facts: { readonly kind: Kind }
  readonly detail: SniffingDetail
  readonly dial: Kind
}

type SniffingWire = Wire<LineMessage, never, { readonly kind: Kind }, SniffingDetail>

function sniffingWire(
  speaks: readonly Kind[],
  { dial = 'new', out, random, role }: WireSetup<SocketAddress, Kind>,
): SniffingWire {
  const buffer = createFrameBuffer()
  /** What is spoken, once it is known. */
  let kind: Kind | undefined = role === 'dialler' ? dial : undefined
  let started = false
  let told = false

  const writeStart = (): void => {
    started = true
    out(kind === 'old' ? OLD_START.slice() : random.bytes(NEW_START_BYTES))
  }

  /** Undefined while all bytes so far could be the old kind's, and fewer than 16 have come. */
  const sniff = (): Kind | undefined => {
    const bytes = buffer.peek(Math.min(buffer.length, OLD_START.length)) ?? NONE
    if (bytes.some((byte, index) => byte !== OLD_START[index])) return 'new'
    return bytes.length === OLD_START.length ? 'old' : undefined
  }

  return {
    start() {
      if (role === 'dialler') writeStart()
    },
    push: buffer.push,
    keep: buffer.keep,
    read() {
      kind ??= sniff()
      if (kind === undefined) return { kind: 'more' }
      if (!speaks.includes(kind)) throw new WireError('close', 'not-ours')
      if (!started) writeStart()
      if (!told) {
        if (role === 'dialler' && buffer.length > 0 && sniff() === 'new' && kind === 'old') {
          throw new WireError('close', 'not-ours')
        }
        const start = buffer.take(kind === 'old' ? OLD_START.length : NEW_START_BYTES)
        if (start === undefined) return { kind: 'more' }
        told = true
        return { kind: 'secured', facts: { kind } }
      }
      const header = buffer.peek(2)
      if (header === undefined) return { kind: 'more' }
      const payloadBytes = kind === 'old' ? (header[0] ?? 0) : viewOf(header).getUint16(0)
      const frame = buffer.take(2 + payloadBytes)
      if (frame === undefined) return { kind: 'more' }
      const [payload, bytesOnWire] = [frame.subarray(2), frame.length]
      if (kind === 'old' && payload.reduce((sum, byte) => sum ^ byte, 0) !== frame[1]) {
        return { kind: 'refused', error: new WireError('skip', 'bad-check'), bytesOnWire }
      }
      return { kind: 'message', message: { type: 'line', payload }, bytesOnWire }
    },
    secure: () => undefined,
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message) out(message.raw)
        else {
          const { payload } = message
          const check = payload.reduce((sum, byte) => sum ^ byte, 0)
          const header =
            kind === 'old'
              ? [payload.length & 0xff, check]
              : [payload.length >> 8, payload.length & 0xff]
          out(concatBytes(Uint8Array.from(header), payload))
        }
      }
    },
    end: () => (buffer.length === 0 ? 'clean' : 'mid-frame'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe: () => undefined,
  }
}

const session = setup({
  types: {} as SessionTypes<SniffingTypes>,
  actions: sessionActions<SniffingTypes, object>(),
  delays: { startMs: 10_000 },
}).createMachine({
  id: 'sniffing',
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

/** `speaks`: an old node knows nothing of the new kind. */
export const sniffing = (speaks: readonly Kind[] = ['old', 'new']): Protocol<SniffingTypes> => ({
  name: 'sniffing',
  defaultPort: 7003,
  addresses: placeAddresses(7003),
  node: () => asksNothing(),
  wire: (wireSetup) => sniffingWire(speaks, wireSetup),
  session: asSlot(session),
  control: [],
  deadlines: {
    ...USUAL_WAITS,
    establish: { ms: 12_000, detail: 'late' },
    session: { startMs: { ms: 10_000, detail: 'late' } },
    progress: { ms: 120_000, detail: 'silent' },
  },
  lane: () => ({ lane: 'requests', full: 'stop-reading' }),
  estimateBytes: ({ payload }) => payload.length + 2,
  own: ({ type, payload }) => ({ type, payload: payload.slice() }),
  details: {
    'bad-check': { reason: 'peer-fault', verdict: { do: 'nothing' } },
    late: { reason: 'deadline', verdict: WAIT },
    'not-ours': { reason: 'peer-fault', verdict: WAIT },
    silent: { reason: 'deadline', verdict: ONE_STRIKE },
  },
  ...USUAL,
  redial: ({ dial = 'new', receivedBytes, role, sentBytes }) =>
    role === 'dialler' &&
    dial === 'new' &&
    receivedBytes === 0 &&
    sentBytes >= REDIAL_SENT_BYTES_MIN
      ? 'old'
      : undefined,
  duplicate: () => 'keep-both',
  slots: [
    { name: 'inbound', role: 'listener', max: 8 },
    { name: 'outbound', role: 'dialler', max: 1 },
  ],
})
