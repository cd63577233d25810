/**
 * The life of one node: starting, running, stopping, stopped, or failed.
 *
 * Effects are named and carried out by the owner after the transition. `stopped` is reached by its
 * deadline whatever hangs.
 * @module
 */
import { assign, emit, setup } from 'xstate'

/** Why a node did not start or does not run any more. Codes of ours. */
export type NodeFault =
  /** A child failed more often than its supervisor tolerates. */
  | 'children-failing'
  | 'listen-failed'
  /** The chart of the node itself threw. */
  | 'root-fault'
  /** Not started in time. */
  | 'start-deadline'
  | 'store-refused'

export interface RootInput {
  readonly name: string
  readonly startMs: number
}

export type RootEvent =
  | { readonly type: 'start' }
  | { readonly type: 'store.opened' }
  | { readonly type: 'listening' }
  | { readonly type: 'fail'; readonly fault: NodeFault; readonly message: string }
  | { readonly type: 'stop'; readonly graceMs: number }
  /** Every connection and child is gone. */
  | { readonly type: 'drained' }
  | { readonly type: 'store.closed' }

export type RootSaid =
  | { readonly type: 'openStore' }
  | { readonly type: 'listen' }
  | { readonly type: 'run' }
  /** Say goodbye to everybody. */
  | { readonly type: 'drain' }
  /** Time is up: drop who is still there. */
  | { readonly type: 'kill' }
  | { readonly type: 'closeStore' }
  | { readonly type: 'release' }

interface RootContext extends RootInput {
  readonly graceMs: number
  readonly fault: NodeFault | undefined
  readonly message: string
}

const say = <Type extends RootSaid['type']>(type: Type) =>
  emit<RootContext, RootEvent, undefined, RootEvent, { type: Type }>({ type })

/** A part of the grace that is kept for the store, which is closed last. */
const STORE_SHARE = 0.25
/** For what a node that failed still holds. */
const FAILED_GRACE_MS = 1_000

export const rootMachine = setup({
  types: {} as {
    input: RootInput
    context: RootContext
    events: RootEvent
    emitted: RootSaid
  },
  actions: {
    openStore: say('openStore'),
    listen: say('listen'),
    run: say('run'),
    drain: say('drain'),
    kill: say('kill'),
    closeStore: say('closeStore'),
    release: say('release'),
    noteFault: assign({
      fault: (_, { fault }: { fault: NodeFault; message: string }) => fault,
      message: (_, { message }: { fault: NodeFault; message: string }) => message,
      graceMs: FAILED_GRACE_MS,
    }),
    noteGrace: assign({ graceMs: (_, { graceMs }: { graceMs: number }) => graceMs }),
  },
  guards: { failed: ({ context }) => context.fault !== undefined },
  delays: {
    startMs: ({ context }) => context.startMs,
    drainMs: ({ context }) => context.graceMs * (1 - STORE_SHARE),
    storeMs: ({ context }) => context.graceMs * STORE_SHARE,
  },
}).createMachine({
  id: 'root',
  context: ({ input }) => ({ ...input, graceMs: 0, fault: undefined, message: '' }),
  on: {
    stop: {
      target: '.stopping',
      actions: { type: 'noteGrace', params: ({ event }) => ({ graceMs: event.graceMs }) },
    },
    fail: {
      target: '.stopping',
      actions: { type: 'noteFault', params: ({ event }) => event },
    },
  },
  initial: 'idle',
  states: {
    /** Nothing is held yet: there is nothing to wait for. */
    idle: { on: { start: 'starting', stop: 'ended' } },
    starting: {
      initial: 'opening',
      after: {
        startMs: {
          target: 'stopping',
          actions: {
            type: 'noteFault',
            params: { fault: 'start-deadline', message: 'the node did not start in time' },
          },
        },
      },
      states: {
        opening: { entry: 'openStore', on: { 'store.opened': 'listening' } },
        listening: { entry: 'listen', on: { listening: '#root.running' } },
      },
    },
    running: { entry: 'run' },
    stopping: {
      initial: 'draining',
      on: { stop: {}, fail: {} },
      states: {
        draining: {
          entry: 'drain',
          on: { drained: 'closing' },
          after: { drainMs: { target: 'closing', actions: 'kill' } },
        },
        closing: {
          entry: 'closeStore',
          on: { 'store.closed': '#root.ended' },
          after: { storeMs: '#root.ended' },
        },
      },
    },
    ended: {
      always: [{ guard: 'failed', target: 'failed' }, { target: 'stopped' }],
    },
    stopped: { type: 'final', entry: 'release' },
    failed: { type: 'final', entry: 'release' },
  },
})
