/**
 * The smallest whole network: both sides greet, then say lines of at most 255 bytes.
 * A frame is a length of one byte and as many bytes; the first one of each side is `hi`.
 * @module
 */
import { setup } from 'xstate'
import { concatBytes, encodeAscii, equalBytes } from '../codec/bytes.ts'
import { createFrameBuffer } from '../codec/frame-buffer.ts'
import { asSlot, placeAddresses, sessionActions, WireError } from '../index.ts'
import { USUAL_LIMITS, USUAL_WAITS } from '../index.ts'
import type { BareTypes, Protocol, SessionTypes, SocketAddress, Wire, WireSetup } from '../index.ts'

/** Everything that the core has to know of the network's types, in one bag. */
export interface LinesTypes extends BareTypes {
  readonly message: { readonly type: 'line'; readonly bytes: Uint8Array }
  readonly address: SocketAddress
  readonly detail: 'empty-line' | 'late' | 'rude' | 'silent'
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
  types: {} as SessionTypes<LinesTypes>,
  actions: sessionActions<LinesTypes>(),
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

/** The manifest: what the core reads. It never asks which network it is. */
export const lines = (): Protocol<LinesTypes> => ({
  name: 'lines',
  defaultPort: 7100,
  addresses: placeAddresses(7100),
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
    ...USUAL_WAITS,
    establish: { ms: 8_000, detail: 'late' },
    session: { greetingMs: { ms: 5_000, detail: 'late' } },
    progress: { ms: 60_000, detail: 'silent' },
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
  duplicate: () => 'keep-both',
  ...USUAL_LIMITS,
})
