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
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinMessage, BitcoinMessages } from '../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import type {
  BitcoinChannel,
  BitcoinChannelDetail,
  BitcoinTransport,
} from '../../codec/bitcoin/wire.ts'
import type { BitcoinViolation } from '../../codec/bitcoin/wire-details.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { HOLDING, sessionActions } from '../session.ts'
import type { ProtocolTypes, SessionEvent, SessionInput, SessionSaid } from '../session.ts'
import { asSlot } from '../slot.ts'

/** What the peer said of itself, and what both can do. Claims: nothing of it is proven. */
export interface BitcoinPeer {
  readonly protocolVersion: number
  /** The smaller one of both versions: what holds on this connection. */
  readonly commonVersion: number
  readonly services: bigint
  /** One character a byte. */
  readonly userAgent: string
  readonly height: number | undefined
  /** Whether it wants to be told of transactions. */
  readonly relay: boolean
  /** Whether transactions are announced by the hash with their witness (BIP 339). */
  readonly wtxidRelay: boolean
  /** Whether addresses are told to it in the form of BIP 155. */
  readonly wantsAddrV2: boolean
  /** What was agreed on of BIP 330; left out: nothing, and transactions are announced one by one. */
  readonly reconciliation?: Reconciliation
  /** How it sees us, as the network prints addresses; undefined where it says nothing. */
  readonly seenAs: string | undefined
  /** Its clock less ours. */
  readonly clockOffsetSeconds: number
}

/** Both sides would compare what they know of transactions, and tell each other the difference (BIP 330). */
export interface Reconciliation {
  /** Whether it is we who begin: who dialled does. */
  readonly initiates: boolean
  /** From both of them come the keys of short ids: nobody else can choose transactions that collide. */
  readonly salts: { readonly own: bigint; readonly peer: bigint }
}

/** What a peer's `sendtxrcncl` comes to. */
export type ReconciliationStance =
  | { readonly kind: 'offered'; readonly salt: bigint }
  /** It is passed over: we have not offered it to this peer. */
  | { readonly kind: 'not-offered' }
  /** It costs the connection: one side has said that it wants no transactions. */
  | { readonly kind: 'barred' }

export interface BitcoinFacts extends BitcoinChannel {
  /** Set once the connection is active. */
  readonly peer?: BitcoinPeer
}

/** What the node part can have against a peer's `version`. */
export type BitcoinRefusal =
  /** It is us. */
  | 'self-connection'
  | 'version-too-old'
  /** Of the kind of connection that needs them. */
  | 'services-missing'

/** What a peer does on an active connection that costs it. */
export type BitcoinMisconduct =
  | Exclude<BitcoinViolation, 'too-many-transactions'>
  /** A part of the negotiation behind `verack`. */
  | 'late-negotiation'
  /** A `feature` of a peer whose version has none. */
  | 'early-feature'
  /** It asks for a service that we do not offer. */
  | 'service-not-offered'
  /** A transaction, or news of one, where we said that we want none. */
  | 'unwanted-transaction'
  /** `sendcmpct` that says neither yes nor no. */
  | 'bad-announcement'
  /** `sendtxrcncl` a second time, of a version that there is not, or where no transactions are wanted. */
  | 'bad-reconciliation'

/** Why a connection that was made for one purpose is over. */
export type BitcoinPurpose =
  | 'feeler-done'
  /** Addresses came from whom they were asked of. */
  | 'addresses-fetched'
  | 'addresses-not-told'

export type BitcoinDetail =
  | BitcoinChannelDetail
  | BitcoinMisconduct
  | BitcoinPurpose
  | BitcoinRefusal
  | 'handshake-timeout'
  | 'ping-timeout'
  | 'no-progress'

export type BitcoinQuestion =
  /** Our `version`. */
  { readonly type: 'greet' } | { readonly type: 'judge'; readonly version: VersionMessage }

export type BitcoinAnswer =
  | { readonly type: 'greeting'; readonly version: VersionMessage }
  | {
      readonly type: 'accepted'
      /** What of it is not agreed on by what comes behind. */
      readonly peer: BitcoinPeer
      /** Left out: we do not reconcile, and pass over whatever is said of it. */
      readonly reconciliation?: ReconciliationStance
      /** Before our `verack`, in this order. */
      readonly offers: readonly BitcoinMessage[]
      /** Behind it. */
      readonly requests: readonly BitcoinMessage[]
      /** Once the peer's `verack` came. */
      readonly announcements: readonly BitcoinMessage[]
      /** Its `version` was all that was wanted. */
      readonly isEnough: boolean
    }
  | { readonly type: 'refused'; readonly detail: BitcoinRefusal }

export interface BitcoinTypes extends ProtocolTypes {
  readonly message: BitcoinMessage
  readonly address: BitcoinAddress
  readonly keys: never
  readonly facts: BitcoinFacts
  readonly detail: BitcoinDetail
  readonly dial: BitcoinTransport
  readonly question: BitcoinQuestion
  readonly answer: BitcoinAnswer
  readonly news: never
  readonly instruction: BitcoinInstruction
}

export type BitcoinInstruction =
  /** The best block that the application knows, which no peer can tell us. */
  | { readonly tip: ChainTip }
  /** Others reach this node there from now on, and are told so: a service of Tor stands, a port is open. */
  | { readonly reachedAt: SocketAddress }
  /** They do no more. */
  | { readonly lost: SocketAddress }

export interface ChainTip {
  readonly height: number
  /** What its header says. */
  readonly unixMs: number
}

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
