/**
 * The smallest network there can be, for what the core itself costs: no keys, both say hello, frames
 * of a length (4, big-endian) and a type (1: hello, 2: data). Roomy limits.
 * @module
 */
import { setup } from 'xstate'
import { viewOf } from '../codec/bytes.ts'
import { createFrameBuffer } from '../codec/frame-buffer.ts'
import { asSlot, sessionActions, WireError } from '../index.ts'
import type { Protocol, ProtocolTypes, SessionEvent, SessionInput, SessionSaid } from '../index.ts'

export type KeylessMessage =
  | { readonly type: 'hello'; readonly payload: Uint8Array }
  | { readonly type: 'data'; readonly payload: Uint8Array }

export interface KeylessTypes extends ProtocolTypes {
  readonly message: KeylessMessage
  readonly address: { readonly host: string; readonly port: number }
  readonly keys: never
  readonly facts: Record<string, never>
  readonly detail: 'late' | 'silent' | 'too-large'
  readonly dial: never
  readonly question: never
  readonly answer: never
  readonly news: never
}

const PAYLOAD_BYTES_MAX = 4_000_000

export function encodeFrame({ payload, type }: KeylessMessage): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length)
  viewOf(bytes).setUint32(0, payload.length)
  bytes[4] = type === 'hello' ? 1 : 2
  bytes.set(payload, 5)
  return bytes
}

const session = setup({
  types: {} as {
    context: object
    events: SessionEvent<KeylessTypes>
    input: SessionInput<KeylessTypes>
    emitted: SessionSaid<KeylessTypes>
    tags: 'holding'
  },
  actions: sessionActions<KeylessTypes, object>(),
  delays: { helloMs: 5_000 },
}).createMachine({
  id: 'keyless',
  context: {},
  initial: 'greeting',
  states: {
    greeting: {
      on: {
        opened: {
          actions: {
            type: 'write',
            params: { messages: [{ type: 'hello', payload: new Uint8Array(0) }] },
          },
        },
        unit: {
          target: 'open',
          actions: { type: 'ready', params: { facts: {}, identity: undefined } },
        },
      },
      after: { helloMs: { actions: { type: 'end', params: { detail: 'late' } } } },
    },
    open: {},
  },
})

export const keyless = (): Protocol<KeylessTypes> => ({
  name: 'keyless',
  defaultPort: 7000,
  addresses: {
    parse(text) {
      const [host = '', port = '7000'] = text.split(':')
      return { address: { host, port: Number(port) } }
    },
    print: ({ host, port }) => `${host}:${port}`,
    key: ({ host, port }) => `${host}:${port}`,
    socket: (address) => address,
    fromSocket: ({ host, port }) => ({ host, port }),
    group: (host) => host,
    identity: () => undefined,
  },
  node: () => ({
    answer() {
      throw new Error('this session asks nothing')
    },
  }),
  wire({ out }) {
    const buffer = createFrameBuffer()
    return {
      start: () => undefined,
      push: buffer.push,
      keep: buffer.keep,
      read() {
        const header = buffer.peek(5)
        if (header === undefined) return { kind: 'more' }
        const payloadBytes = viewOf(header).getUint32(0)
        if (payloadBytes > PAYLOAD_BYTES_MAX) throw new WireError('close', 'too-large')
        const isHello = header[4] === 1
        const frame = buffer.take(5 + payloadBytes)
        if (frame === undefined) return { kind: 'more' }
        const payload = frame.subarray(5)
        const message: KeylessMessage = { type: isHello ? 'hello' : 'data', payload }
        return { kind: 'message', message, bytesOnWire: frame.length }
      },
      secure: () => undefined,
      resume: () => undefined,
      write(messages) {
        for (const message of messages) out('raw' in message ? message.raw : encodeFrame(message))
      },
      end: () => 'clean',
      get bufferedBytes() {
        return buffer.length
      },
      wipe: () => undefined,
    }
  },
  session: asSlot(session),
  control: ['hello'],
  deadlines: {
    connectMs: 2_000,
    establish: { ms: 8_000, detail: 'late' },
    session: { helloMs: { ms: 5_000, detail: 'late' } },
    progress: { ms: 3_600_000, detail: 'silent' },
    drainMs: 20_000,
    flushMs: 1_000,
  },
  lane: () => ({ lane: 'requests', full: 'stop-reading' }),
  estimateBytes: ({ payload }) => 5 + payload.length,
  own: ({ type, payload }) => ({ type, payload: payload.slice() }),
  details: {
    late: { reason: 'deadline', verdict: { do: 'wait' } },
    silent: { reason: 'deadline', verdict: { do: 'wait' } },
    'too-large': { reason: 'peer-fault', verdict: { do: 'nothing' } },
  },
  strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
  duplicate: () => 'keep-both',
  slots: [
    { name: 'inbound', role: 'listener', max: 20_000 },
    { name: 'outbound', role: 'dialler', max: 20_000 },
  ],
  admission: {
    pendingInbound: 20_000,
    pendingOutbound: 20_000,
    pendingPerGroup: 20_000,
    inboundPerGroup: 20_000,
    acceptedPerGroup: { count: 20_000, withinMs: 60_000 },
  },
})
