/**
 * The session of the Bitcoin network: `version` from who dials, `version` back, then what each side can do,
 * and `verack`. Active is a connection once the peer's `verack` was read; ours is not acknowledged.
 *
 * Whatever else comes before is passed over, as Core does: a peer may be older or newer than we are. What is
 * agreed on cannot be agreed on again; whoever tries afterwards is left.
 *
 * A feeler has done what it was dialled for when the peer's `version` passes.
 * @module
 */
import { assign, enqueueActions, setup } from 'xstate'
import type { BitcoinMessage, BitcoinMessages } from '../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import type { BitcoinChannel } from '../../codec/bitcoin/wire.ts'
import { HOLDING, sessionActions } from '../session.ts'
import type { SessionEvent, SessionInput, SessionSaid } from '../session.ts'
import { asSlot } from '../slot.ts'
import type {
  BitcoinAnswer,
  BitcoinDetail,
  BitcoinTypes,
  Reconciliation,
} from './bitcoin/contract.ts'

/** What the session is told of after `ready`: the types that belong before it. */
export const NEGOTIATED = [
  'version',
  'verack',
  'wtxidrelay',
  'sendaddrv2',
  'sendtxrcncl',
  'feature',
] as const satisfies readonly (keyof BitcoinMessages)[]

/** wtxidrelay and sendaddrv2: BIP 339; Core holds itself to the same version for BIP 155 and BIP 330. */
export const NEGOTIATION_VERSION = 70_016
/** BIP 152, with witnesses: `sendcmpct` of any other is passed over. */
const COMPACT_BLOCKS_VERSION = 2n
/** BIP 434. */
const FEATURE_VERSION = 70_017
/** The lowest one of BIP 330, and the only one so far: of a higher one the peer speaks this as well. */
const RECONCILIATION_VERSION = 1

/** All of the handshake, from the open stream on. */
const HANDSHAKE_MS = 60_000

type Accepted = Extract<BitcoinAnswer, { readonly type: 'accepted' }>
type Early = Extract<BitcoinMessage, { readonly type: 'sendcmpct' | 'sendheaders' }>

interface Context {
  readonly role: SessionInput<BitcoinTypes>['role']
  readonly channel: BitcoinChannel | undefined
  readonly accepted: Accepted | undefined
  readonly wtxidRelay: boolean
  readonly wantsAddrV2: boolean
  /** The peer's salt, once it has said that it reconciles. */
  readonly reconciliationSalt: bigint | undefined
  /** What Core takes already before `verack`: see `withEarly`. */
  readonly early: readonly Early[]
}

const isWrong = (message: Early): boolean => message.type === 'sendcmpct' && message.announce > 1

/** The last one of each that means something, and the first one that nobody may say. */
function withEarly(early: readonly Early[], message: Early): readonly Early[] {
  if (isWrong(message)) return early.some(isWrong) ? early : [...early, message]
  if (message.type === 'sendcmpct' && message.version !== COMPACT_BLOCKS_VERSION) return early
  return [...early.filter((one) => one.type !== message.type || isWrong(one)), message]
}

// A guard has looked before these do: what they throw is a fault of the chart.

function greetingIn(event: SessionEvent<BitcoinTypes>): VersionMessage {
  if (event.type === 'answer' && event.answer.type === 'greeting') return event.answer.version
  throw new Error(`${event.type} in place of our version`)
}

function acceptedIn({ accepted }: Context): Accepted {
  if (accepted === undefined) throw new Error('verack before the version was judged')
  return accepted
}

/** Nothing without `wtxidrelay`: it is by that hash that transactions would be compared. */
function agreedIn(context: Context): Reconciliation | undefined {
  const { reconciliation: stance } = acceptedIn(context)
  const { reconciliationSalt: peer, role, wtxidRelay } = context
  if (stance?.kind !== 'offered' || peer === undefined || !wtxidRelay) return undefined
  return { initiates: role === 'dialler', salts: { own: stance.salt, peer } }
}

function readyAs(context: Context) {
  const { channel, wantsAddrV2, wtxidRelay } = context
  if (channel === undefined) throw new Error('ready before there was a channel')
  const reconciliation = agreedIn(context)
  const peer = {
    ...{ ...acceptedIn(context).peer, wantsAddrV2, wtxidRelay },
    ...(reconciliation === undefined ? {} : { reconciliation }),
  }
  return { facts: { ...channel, peer }, identity: undefined }
}

