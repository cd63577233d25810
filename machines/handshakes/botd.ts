/**
 * The session of the BOTD network: Init from who dials, Ack from who was dialled, then keys, and a first
 * sealed message from each side.
 *
 * Neither signature covers the other side's key for this connection, so that Init and Ack may both be
 * copies. That is why a session is ready only once something has decrypted, on either side. The chart
 * knows the order of things and no cryptography: checks, signatures and keys are the node part's, asked
 * for in states that hold the pull. Before there are keys nothing is said in refusal.
 * @module
 */
import { assign, setup } from 'xstate'
import { encodeHex } from '../../codec/bytes.ts'
import type { BotdAddress } from '../../codec/botd/address.ts'
import type { BotdKeys } from '../../codec/botd/handshake-bytes.ts'
import type {
  BotdMessage,
  HandshakeMessage,
  SessionConfirmMessage,
} from '../../codec/botd/messages.ts'
import { reasonNameOf } from '../../codec/botd/reason-codes.ts'
import type { ReasonName } from '../../codec/botd/reason-codes.ts'
import type { BotdWireDetail } from '../../codec/botd/wire-details.ts'
import { HOLDING, sessionActions } from '../session.ts'
import type { ProtocolTypes, SessionEvent, SessionInput, SessionSaid } from '../session.ts'
import { asSlot } from '../slot.ts'

/** What was proven and agreed. Public. */
export interface BotdFacts {
  /** The other side's static key, in hexadecimal. */
  readonly identity: string
  /** The transcript's hash, in hexadecimal: the same on both sides, and never twice. */
  readonly sessionId: string
  /** The id of our Disconnecting, should there be one: it is said where no chance is at hand. */
  readonly farewellId: string
}

/** What the node part can find wrong with an Init or an Ack. */
export type BotdRefusal =
  /** Something came behind Init: who sends one has no keys yet. */
  | 'early-bytes'
  | 'identity-banned'
  /** A key that is no point, or one that stands where it cannot. */
  | 'invalid-key'
  | 'invalid-signature'
  | 'own-key'
  | 'replayed-init'
  | 'wrong-init-id'
  | 'wrong-recipient'

/** What a session can do wrong, found by the ping. */
export type BotdMisconduct = 'ping-too-often' | 'pong-missing' | 'pongs-unasked'

/** The other side's Disconnecting. */
export type BotdTold = `told-${ReasonName}` | 'told-unknown-reason'

export type BotdDetail =
  | BotdWireDetail
  | BotdRefusal
  | BotdMisconduct
  | BotdTold
  | 'no-init'
  | 'no-ack'
  | 'no-confirm'
  | 'handshake-timeout'
  | 'no-progress'
  /** It names another handshake, or is not the first message. */
  | 'wrong-confirm'

export type BotdQuestion =
  /** Our Init, to begin with. */
  | { readonly type: 'greet' }
  /** Whether the other side's Init or Ack passes. `raw` is its payload as it arrived. */
  | {
      readonly type: 'check'
      readonly message: HandshakeMessage
      readonly raw: Uint8Array | undefined
      /** What had come behind it. */
      readonly bufferedBytes: number
    }
  /** Our Ack, to an Init that passed. */
  | { readonly type: 'respond' }
  /** The keys, once both are known: into the slot `KEYS_SLOT`. */
  | { readonly type: 'derive' }

export type BotdAnswer =
  | { readonly type: 'greeting'; readonly raw: Uint8Array }
  | { readonly type: 'passed' }
  | { readonly type: 'refused'; readonly detail: BotdRefusal }
  | { readonly type: 'response'; readonly raw: Uint8Array }
  | {
      readonly type: 'derived'
      readonly facts: BotdFacts
      readonly confirm: SessionConfirmMessage
      /** The id of our own handshake message, which the other side's confirm has to name. */
      readonly handshakeId: string
    }

export const KEYS_SLOT = 'session'

