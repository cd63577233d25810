/**
 * The session of the native network (native protocol, section 5): a mutual handshake of one message each
 * way, then keys. The dialler holds them at once and says so with a confirm; the listener is
 * provisional until something decrypts, because until then the handshake may be a copy.
 *
 * The chart knows the order of things and no cryptography: checks, signatures and keys are the node
 * part's, asked for in states that hold the pull. Private keys and shared secrets never come here.
 * @module
 */
import { assign, setup } from 'xstate'
import { encodeHex } from '../../codec/bytes.ts'
import type { NativeAddress } from '../../codec/native/address.ts'
import { errorNameOf } from '../../codec/native/error-codes.ts'
import type { ErrorName } from '../../codec/native/error-codes.ts'
import type { NativeKeys } from '../../codec/native/handshake-bytes.ts'
import type { ErrorMessage, HandshakeMessage, NativeMessage } from '../../codec/native/messages.ts'
import type { NativeWireDetail } from '../../codec/native/wire-details.ts'
import { HOLDING, sessionActions } from '../session.ts'
import type { ProtocolTypes, SessionEvent, SessionInput, SessionSaid } from '../session.ts'
import { asSlot } from '../slot.ts'

/** What was proven and agreed. Public. */
export interface NativeFacts {
  /** The other side's node id. */
  readonly identity: string
  /** The lower of both minor versions: what both speak. */
  readonly minor: number
  /** The transcript's hash, in hexadecimal: the same on both sides, and never twice. */
  readonly sessionId: string
}

/** What the node part can find wrong with a handshake (sections 5 and 9). */
export type NativeRefusal =
  | 'claim-banned'
  | 'expired-timestamp'
  | 'future-timestamp'
  | 'identity-banned'
  | 'inbound-full'
  | 'invalid-id'
  | 'invalid-signature'
  | 'network-mismatch'
  | 'nonces-full'
  | 'not-allowed'
  | 'outbound-full'
  | 'own-id'
  | 'replayed-nonce'
  | 'session-exists'
  | 'throttled'
  | 'unexpected-id'
  | 'version-mismatch'
  | 'wrong-recipient'

/** The other side's Error. */
export type NativeTold = `told-${ErrorName}` | 'told-unknown-code'

/** What a verified session can do wrong, found by the sub-protocols. */
export type NativeMisconduct =
  /** Of a publication that a neighbour passed on without checking it. */
  | 'publication-invalid'
  | 'publication-flood'
  | 'unasked-answers'
  | 'ping-too-often'
  | 'pong-missing'
  | 'pongs-unasked'
  | 'sync-flood'

export type NativeDetail =
  | NativeWireDetail
  | NativeRefusal
  | NativeTold
  | 'handshake-timeout'
  | 'no-progress'
  /** A confirm from the listener, or a second one. */
  | 'unexpected-confirm'
  | NativeMisconduct

export type NativeQuestion =
  /** The dialler's handshake, to begin with. */
  | { readonly type: 'greet' }
  /** Whether the other side's handshake passes. `raw` is its payload as it arrived. */
  | {
      readonly type: 'check'
      readonly handshake: HandshakeMessage
      readonly raw: Uint8Array | undefined
    }
  /** The listener's handshake, to a dialler that passed. */
  | { readonly type: 'respond' }
  /** The keys, once both handshakes are known: into the slot `KEYS_SLOT`. */
  | { readonly type: 'derive' }

export type NativeAnswer =
  | { readonly type: 'greeting'; readonly raw: Uint8Array }
  | { readonly type: 'passed' }
  | { readonly type: 'refused'; readonly detail: NativeRefusal; readonly error: ErrorMessage }
  | { readonly type: 'response'; readonly raw: Uint8Array }
  | { readonly type: 'derived'; readonly facts: NativeFacts }

export const KEYS_SLOT = 'session'

/** Section 5: one deadline for the whole phase, on both sides. */
export const HANDSHAKE_MS = 30_000

/** Changes the allow list, where there is one; who is taken off it is left at once. */
export type NativeInstruction =
  | { readonly type: 'allow'; readonly id: string }
  | { readonly type: 'disallow'; readonly id: string }