/** Where it means something: what it does then; undefined: it is passed over. */
function reconciliationIn(context: Context, message: BitcoinMessage): 'agreed' | 'bad' | undefined {
  if (message.type !== 'sendtxrcncl') return undefined
  const kind = acceptedIn(context).reconciliation?.kind
  if (kind === 'barred') return 'bad'
  if (kind !== 'offered') return undefined
  const isFirst = context.reconciliationSalt === undefined
  return isFirst && message.version >= RECONCILIATION_VERSION ? 'agreed' : 'bad'
}

/** What is agreed on before `verack` or not at all. */
const LATE: ReadonlySet<BitcoinMessage['type']> = new Set(['wtxidrelay', 'sendaddrv2', 'feature'])

const end = (detail: BitcoinDetail) => ({ type: 'end', params: { detail } }) as const
const verack = { type: 'verack' } as const

export const bitcoinSessionMachine = setup({
  types: {} as {
    input: SessionInput<BitcoinTypes>
    context: Context
    events: SessionEvent<BitcoinTypes>
    emitted: SessionSaid<BitcoinTypes>
    tags: typeof HOLDING
  },
  actions: {
    ...sessionActions<BitcoinTypes, Context>(),
    noteChannel: assign({
      channel: ({ event }) =>
        event.type === 'secured'
          ? { transport: event.facts.transport, sessionId: event.facts.sessionId }
          : undefined,
    }),
    noteAccepted: assign({
      accepted: ({ event }) =>
        event.type === 'answer' && event.answer.type === 'accepted' ? event.answer : undefined,
    }),
    handOnEarly: enqueueActions(({ context, enqueue }) => {
      for (const message of context.early) enqueue.emit({ type: 'handOn', message })
    }),
    noteWtxidRelay: assign({ wtxidRelay: true }),
    noteAddrV2: assign({ wantsAddrV2: true }),
    noteReconciliation: assign({
      reconciliationSalt: ({ context, event }) =>
        event.type === 'unit' && event.message.type === 'sendtxrcncl'
          ? event.message.salt
          : context.reconciliationSalt,
    }),
    noteEarly: assign({
      early: ({ context: { early }, event }) => {
        if (event.type !== 'unit') return early
        const { message } = event
        if (message.type !== 'sendcmpct' && message.type !== 'sendheaders') return early
        return withEarly(early, message)
      },
    }),
  },
  guards: {
    isDialler: ({ context }) => context.role === 'dialler',
    isUnit: ({ event }, type: BitcoinMessage['type']) =>
      event.type === 'unit' && event.message.type === type,
    isEarly: ({ event }) =>
      event.type === 'unit' &&
      (event.message.type === 'sendcmpct' || event.message.type === 'sendheaders'),
    isBadFeature: ({ event }) =>
      event.type === 'unit' &&
      event.message.type === 'violation' &&
      event.message.command === 'feature',
    isWtxidRelay: ({ context, event }) =>
      event.type === 'unit' &&
      event.message.type === 'wtxidrelay' &&
      acceptedIn(context).peer.commonVersion >= NEGOTIATION_VERSION,
    isEarlyFeature: ({ context, event }) =>
      event.type === 'unit' &&
      event.message.type === 'feature' &&
      acceptedIn(context).peer.commonVersion < FEATURE_VERSION,
    isReconciliation: ({ context, event }, comesTo: 'agreed' | 'bad') =>
      event.type === 'unit' && reconciliationIn(context, event.message) === comesTo,
    isLate: ({ context, event }) => {
      if (event.type !== 'unit') return false
      const { type } = event.message
      if (type === 'sendtxrcncl') return acceptedIn(context).reconciliation !== undefined
      return LATE.has(type)
    },
    isAnswer: ({ event }, type: BitcoinAnswer['type']) =>
      event.type === 'answer' && event.answer.type === type,
    isAcceptedToDialler: ({ context, event }) =>
      context.role === 'dialler' && event.type === 'answer' && event.answer.type === 'accepted',
    isEnough: ({ event }) =>
      event.type === 'answer' && event.answer.type === 'accepted' && event.answer.isEnough,
  },
  // The same as `deadlines.session` of the manifest.
  delays: { handshakeMs: HANDSHAKE_MS },
}).createMachine({
  id: 'bitcoin',
  context: ({ input: { role } }) => ({
    role,
    channel: undefined,
    accepted: undefined,
    wtxidRelay: false,
    wantsAddrV2: false,
    reconciliationSalt: undefined,
    early: [],
  }),
  on: { leave: '.over' },
  initial: 'connecting',
  states: {
    connecting: { on: { opened: 'shaking' } },
    shaking: {
      after: { handshakeMs: { target: 'over', actions: end('handshake-timeout') } },
      initial: 'securing',
      states: {
        /** Until it is known how messages travel. */
        securing: {
          on: {
            secured: [
              { guard: 'isDialler', target: 'greeting', actions: 'noteChannel' },
              { target: 'awaitingVersion', actions: 'noteChannel' },
            ],
          },
        },
        greeting: {
          tags: HOLDING,
          entry: { type: 'ask', params: { id: 'greet', question: { type: 'greet' } } },
          on: {
            answer: {
              guard: { type: 'isAnswer', params: 'greeting' },
              target: 'awaitingVersion',
              actions: {
                type: 'write',
                params: ({ event }) => ({ messages: [greetingIn(event)] }),
              },
            },
          },
        },
        awaitingVersion: {
          on: {
            unit: {
              guard: { type: 'isUnit', params: 'version' },
              target: 'judging',
            },
          },
        },
        judging: {
          tags: HOLDING,
          entry: {
            type: 'ask',
            params: ({ event }) => {
              if (event.type !== 'unit' || event.message.type !== 'version') {
                throw new Error(`${event.type} in place of a version`)
              }
              // Answered within the step: its views hold.
              return { id: 'judge', question: { type: 'judge', version: event.message } }
            },
          },
          on: {
            answer: [
              {
                guard: 'isEnough',
                target: '#bitcoin.over',
                actions: [
                  'noteAccepted',
                  { type: 'ready', params: ({ context }) => readyAs(context) },
                  end('feeler-done'),
                ],
              },
              {
                guard: 'isAcceptedToDialler',
                target: 'awaitingVerack',
                actions: [
                  'noteAccepted',
                  {
                    type: 'write',
                    params: ({ context }) => {
                      const { offers, requests } = acceptedIn(context)
                      return { messages: [...offers, verack, ...requests] }
                    },
                  },
                ],
              },
              {
                guard: { type: 'isAnswer', params: 'accepted' },
                target: 'answering',
                actions: 'noteAccepted',
              },
              {
                guard: { type: 'isAnswer', params: 'refused' },
                target: '#bitcoin.over',
                actions: {
                  type: 'end',
                  params: ({ event }) => {
                    if (event.answer.type !== 'refused') throw new Error('no refusal')
                    return { detail: event.answer.detail }
                  },
                },
              },
            ],
          },
        },
        /** Who was dialled says who it is once it knows who asks. */
        answering: {
          tags: HOLDING,
          entry: { type: 'ask', params: { id: 'greet', question: { type: 'greet' } } },
          on: {
            answer: {
              guard: { type: 'isAnswer', params: 'greeting' },
              target: 'awaitingVerack',
              actions: {
                type: 'write',
                params: ({ context, event }) => {
                  const { offers, requests } = acceptedIn(context)
                  return { messages: [greetingIn(event), ...offers, verack, ...requests] }
                },
              },
            },
          },
        },
        awaitingVerack: {
          on: {
            unit: [
              {
                guard: { type: 'isUnit', params: 'verack' },
                target: '#bitcoin.active',
                actions: [
                  {
                    type: 'write',
                    params: ({ context }) => ({
                      messages: acceptedIn(context).announcements,
                    }),
                  },
                  { type: 'ready', params: ({ context }) => readyAs(context) },
                  'handOnEarly',
                ],
              },
              {
                guard: 'isWtxidRelay',
                actions: 'noteWtxidRelay',
              },
              { guard: { type: 'isUnit', params: 'sendaddrv2' }, actions: 'noteAddrV2' },
              {
                guard: 'isEarlyFeature',
                target: '#bitcoin.over',
                actions: end('early-feature'),
              },
              { guard: 'isBadFeature', target: '#bitcoin.over', actions: end('bad-feature') },
              {
                guard: { type: 'isReconciliation', params: 'agreed' },
                actions: 'noteReconciliation',
              },
              {
                guard: { type: 'isReconciliation', params: 'bad' },
                target: '#bitcoin.over',
                actions: end('bad-reconciliation'),
              },
              { guard: 'isEarly', actions: 'noteEarly' },
            ],
          },
        },
      },
    },
    active: {
      on: {
        unit: { guard: 'isLate', target: 'over', actions: end('late-negotiation') },
      },
    },
    over: {},
  },
})

/** What the manifest brings, with the network's delay in place. */
export const bitcoinSession = (handshakeMs: number) =>
  asSlot(bitcoinSessionMachine.provide({ delays: { handshakeMs } }))