export interface BotdTypes extends ProtocolTypes {
  readonly message: BotdMessage
  readonly address: BotdAddress
  readonly keys: BotdKeys
  readonly facts: BotdFacts
  readonly detail: BotdDetail
  readonly dial: undefined
  readonly question: BotdQuestion
  readonly answer: BotdAnswer
  readonly news: never
}

/** So long the other side has for each part of the handshake. */
const PART_MS = 10_000

interface Agreed {
  readonly facts: BotdFacts
  readonly handshakeId: string
}

interface Context {
  readonly role: SessionInput<BotdTypes>['role']
  /** Who was dialled. */
  readonly dialled: string | undefined
  readonly agreed: Agreed | undefined
}

type Answer<Type extends BotdAnswer['type']> = Extract<BotdAnswer, { readonly type: Type }>

// A guard has looked before these do: what they throw is a fault of the chart.

function answerAs<Type extends BotdAnswer['type']>(answer: BotdAnswer, type: Type): Answer<Type> {
  const isOfType = (given: BotdAnswer): given is Answer<Type> => given.type === type
  if (!isOfType(answer)) throw new Error(`the answer ${answer.type} in place of ${type}`)
  return answer
}

function handshakeIn(message: BotdMessage): HandshakeMessage {
  if (message.type === 'init' || message.type === 'ack') return message
  throw new Error(`${message.type} in place of a handshake`)
}

/** Who sends an Init says so; who sends an Ack is to be who was dialled. */
function claimedBy(message: BotdMessage, { dialled }: Context): string {
  const claimed = message.type === 'init' ? encodeHex(message.senderKey) : dialled
  if (claimed === undefined) throw new Error('a dial without an identity')
  return claimed
}

/** On the way to the check of an Init or an Ack. */
const CLAIM = {
  type: 'claim',
  params: ({ context, event }: { context: Context; event: SessionEvent<BotdTypes> }) => {
    if (event.type !== 'unit') throw new Error(`${event.type} in place of a handshake`)
    return { identity: claimedBy(event.message, context) }
  },
} as const

function agreedIn({ agreed }: Context): Agreed {
  if (agreed === undefined) throw new Error('confirmed before the keys were derived')
  return agreed
}

function readyAs(context: Context) {
  const { facts } = agreedIn(context)
  return { facts, identity: facts.identity }
}

function toldBy(message: BotdMessage): { readonly detail: BotdTold } {
  const name = message.type === 'disconnecting' ? reasonNameOf(message.reason) : undefined
  return { detail: name === undefined ? 'told-unknown-reason' : `told-${name}` }
}

/** Our own handshake was hashed and signed as it is: it goes out as it is. */
const asSent = ({ raw }: Answer<'greeting' | 'response'>) => ({ messages: [{ raw }] })

