/**
 * A stand-in with the habits of an authenticated network: two handshake messages, keys that change
 * between two frames of one chunk, a listener that is provisional until something decrypts, an end
 * that is truncated without a farewell, and a ping window that outlives the connection. Static keys
 * enter the derivation, so that whoever decrypts has proven his.
 * @module
 */
import { assign, setup } from 'xstate'
import { encodeHex } from '../../../codec/bytes.ts'
import { asSlot, placeAddresses, HOLDING, sessionActions } from '../../../index.ts'
import type { Protocol, SessionTypes } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { end, isMessage } from './chart-parts.ts'
import { NONE, ONE_STRIKE, smallerDiallerStays } from './common.ts'
import { USUAL, USUAL_WAITS, WAIT } from './common.ts'
import { keyedNode } from './keyed-node.ts'
import { keyedWire } from './keyed-wire.ts'
import type { Answer, KeyedMessage, KeyedTypes } from './keyed-wire.ts'

const payloadOf = (answer: Answer): Uint8Array =>
  typeof answer === 'object' ? answer.payload : NONE

interface Context {
  readonly dials: boolean
  readonly identity: string
}

const READY = {
  type: 'ready',
  params: ({ context }: { context: Context }) => ({ facts: {}, identity: context.identity }),
} as const

const session = setup({
  types: {} as SessionTypes<KeyedTypes, Context>,
  actions: {
    ...sessionActions<KeyedTypes, Context>(),
    know: assign({
      identity: ({ event }) =>
        event.type === 'answer' && typeof event.answer === 'object' && 'identity' in event.answer
          ? event.answer.identity
          : '',
    }),
  },
  guards: {
    dials: ({ context }) => context.dials,
    isRefused: ({ event }) => event.type === 'answer' && event.answer === 'refused',
    is: isMessage<KeyedMessage>(),
  },
  delays: { replyMs: 10_000 },
}).createMachine({
  id: 'keyed',
  context: ({ input }) => ({ dials: input.role === 'dialler', identity: '' }),
  initial: 'idle',
  states: {
    idle: {
      on: { opened: [{ guard: 'dials', target: 'greeting' }, { target: 'awaiting' }] },
    },
    greeting: {
      tags: HOLDING,
      entry: { type: 'ask', params: { id: 'greet', question: { ask: 'greet' } } },
      on: {
        answer: {
          target: 'awaiting',
          actions: {
            type: 'write',
            params: ({ event }) => ({
              messages: [{ type: 'hello' as const, payload: payloadOf(event.answer) }],
            }),
          },
        },
      },
    },
    awaiting: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'hello' }, target: 'agreeing' },
          { guard: { type: 'is', params: 'reply' }, target: 'agreeing' },
          { actions: end('bad-frame') },
        ],
      },
      after: { replyMs: { actions: end('late') } },
    },
    agreeing: {
      tags: HOLDING,
      entry: {
        type: 'ask',
        params: ({ event }) => ({
          id: 'agree',
          question: {
            ask: 'agree' as const,
            theirs: event.type === 'unit' ? event.message.payload : NONE,
          },
        }),
      },
      on: {
        answer: [
          { guard: 'isRefused', actions: end('bad-key') },
          {
            guard: 'dials',
            target: 'open',
            actions: [
              'know',
              { type: 'secure', params: { slot: 'session' } },
              { type: 'write', params: { messages: [{ type: 'confirm', payload: NONE }] } },
              READY,
            ],
          },
          {
            target: 'provisional',
            actions: [
              'know',
              {
                type: 'write',
                params: ({ event }) => ({
                  messages: [{ type: 'reply' as const, payload: payloadOf(event.answer) }],
                }),
              },
              { type: 'secure', params: { slot: 'session' } },
            ],
          },
        ],
      },
    },
    provisional: {
      on: {
        unit: {
          target: 'open',
          actions: [READY, { type: 'handOn', params: ({ event }) => ({ message: event.message }) }],
        },
      },
      after: { replyMs: { actions: end('late') } },
    },
    open: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'ping' }, target: 'pinged' },
          {
            guard: { type: 'is', params: 'bye' },
            actions: end('bye'),
          },
        ],
      },
    },
    pinged: {
      tags: HOLDING,
      entry: {
        type: 'ask',
        params: ({ context }) => ({
          id: 'ping',
          question: { ask: 'ping' as const, identity: context.identity },
        }),
      },
      on: {
        answer: [{ guard: 'isRefused', actions: end('ping-rate') }, { target: 'open' }],
      },
    },
  },
})

/** @param options `framesMax`: after so many records a direction's keys are spent */
export function keyed(privateKey: Uint8Array, { framesMax = 2 ** 32 } = {}): Protocol<KeyedTypes> {
  const identity = encodeHex(chooseCrypto().publicKeyOf(privateKey))
  return {
    name: 'keyed',
    defaultPort: 7002,
    identity,
    addresses: placeAddresses(7002),
    node: (tools) => keyedNode(tools, privateKey),
    wire: (options) => keyedWire(options, framesMax),
    session: asSlot(session),
    control: ['confirm', 'ping', 'bye'],
    deadlines: {
      ...USUAL_WAITS,
      establish: { ms: 15_000, detail: 'late' },
      session: { replyMs: { ms: 10_000, detail: 'late' } },
      progress: { ms: 120_000, detail: 'silent' },
    },
    lane: ({ type }) =>
      type === 'note'
        ? { lane: 'requests', full: 'stop-reading' }
        : { lane: 'control', full: 'close' },
    estimateBytes: ({ payload }) => payload.length + 21,
    details: {
      'bad-frame': { reason: 'peer-fault', verdict: ONE_STRIKE },
      // Whoever sits on the path can cause it.
      'bad-key': { reason: 'peer-fault', verdict: WAIT },
      bye: { reason: 'peer-left', verdict: WAIT },
      late: { reason: 'deadline', verdict: WAIT },
      'ping-rate': { reason: 'peer-fault', verdict: { do: 'strike', whom: 'identity' } },
      silent: { reason: 'deadline', verdict: WAIT },
      spent: { reason: 'overload', verdict: { do: 'redial' } },
    },
    ...USUAL,
    farewell: (detail, phase) =>
      phase === 'active' && detail !== 'bye' && detail !== 'bad-key'
        ? { messages: [{ type: 'bye', payload: NONE }], answerMs: 0, reads: [] }
        : undefined,
    duplicate: smallerDiallerStays,
  }
}
