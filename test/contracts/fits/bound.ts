/**
 * A stand-in with the habits of a network whose encryption names nobody: both send a raw key, then a
 * stream of padded blocks; a signature over what only the two ends of this channel know says who is
 * who. It is active once it got addresses, or, for who came in, once it was asked for data. A closing
 * is answered by a closing, and waited for.
 * @module
 */
import { assign, setup } from 'xstate'
import { decodeAscii, encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import { asSlot, placeAddresses, HOLDING, sessionActions } from '../../../index.ts'
import type { Protocol, SessionTypes } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { boundNode } from './bound-node.ts'
import { BLOCK_BYTES, boundWire } from './bound-wire.ts'
import type { BoundMessage, BoundType, BoundTypes } from './bound-wire.ts'
import { NONE, ONE_STRIKE, smallerDiallerStays } from './common.ts'
import { USUAL, USUAL_WAITS, WAIT } from './common.ts'
import { end, isMessage } from './chart-parts.ts'

/** How long the answer to a closing is waited for. */
export const CLOSING_MS = 20_000

interface Context {
  readonly isListener: boolean
  readonly binding: Uint8Array
  readonly identity: string
}

const write = (type: BoundType, payload = NONE) =>
  ({ type: 'write', params: { messages: [{ type, payload }] } }) as const
const is = isMessage<BoundMessage>()
const READY = {
  type: 'ready',
  params: ({ context: { binding, identity } }: { context: Context }) => ({
    facts: { binding },
    identity,
  }),
} as const

const session = setup({
  types: {} as SessionTypes<BoundTypes, Context>,
  actions: {
    ...sessionActions<BoundTypes, Context>(),
    bind: assign({
      binding: ({ event }) => (event.type === 'secured' ? event.facts.binding : NONE),
    }),
    know: assign({
      identity: ({ event }) =>
        event.type === 'answer' && 'identity' in event.answer ? event.answer.identity : '',
    }),
  },
  guards: {
    is,
    isTrigger: ({ context, event }) => context.isListener && is({ event }, 'fetch'),
    isWrong: ({ event }) => event.type === 'answer' && 'wrong' in event.answer,
  },
  delays: { answerMs: 5_000 },
}).createMachine({
  id: 'bound',
  context: ({ input }) => ({ isListener: input.role === 'listener', binding: NONE, identity: '' }),
  initial: 'meeting',
  on: {
    // What was asked meanwhile is of no more use: nothing may hold the pull now.
    leave: '.leaving',
  },
  states: {
    meeting: {
      initial: 'agreeing',
      after: { answerMs: { actions: end('late') } },
      on: {
        unit: [
          { guard: { type: 'is', params: 'closing' }, actions: end('told-to-close') },
          { actions: end('out-of-turn') },
        ],
      },
      states: {
        agreeing: { on: { secured: { target: 'signing', actions: 'bind' } } },
        signing: {
          tags: HOLDING,
          entry: {
            type: 'ask',
            params: ({ context: { binding } }) => ({
              id: 'sign',
              question: { ask: 'sign', binding },
            }),
          },
          on: {
            answer: {
              target: 'greeting',
              actions: {
                type: 'write',
                params: ({ event: { answer } }) => ({
                  messages: [{ type: 'hello', payload: 'hello' in answer ? answer.hello : NONE }],
                }),
              },
            },
          },
        },
        greeting: { on: { unit: { guard: { type: 'is', params: 'hello' }, target: 'verifying' } } },
        verifying: {
          tags: HOLDING,
          entry: {
            type: 'ask',
            params: ({ context: { binding }, event }) => ({
              id: 'verify',
              question: {
                ask: 'verify',
                binding,
                hello: event.type === 'unit' ? event.message.payload : NONE,
              },
            }),
          },
          on: {
            answer: [
              {
                guard: 'isWrong',
                actions: {
                  type: 'end',
                  params: ({ event: { answer } }) => ({
                    detail: 'wrong' in answer ? answer.wrong : 'bad-proof',
                  }),
                },
              },
              { target: 'accepting', actions: ['know', write('accepted')] },
            ],
          },
        },
        accepting: {
          on: {
            unit: {
              guard: { type: 'is', params: 'accepted' },
              target: 'asking',
              actions: write('addressRequest'),
            },
          },
        },
        asking: {
          on: {
            unit: [
              { guard: { type: 'is', params: 'addressRequest' }, actions: write('address') },
              { guard: { type: 'is', params: 'address' }, target: '#bound.open', actions: READY },
              {
                guard: 'isTrigger',
                target: '#bound.open',
                actions: [
                  READY,
                  { type: 'handOn', params: ({ event: { message } }) => ({ message }) },
                ],
              },
            ],
          },
        },
      },
    },
    open: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'addressRequest' }, actions: write('address') },
          { guard: { type: 'is', params: 'timeRequest' }, actions: write('time') },
          { guard: { type: 'is', params: 'closing' }, actions: end('told-to-close') },
          { guard: { type: 'is', params: 'address' } },
          { actions: end('out-of-turn') },
        ],
        node: {
          actions: {
            type: 'write',
            params: ({ event: { news } }) => ({
              messages: [{ type: 'reachable', payload: encodeAscii(news.reachable) }],
            }),
          },
        },
      },
    },
    leaving: { on: { unit: { actions: end('told-to-close') } } },
  },
})

/** What a `reachable` says; undefined where it is no text. */
export const addressOf = ({ payload }: BoundMessage): string | undefined => decodeAscii(payload)

const DROPPED: readonly string[] = ['bad-key', 'silent', 'too-large']

export function bound(privateKey: Uint8Array): Protocol<BoundTypes> {
  const identity = encodeHex(chooseCrypto().publicKeyOf(privateKey))
  return {
    name: 'bound',
    defaultPort: 7004,
    identity,
    addresses: placeAddresses(7004),
    node: (tools) => boundNode(tools, privateKey),
    wire: boundWire,
    session: asSlot(session),
    control: ['hello', 'accepted', 'addressRequest', 'address', 'timeRequest', 'closing'],
    deadlines: {
      ...USUAL_WAITS,
      establish: { ms: 15_000, detail: 'late' },
      session: { answerMs: { ms: 5_000, detail: 'late' } },
      progress: { ms: 60_000, detail: 'silent' },
    },
    lane: ({ type }) =>
      type === 'fetch'
        ? { lane: 'requests', full: 'stop-reading' }
        : { lane: 'control', full: 'close' },
    estimateBytes: ({ payload }) => payload.length + 8 + BLOCK_BYTES,
    details: {
      'bad-key': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'bad-proof': { reason: 'peer-fault', verdict: ONE_STRIKE },
      known: { reason: 'refused-by-us', verdict: WAIT },
      late: { reason: 'deadline', verdict: WAIT },
      'out-of-turn': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'own-key': { reason: 'refused-by-us', verdict: { do: 'refuse' } },
      silent: { reason: 'deadline', verdict: WAIT },
      'told-to-close': { reason: 'peer-left', verdict: WAIT },
      'too-large': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'unknown-type': { reason: 'peer-fault', verdict: { do: 'nothing' } },
    },
    ...USUAL,
    farewell(detail, _, facts) {
      if (facts === undefined || DROPPED.includes(detail)) return undefined
      const isAnswer = detail === 'told-to-close'
      return {
        messages: [{ type: 'closing', payload: NONE }],
        answerMs: isAnswer ? 0 : CLOSING_MS,
        reads: isAnswer ? [] : ['closing'],
      }
    },
    duplicate: smallerDiallerStays,
  }
}