export const botdSessionMachine = setup({
  types: {} as {
    input: SessionInput<BotdTypes>
    context: Context
    events: SessionEvent<BotdTypes>
    emitted: SessionSaid<BotdTypes>
    tags: typeof HOLDING
  },
  actions: {
    ...sessionActions<BotdTypes, Context>(),
    noteAgreed: assign({
      agreed: (_, { facts, handshakeId }: Agreed) => ({ facts, handshakeId }),
    }),
  },
  guards: {
    isDialler: ({ context }) => context.role === 'dialler',
    isUnit: ({ event }, type: BotdMessage['type']) =>
      event.type === 'unit' && event.message.type === type,
    isOurConfirm: ({ context, event }) =>
      event.type === 'unit' &&
      event.message.type === 'sessionConfirm' &&
      event.message.handshakeId === context.agreed?.handshakeId,
    isAnswer: ({ event }, type: BotdAnswer['type']) =>
      event.type === 'answer' && event.answer.type === type,
    isAnswerToDialler: ({ context, event }, type: BotdAnswer['type']) =>
      context.role === 'dialler' && event.type === 'answer' && event.answer.type === type,
  },
  // The same as `deadlines.session` of the manifest.
  delays: { initMs: PART_MS, ackMs: PART_MS, confirmMs: PART_MS },
}).createMachine({
  id: 'botd',
  context: ({ input: { role, target } }) => ({
    role,
    dialled: target?.identity,
    agreed: undefined,
  }),
  on: { leave: '.over' },
  initial: 'connecting',
  states: {
    connecting: {
      on: {
        opened: [{ guard: 'isDialler', target: 'greeting' }, { target: 'awaitingInit' }],
      },
    },
    greeting: {
      tags: HOLDING,
      entry: { type: 'ask', params: { id: 'greet', question: { type: 'greet' } } },
      on: {
        answer: {
          guard: { type: 'isAnswer', params: 'greeting' },
          target: 'awaitingAck',
          actions: {
            type: 'write',
            params: ({ event }) => asSent(answerAs(event.answer, 'greeting')),
          },
        },
      },
    },
    awaitingInit: {
      on: {
        unit: {
          guard: { type: 'isUnit', params: 'init' },
          target: 'checking',
          actions: CLAIM,
        },
      },
      after: {
        initMs: { target: 'over', actions: { type: 'end', params: { detail: 'no-init' } } },
      },
    },
    awaitingAck: {
      on: {
        unit: {
          guard: { type: 'isUnit', params: 'ack' },
          target: 'checking',
          actions: CLAIM,
        },
      },
      after: {
        ackMs: { target: 'over', actions: { type: 'end', params: { detail: 'no-ack' } } },
      },
    },
    checking: {
      tags: HOLDING,
      entry: {
        type: 'ask',
        params: ({ event }) => {
          if (event.type !== 'unit') throw new Error(`${event.type} in place of a handshake`)
          const { bufferedBytes, message, raw } = event
          const question = { type: 'check' as const, message: handshakeIn(message), raw }
          return { id: 'check', question: { ...question, bufferedBytes } }
        },
      },
      on: {
        answer: [
          { guard: { type: 'isAnswerToDialler', params: 'passed' }, target: 'deriving' },
          { guard: { type: 'isAnswer', params: 'passed' }, target: 'responding' },
          {
            guard: { type: 'isAnswer', params: 'refused' },
            target: 'over',
            actions: {
              type: 'end',
              params: ({ event }) => ({ detail: answerAs(event.answer, 'refused').detail }),
            },
          },
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
        answer: {
          guard: { type: 'isAnswer', params: 'derived' },
          target: 'confirming',
          actions: [
            { type: 'noteAgreed', params: ({ event }) => answerAs(event.answer, 'derived') },
            { type: 'secure', params: { slot: KEYS_SLOT } },
            {
              type: 'write',
              params: ({ event }) => ({ messages: [answerAs(event.answer, 'derived').confirm] }),
            },
          ],
        },
      },
    },
    confirming: {
      on: {
        unit: [
          {
            guard: 'isOurConfirm',
            target: 'active',
            actions: { type: 'ready', params: ({ context }) => readyAs(context) },
          },
          {
            guard: { type: 'isUnit', params: 'sessionConfirm' },
            target: 'over',
            actions: { type: 'end', params: { detail: 'wrong-confirm' } },
          },
          {
            guard: { type: 'isUnit', params: 'disconnecting' },
            target: 'over',
            actions: { type: 'end', params: ({ event }) => toldBy(event.message) },
          },
          {
            // It decrypted: that is all that a confirm would say.
            target: 'active',
            actions: [
              { type: 'ready', params: ({ context }) => readyAs(context) },
              { type: 'handOn', params: ({ event }) => ({ message: event.message }) },
            ],
          },
        ],
      },
      after: {
        confirmMs: { target: 'over', actions: { type: 'end', params: { detail: 'no-confirm' } } },
      },
    },
    active: {
      on: {
        unit: [
          {
            guard: { type: 'isUnit', params: 'sessionConfirm' },
            target: 'over',
            actions: { type: 'end', params: { detail: 'wrong-confirm' } },
          },
          {
            guard: { type: 'isUnit', params: 'disconnecting' },
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
export const botdSession = (partMs: number) =>
  asSlot(
    botdSessionMachine.provide({
      delays: { initMs: partMs, ackMs: partMs, confirmMs: partMs },
    }),
  )
