/**
 * A stand-in with the habits of a network without keys: both say hello, payloads are views up to
 * 4 MB, one message a peer a turn, and a send buffer over its limit stops reading that peer.
 *
 * Frame: length (4, big-endian), type (1), payload. Types: 1 hello, 2 ping, 3 pong, 4 blob.
 * @module
 */
import { setup } from 'xstate'
import type {
  BareTypes,
  Protocol,
  Read,
  SessionTypes,
  SocketAddress,
  Wire,
  WireSetup,
} from '../../../index.ts'
import { asSlot, placeAddresses, sessionActions, WireError } from '../../../index.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { concatBytes, viewOf } from '../../../codec/bytes.ts'
import { end } from './chart-parts.ts'
import { asksNothing, NONE, ONE_STRIKE, USUAL, USUAL_WAITS, WAIT } from './common.ts'
import type { BytesOf } from './common.ts'

const TYPES = ['hello', 'ping', 'pong', 'blob'] as const
const PAYLOAD_BYTES_MAX = 4_000_000

export type PlainMessage = BytesOf<(typeof TYPES)[number]>
export type PlainDetail = 'too-large' | 'unknown-type' | 'hello-late' | 'hello-twice' | 'silent'

export interface PlainTypes extends BareTypes {
  readonly message: PlainMessage
  readonly address: SocketAddress
  readonly detail: PlainDetail
}

type PlainWire = Wire<PlainMessage, never, Record<string, never>, PlainDetail>

function plainWire({ out }: WireSetup<SocketAddress, never>): PlainWire {
  const buffer = createFrameBuffer()
  const encode = ({ type, payload }: PlainMessage): Uint8Array => {
    const header = new Uint8Array(5)
    viewOf(header).setUint32(0, payload.length)
    header[4] = TYPES.indexOf(type) + 1
    return concatBytes(header, payload)
  }
  return {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read(): Read<PlainMessage, Record<string, never>, PlainDetail> {
      const header = buffer.peek(5)
      if (header === undefined) return { kind: 'more' }
      const payloadBytes = viewOf(header).getUint32(0)
      if (payloadBytes > PAYLOAD_BYTES_MAX) throw new WireError('close', 'too-large')
      const type = TYPES[(header[4] ?? 0) - 1]
      const frame = buffer.take(5 + payloadBytes)
      if (frame === undefined) return { kind: 'more' }
      const bytesOnWire = frame.length
      if (type === undefined) {
        return { kind: 'refused', error: new WireError('skip', 'unknown-type'), bytesOnWire }
      }
      return { kind: 'message', message: { type, payload: frame.subarray(5) }, bytesOnWire }
    },
    secure: () => undefined,
    resume: () => undefined,
    write(messages) {
      out(concatBytes(...messages.map((one) => ('raw' in one ? one.raw : encode(one)))))
    },
    end: () => (buffer.length === 0 ? 'clean' : 'mid-frame'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe: () => undefined,
  }
}

const hello = { type: 'hello', payload: NONE } as const

export const plainSession = setup({
  types: {} as SessionTypes<PlainTypes>,
  actions: sessionActions<PlainTypes, object>(),
  guards: { isHello: ({ event }) => event.type === 'unit' && event.message.type === 'hello' },
  delays: { helloMs: 5_000 },
}).createMachine({
  id: 'plain',
  context: {},
  initial: 'closed',
  states: {
    closed: {
      on: {
        opened: { target: 'greeting', actions: { type: 'write', params: { messages: [hello] } } },
      },
    },
    greeting: {
      on: {
        unit: [
          {
            guard: 'isHello',
            target: 'open',
            actions: { type: 'ready', params: { facts: {}, identity: undefined } },
          },
          { actions: end('hello-late') },
        ],
      },
      after: { helloMs: { actions: end('hello-late') } },
    },
    open: {
      on: {
        unit: [
          { guard: 'isHello', actions: end('hello-twice') },
          {
            actions: {
              type: 'write',
              params: ({ event }) => ({
                messages: [{ type: 'pong' as const, payload: event.message.payload.slice() }],
              }),
            },
          },
        ],
      },
    },
  },
})

export const plain = (): Protocol<PlainTypes> => ({
  name: 'plain',
  defaultPort: 7001,
  addresses: placeAddresses(7001),
  node: () => asksNothing(),
  wire: plainWire,
  session: asSlot(plainSession),
  control: ['hello', 'ping'],
  deadlines: {
    ...USUAL_WAITS,
    establish: { ms: 8_000, detail: 'hello-late' },
    session: { helloMs: { ms: 5_000, detail: 'hello-late' } },
    progress: { ms: 60_000, detail: 'silent' },
  },
  lane: ({ type }) => ({
    lane: type === 'blob' ? 'requests' : 'control',
    full: 'stop-reading',
  }),
  estimateBytes: ({ payload }) => 5 + payload.length,
  own: ({ type, payload }) => ({ type, payload: payload.slice() }),
  contentBytes: ({ payload }) => payload.length,
  details: {
    'too-large': { reason: 'peer-fault', verdict: ONE_STRIKE },
    'unknown-type': { reason: 'peer-fault', verdict: { do: 'nothing' } },
    'hello-late': { reason: 'deadline', verdict: WAIT },
    'hello-twice': { reason: 'peer-fault', verdict: ONE_STRIKE },
    silent: { reason: 'deadline', verdict: WAIT },
  },
  ...USUAL,
  duplicate: () => 'keep-both',
  unitsPerTurn: 1,
})
