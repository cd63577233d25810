/**
 * The life of one connection: connecting, handshaking, active, closing, closed. The session runs
 * beside it until `closed`.
 *
 * Effects are named, never done: what the chart emits is carried out by its owner after the
 * transition. Every path ends in `closed`, whose `release` is what gives the stream back; the first
 * reason that is given stays.
 * @module
 */
import { assign, emit, setup } from 'xstate'
import type { Role } from '../codec/wire.ts'
import type { CloseReason } from './reasons.ts'
import type { ProtocolTypes, SessionInput, SessionLogic } from './session.ts'
import { emptySlot } from './slot.ts'

export interface ConnectionInput {
  readonly name: string
  readonly role: Role
  readonly target: unknown
  readonly dial: unknown
  readonly slot: string
  /** Monotonic milliseconds at which the dial began or the stream was accepted. */
  readonly startedMs: number
  readonly connectMs: number
  /** From `startedMs` to active, all in all. */
  readonly establishMs: number
  /** The network's name for running out of `establishMs`. */
  readonly establishDetail: string
  /** For what is still to be sent when we close, and for the far side's end. */
  readonly flushMs: number
}

/** Why a connection ends, as the chart carries it. */
export interface Ending {
  readonly reason: CloseReason
  readonly detail: string
}

export type ConnectionEvent =
  /** The stream is open; `nowMs` is the step's monotonic time. */
  | { readonly type: 'opened'; readonly nowMs: number }
  | { readonly type: 'ready' }
  /** Ends it in good order: a farewell (answered within `answerMs`, 0 for no answer), then the flush. */
  | { readonly type: 'leave'; readonly ending: Ending; readonly answerMs: number }
  /** The far side answered the farewell. */
  | { readonly type: 'answered' }
  /** Ends it at once. */
  | { readonly type: 'drop'; readonly ending: Ending }
  /** The far side will send nothing more. */
  | { readonly type: 'peer.ended' }
  /** All that was written has left. */
  | { readonly type: 'flushed' }

export type ConnectionSaid =
  /** Start the wire, then tell the session. */
  | { readonly type: 'begin' }
  | { readonly type: 'activate' }
  | { readonly type: 'farewell' }
  /** Send what is queued, then the end of our side. */
  | { readonly type: 'shut' }
  | { readonly type: 'release' }

interface ConnectionContext extends ConnectionInput {
  readonly ending: Ending
  readonly openedMs: number
  readonly answerMs: number
  readonly peerEnded: boolean
  readonly flushed: boolean
}

const UNSET: Ending = { reason: 'our-fault', detail: 'chart-fault' }

const say = <Type extends ConnectionSaid['type']>(type: Type) =>
  emit<ConnectionContext, ConnectionEvent, undefined, ConnectionEvent, { type: Type }>({ type })

export const connectionMachine = setup({
  types: {} as {
    input: ConnectionInput
    context: ConnectionContext
    output: Ending
    events: ConnectionEvent
    emitted: ConnectionSaid
  },
  actors: {
    session: emptySlot('session') as SessionLogic<ProtocolTypes>,
  },
  actions: {
    begin: say('begin'),
    activate: say('activate'),
    farewell: say('farewell'),
    shut: say('shut'),
    release: say('release'),
    because: assign({
      ending: ({ context }, ending: Ending) => (context.ending === UNSET ? ending : context.ending),
    }),
    becauseSessionFailed: assign({
      ending: ({ context }) => (context.ending === UNSET ? { ...UNSET } : context.ending),
    }),
    noteOpened: assign({ openedMs: (_, { nowMs }: { nowMs: number }) => nowMs }),
    noteAnswerMs: assign({ answerMs: (_, { answerMs }: { answerMs: number }) => answerMs }),
    notePeerEnded: assign({ peerEnded: true }),
    noteFlushed: assign({ flushed: true }),
  },
  guards: {
    accepted: ({ context }) => context.role === 'listener',
    noAnswerExpected: ({ context }) => context.answerMs === 0 || context.peerEnded,
    bothDone: ({ context }) => context.peerEnded && context.flushed,
  },
  delays: {
    connectMs: ({ context }) => Math.min(context.connectMs, context.establishMs),
    establishMs: ({ context }) =>
      Math.max(0, context.establishMs - (context.openedMs - context.startedMs)),
    answerMs: ({ context }) => context.answerMs,
    flushMs: ({ context }) => context.flushMs,
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({
    ...input,
    ending: UNSET,
    openedMs: input.startedMs,
    answerMs: 0,
    peerEnded: false,
    flushed: false,
  }),
  output: ({ context }) => context.ending,
  invoke: {
    id: 'session',
    src: 'session',
    input: ({ context }): SessionInput<ProtocolTypes> => ({
      name: context.name,
      role: context.role,
      target: context.target,
      dial: context.dial,
      slot: context.slot,
    }),
    onError: { target: '.closed', actions: 'becauseSessionFailed' },
  },
  on: {
    drop: {
      target: '.closed',
      actions: { type: 'because', params: ({ event }) => event.ending },
    },
    leave: {
      target: '.closing',
      actions: [
        { type: 'because', params: ({ event }) => event.ending },
        { type: 'noteAnswerMs', params: ({ event }) => ({ answerMs: event.answerMs }) },
      ],
    },
    'peer.ended': { actions: 'notePeerEnded' },
  },
  initial: 'connecting',
  states: {
    connecting: {
      always: { guard: 'accepted', target: 'handshaking' },
      on: {
        opened: {
          target: 'handshaking',
          actions: { type: 'noteOpened', params: ({ event }) => ({ nowMs: event.nowMs }) },
        },
        // Nothing was said yet: there is nothing to flush.
        leave: {
          target: 'closed',
          actions: { type: 'because', params: ({ event }) => event.ending },
        },
      },
      after: {
        connectMs: {
          target: 'closed',
          actions: {
            type: 'because',
            params: { reason: 'deadline', detail: 'connect-deadline' },
          },
        },
      },
    },
    handshaking: {
      entry: 'begin',
      on: { ready: 'active' },
      after: {
        establishMs: {
          target: 'closing',
          actions: {
            type: 'because',
            params: ({ context }) => ({ reason: 'deadline', detail: context.establishDetail }),
          },
        },
      },
    },
    active: {
      entry: 'activate',
    },
    closing: {
      entry: 'farewell',
      on: { leave: {} },
      initial: 'leaving',
      states: {
        leaving: {
          always: { guard: 'noAnswerExpected', target: 'shutting' },
          on: {
            answered: 'shutting',
            'peer.ended': { target: 'shutting', actions: 'notePeerEnded' },
          },
          after: { answerMs: 'shutting' },
        },
        // Reading goes on: closing a socket with unread bytes resets it, and the farewell is lost.
        shutting: {
          entry: 'shut',
          always: { guard: 'bothDone', target: '#connection.closed' },
          on: {
            flushed: { actions: 'noteFlushed' },
          },
          after: { flushMs: '#connection.closed' },
        },
      },
    },
    closed: { type: 'final', entry: 'release' },
  },
})