export interface NativeTypes extends ProtocolTypes {
  readonly message: NativeMessage
  readonly address: NativeAddress
  readonly keys: NativeKeys
  readonly facts: NativeFacts
  readonly detail: NativeDetail
  readonly dial: undefined
  readonly question: NativeQuestion
  readonly answer: NativeAnswer
  readonly news: never
  readonly instruction: NativeInstruction
}

interface Context {
  readonly role: SessionInput<NativeTypes>['role']
  readonly facts: NativeFacts | undefined
}

type Answer<Type extends NativeAnswer['type']> = Extract<NativeAnswer, { readonly type: Type }>

// A guard has looked before these do: what they throw is a fault of the chart.

function answerAs<Type extends NativeAnswer['type']>(
  answer: NativeAnswer,
  type: Type,
): Answer<Type> {
  const isOfType = (given: NativeAnswer): given is Answer<Type> => given.type === type
  if (!isOfType(answer)) throw new Error(`the answer ${answer.type} in place of ${type}`)
  return answer
}

function handshakeIn(message: NativeMessage): HandshakeMessage {
  if (message.type !== 'handshake') throw new Error(`${message.type} in place of a handshake`)
  return message
}

function factsIn({ facts }: Context): NativeFacts {
  if (facts === undefined) throw new Error('ready before the keys were derived')
  return facts
}

const readyAs = (facts: NativeFacts) => ({ facts, identity: facts.identity })

/** Section 8: a ban is waited for at most so long, whoever says so. */
const RETRY_AFTER_MS_MAX = 86_400_000

/** What an Error ends the session with; a ban and a limit say for how long. */
function toldBy(message: NativeMessage): { readonly detail: NativeTold; readonly waitMs?: number } {
  const name = message.type === 'error' ? errorNameOf(message.code) : undefined
  if (message.type !== 'error' || name === undefined) return { detail: 'told-unknown-code' }
  const detail: NativeTold = `told-${name}`
  const saysWhen = name === 'banned' || name === 'rate-limited'
  return saysWhen && message.retryAfterMs !== undefined
    ? { detail, waitMs: Math.min(message.retryAfterMs, RETRY_AFTER_MS_MAX) }
    : { detail }
}

/** Our own handshake was hashed and signed as it is: it goes out as it is. */
const asSent = ({ raw }: Answer<'greeting' | 'response'>) => ({ messages: [{ raw }] })

