/**
 * The smallest whole network: both sides greet, then say lines of at most 255 bytes.
 * A frame is a length of one byte and as many bytes; the first one of each side is `hi`.
 * @module
 */
import { setup } from 'xstate'
import { concatBytes, encodeAscii, equalBytes } from '../codec/bytes.ts'
import { createFrameBuffer } from '../codec/frame-buffer.ts'
import { asSlot, sessionActions, WireError } from '../index.ts'
import type { Protocol, ProtocolTypes, SessionEvent, SessionInput } from '../index.ts'
import type { SessionSaid, Wire, WireSetup } from '../index.ts'

/** Everything that the core has to know of the network's types, in one bag. */
export interface LinesTypes extends ProtocolTypes {
  readonly message: { readonly type: 'line'; readonly bytes: Uint8Array }
  readonly address: { readonly host: string; readonly port: number }
  readonly keys: never
  readonly facts: Record<string, never>
  readonly detail: 'empty-line' | 'late' | 'rude' | 'silent'
  readonly dial: never
  readonly question: never
  readonly answer: never
  readonly news: never
}
type Line = LinesTypes['message']
type Detail = LinesTypes['detail']

/** Bytes to lines and back. It knows no policy: that a greeting comes first is the session's. */
function linesWire({ out }: WireSetup<LinesTypes['address'], never>) {
  const buffer = createFrameBuffer()
  const wire: Wire<Line, never, Record<string, never>, Detail> = {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read() {
      const [length] = buffer.peek(1) ?? []
      if (length === undefined) return { kind: 'more' }
      if (length === 0) throw new WireError('close', 'empty-line')
      const frame = buffer.take(1 + length)
      if (frame === undefined) return { kind: 'more' }
      return {
        kind: 'message',
        message: { type: 'line', bytes: frame.subarray(1) },
        bytesOnWire: frame.length,
      }
    },
    secure: () => undefined,
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message) out(message.raw)
        else out(concatBytes(Uint8Array.of(message.bytes.length), message.bytes))
      }
    },
    end: () => (buffer.length === 0 ? 'clean' : 'mid-frame'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe: () => undefined,
  }
  return wire
}

const HI: Line = { type: 'line', bytes: encodeAscii('hi') }

/** Who the other side is, and when the connection is ready. It says what shall be done, and does nothing. */
const session = setup({
  types: {} as {
    context: object
    events: SessionEvent<LinesTypes>
    input: SessionInput<LinesTypes>
    emitted: SessionSaid<LinesTypes>
  },
  actions: sessionActions<LinesTypes, object>(),
  guards: {
    isHi: ({ event }) => event.type === 'unit' && equalBytes(event.message.bytes, HI.bytes),
  },
  // The same as `deadlines.session` of the manifest.
  delays: { greetingMs: 5_000 },
}).createMachine({
  context: {},
  initial: 'opening',
  states: {
    opening: {
      on: {
        opened: { target: 'greeting', actions: { type: 'write', params: { messages: [HI] } } },
      },
    },
    greeting: {
      on: {
        unit: [
          {
            guard: 'isHi',
            target: 'open',
            actions: { type: 'ready', params: { facts: {}, identity: undefined } },
          },
          { actions: { type: 'end', params: { detail: 'rude' } } },
        ],
      },
      after: { greetingMs: { actions: { type: 'end', params: { detail: 'late' } } } },
    },
    open: {},
  },
})

const print = ({ host, port }: LinesTypes['address']): string => `${host}:${port}`

/** The manifest: what the core reads. It never asks which network it is. */
export const lines = (): Protocol<LinesTypes> => ({
  name: 'lines',
  defaultPort: 7100,
  addresses: {
    parse(text) {
      const [, host = '', port = ''] = /^([0-9.]+):(\d{1,5})$/.exec(text) ?? []
      if (host === '' || Number(port) > 65_535) return { wrong: 'an address is host:port' }
      return { address: { host, port: Number(port) } }
    },
    print,
    key: print,
    socket: (address) => address,
    fromSocket: ({ host, port }) => ({ host, port }),
    group: (host) => host,
    identity: () => undefined,
  },
  // Sessions of this network ask nothing.
  node: () => ({
    answer() {
      throw new Error('nothing is asked')
    },
  }),
  wire: linesWire,
  session: asSlot(session),
  control: [],
  deadlines: {
    connectMs: 2_000,
    establish: { ms: 8_000, detail: 'late' },
    session: { greetingMs: { ms: 5_000, detail: 'late' } },
    progress: { ms: 60_000, detail: 'silent' },
    drainMs: 20_000,
    flushMs: 1_000,
  },
  wrongWith: ({ bytes }) =>
    bytes.length >= 1 && bytes.length <= 255 ? undefined : 'a line has 1 to 255 bytes',
  lane: () => ({ lane: 'requests', full: 'stop-reading' }),
  estimateBytes: ({ bytes }) => 1 + bytes.length,
  // What `read` hands out are views of the received bytes.
  own: ({ type, bytes }) => ({ type, bytes: bytes.slice() }),
  details: {
    'empty-line': { reason: 'peer-fault', verdict: { do: 'strike', whom: 'address' } },
    late: { reason: 'deadline', verdict: { do: 'wait' } },
    rude: { reason: 'peer-fault', verdict: { do: 'strike', whom: 'address' } },
    silent: { reason: 'deadline', verdict: { do: 'wait' } },
  },
  strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
  duplicate: () => 'keep-both',
  slots: [
    { name: 'inbound', role: 'listener', max: 8 },
    { name: 'outbound', role: 'dialler', max: 8 },
  ],
  admission: {
    pendingInbound: 25,
    pendingOutbound: 25,
    pendingPerGroup: 25,
    inboundPerGroup: 50,
    acceptedPerGroup: { count: 1_000, withinMs: 60_000 },
  },
})