export const nativeSessionMachine = setup({
  types: {} as {
    input: SessionInput<NativeTypes>
    context: Context
    events: SessionEvent<NativeTypes>
    emitted: SessionSaid<NativeTypes>
    tags: typeof HOLDING
  },
  actions: {
    ...sessionActions<NativeTypes, Context>(),
    noteFacts: assign({ facts: (_, { facts }: { readonly facts: NativeFacts }) => facts }),
  },
  guards: {
    isDialler: ({ context }) => context.role === 'dialler',
    isUnit: ({ event }, type: NativeMessage['type']) =>
      event.type === 'unit' && event.message.type === type,
    /** An Error without a request's id ends the connection; with one, it answers that request. */
    isConnectionError: ({ event }) =>
      event.type === 'unit' &&
      event.message.type === 'error' &&
      event.message.requestId === undefined,
    /** What only a verified session sends: it decrypted, so its sender has the keys. */
    isSessionMessage: ({ event }) =>
      event.type === 'unit' &&
      !['confirm', 'handshake'].includes(event.message.type) &&
      !(event.message.type === 'error' && event.message.requestId === undefined),
    isAnswer: ({ event }, type: NativeAnswer['type']) =>
      event.type === 'answer' && event.answer.type === type,
    isAnswerToDialler: ({ context, event }, type: NativeAnswer['type']) =>
      context.role === 'dialler' && event.type === 'answer' && event.answer.type === type,
  },
  delays: {
    handshakeMs: HANDSHAKE_MS,
  },
}).createMachine({
  id: 'native',
  context: ({ input }) => ({ role: input.role, facts: undefined }),
  on: { leave: '.over' },
  initial: 'connecting',
  states: {
    connecting: {
      on: {
        opened: [{ guard: 'isDialler', target: 'shaking.greeting' }, { target: 'shaking' }],
      },
    },
    shaking: {
      initial: 'awaiting',
      after: {
        handshakeMs: {
          target: 'over',
          actions: { type: 'end', params: { detail: 'handshake-timeout' } },
        },
      },
      on: {
        answer: {
          guard: { type: 'isAnswer', params: 'refused' },
          target: 'over',
          actions: [
            {
              type: 'write',
              params: ({ event }) => ({ messages: [answerAs(event.answer, 'refused').error] }),
            },
            {
              type: 'end',
              params: ({ event }) => ({ detail: answerAs(event.answer, 'refused').detail }),
            },
          ],
        },
        unit: {
          guard: 'isConnectionError',
          target: 'over',
          actions: { type: 'end', params: ({ event }) => toldBy(event.message) },
        },
      },
      states: {
        greeting: {
          tags: HOLDING,
          entry: { type: 'ask', params: { id: 'greet', question: { type: 'greet' } } },
          on: {
            answer: {
              guard: { type: 'isAnswer', params: 'greeting' },
              target: 'awaiting',
              actions: {
                type: 'write',
                params: ({ event }) => asSent(answerAs(event.answer, 'greeting')),
              },
            },
          },
        },
        awaiting: {
          on: {
            unit: {
              guard: { type: 'isUnit', params: 'handshake' },
              target: 'checking',
              actions: [
                {
                  type: 'claim',
                  params: ({ event }) => ({
                    identity: encodeHex(handshakeIn(event.message).nodeId),
                  }),
                },
                {
                  type: 'ask',
                  params: ({ event }) => ({
                    id: 'check',
                    question: {
                      type: 'check',
                      handshake: handshakeIn(event.message),
                      raw: event.raw,
                    },
                  }),
                },
              ],
            },
          },
        },
        checking: {
          tags: HOLDING,
          on: {
            answer: [
              {
                guard: { type: 'isAnswerToDialler', params: 'passed' },
                target: 'deriving',
              },
              { guard: { type: 'isAnswer', params: 'passed' }, target: 'responding' },
            ],
          },
        },
        responding: {
          tags: HOLDING,
          entry: { type: 'ask', params: { id: 'respond', question: { type: 'respond' } } },
          on: {
            answer: {
              guard: { type: 'isAnswer', params: 'response' },
              target: 'deriving',
              actions: {
                type: 'write',
                params: ({ event }) => asSent(answerAs(event.answer, 'response')),
              },
            },
          },
        },
        deriving: {
          tags: HOLDING,
          entry: { type: 'ask', params: { id: 'derive', question: { type: 'derive' } } },
          on: {
            answer: [
              {
                guard: { type: 'isAnswerToDialler', params: 'derived' },
                target: '#native.active',
                actions: [
                  { type: 'secure', params: { slot: KEYS_SLOT } },
                  { type: 'write', params: { messages: [{ type: 'confirm' }] } },
                  {
                    type: 'ready',
                    params: ({ event }) => readyAs(answerAs(event.answer, 'derived').facts),
                  },
                ],
              },
              {
                guard: { type: 'isAnswer', params: 'derived' },
                target: 'provisional',
                actions: [
                  { type: 'secure', params: { slot: KEYS_SLOT } },
                  { type: 'noteFacts', params: ({ event }) => answerAs(event.answer, 'derived') },
                ],
              },
            ],
          },
        },
        provisional: {
          on: {
            unit: [
              {
                guard: { type: 'isUnit', params: 'confirm' },
                target: '#native.active',
                actions: { type: 'ready', params: ({ context }) => readyAs(factsIn(context)) },
              },
              {
                guard: 'isSessionMessage',
                target: '#native.active',
                actions: [
                  { type: 'ready', params: ({ context }) => readyAs(factsIn(context)) },
                  { type: 'handOn', params: ({ event }) => ({ message: event.message }) },
                ],
              },
            ],
          },
        },
      },
    },
    active: {
      on: {
        unit: [
          {
            guard: { type: 'isUnit', params: 'confirm' },
            target: 'over',
            actions: { type: 'end', params: { detail: 'unexpected-confirm' } },
          },
          {
            guard: 'isConnectionError',
            target: 'over',
            actions: { type: 'end', params: ({ event }) => toldBy(event.message) },
          },
        ],
      },
    },
    over: {},
  },
})

/** What the manifest brings, with the network's delay in place. */
export const nativeSession = (handshakeMs: number) =>
  asSlot(nativeSessionMachine.provide({ delays: { handshakeMs } }))
