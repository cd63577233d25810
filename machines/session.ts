/**
 * The session of one connection: who the other side is, what was agreed, what ends the connection.
 * A network brings it as a chart; this is what the chart is told and what it can say.
 *
 * A session lives from the first byte to `closed` and says `ready` once. It names effects as actions
 * and does nothing itself: what it says is carried out, in the chart's order, when it has digested
 * the event. Secrets never stand in its context or events: it names slots.
 * @module
 */
import { emit } from 'xstate'
import type { EndOfStream, Outgoing, Role } from '../codec/wire.ts'
import type { CloseDetail } from './reasons.ts'
import type { Slot } from './slot.ts'

/** The types that one network brings along, in one bag. All but `keys` are plain data. */
export interface ProtocolTypes {
  readonly message: { readonly type: string }
  readonly address: unknown
  /** What `Wire.secure` takes. Secret. */
  readonly keys: unknown
  /** What a wire or a session found out about a connection. Public. */
  readonly facts: unknown
  /** The network's closed list of why. */
  readonly detail: string
  /** How a dial differs from the usual (another transport version). */
  readonly dial: unknown
  /** What a session asks the node part, and what it gets. */
  readonly question: unknown
  readonly answer: unknown
  /** What the node part tells a session of its own accord. */
  readonly news: unknown
}

/** What a network without keys, questions and facts starts from: a message, an address and a detail are left. */
export interface BareTypes extends ProtocolTypes {
  readonly keys: never
  readonly facts: Record<string, never>
  readonly dial: never
  readonly question: never
  readonly answer: never
  readonly news: never
}

export interface SessionInput<T extends ProtocolTypes> {
  /** The connection's stable name. */
  readonly name: string
  readonly role: Role
  readonly target: T['address'] | undefined
  readonly dial: T['dial'] | undefined
  /** The kind of slot that it holds, by its name in the manifest. */
  readonly slot: string
}

export type SessionEvent<T extends ProtocolTypes> =
  /** The stream is open and the wire has started. */
  | { readonly type: 'opened' }
  | { readonly type: 'secured'; readonly facts: T['facts'] }
  | {
      readonly type: 'unit'
      readonly message: T['message']
      /** A view: what is kept is copied. */
      readonly raw: Uint8Array | undefined
      readonly bytesOnWire: number
      /** What the peer had already sent behind this unit. */
      readonly bufferedBytes: number
    }
  | { readonly type: 'answer'; readonly id: string; readonly answer: T['answer'] }
  | { readonly type: 'node'; readonly news: T['news'] }
  /** The connection is being closed from our side; the farewell of the manifest goes out by itself. */
  | { readonly type: 'leave'; readonly detail: CloseDetail<T['detail']> }
  | { readonly type: 'ended'; readonly how: EndOfStream }

export type SessionSaid<T extends ProtocolTypes> =
  | { readonly type: 'write'; readonly messages: readonly Outgoing<T['message']>[] }
  /** Hands the keys in the named slot of the connection's secrets to the wire. */
  | { readonly type: 'secure'; readonly slot: string }
  /** Once. Makes the connection active. */
  | { readonly type: 'ready'; readonly facts: T['facts']; readonly identity: string | undefined }
  /** To the router, as if it had arrived after `ready`. */
  | { readonly type: 'handOn'; readonly message: T['message'] }
  /** Answered by an event `answer` with the same id. */
  | { readonly type: 'ask'; readonly id: string; readonly question: T['question'] }
  /** Who the other side claims to be, before it is proven: whom a `claim` verdict charges. */
  | { readonly type: 'claim'; readonly identity: string }
  | {
      readonly type: 'end'
      readonly detail: T['detail']
      /** For how long the other side asks not to be dialled; in place of the detail's own wait. */
      readonly waitMs?: number | undefined
    }

/** A state with this tag holds the pull: nothing is read until it is left. */
export const HOLDING = 'holding'

/** What a session's chart puts into the `types` of its `setup`. */
export interface SessionTypes<T extends ProtocolTypes, Context extends object = object> {
  context: Context
  events: SessionEvent<T>
  input: SessionInput<T>
  emitted: SessionSaid<T>
  tags: typeof HOLDING
}

/** What a connection's chart invokes as `session`, whatever the network. */
export type SessionLogic<T extends ProtocolTypes> = Slot<
  SessionEvent<T>,
  SessionInput<T>,
  SessionSaid<T>
>

/**
 * The named actions with which a session speaks, for `setup({ actions })`. In the chart:
 * `{ type: 'write', params: { messages: [...] } }`.
 */
export const sessionActions = <T extends ProtocolTypes, Context extends object = object>() => {
  type Event = SessionEvent<T>
  type Said = SessionSaid<T>
  return {
    write: emit<
      Context,
      Event,
      { readonly messages: readonly Outgoing<T['message']>[] },
      Event,
      Said
    >((_, { messages }) => ({ type: 'write', messages })),
    secure: emit<Context, Event, { readonly slot: string }, Event, Said>((_, { slot }) => ({
      type: 'secure',
      slot,
    })),
    ready: emit<
      Context,
      Event,
      { readonly facts: T['facts']; readonly identity: string | undefined },
      Event,
      Said
    >((_, { facts, identity }) => ({ type: 'ready', facts, identity })),
    handOn: emit<Context, Event, { readonly message: T['message'] }, Event, Said>(
      (_, { message }) => ({ type: 'handOn', message }),
    ),
    ask: emit<
      Context,
      Event,
      { readonly id: string; readonly question: T['question'] },
      Event,
      Said
    >((_, { id, question }) => ({ type: 'ask', id, question })),
    claim: emit<Context, Event, { readonly identity: string }, Event, Said>((_, { identity }) => ({
      type: 'claim',
      identity,
    })),
    end: emit<
      Context,
      Event,
      { readonly detail: T['detail']; readonly waitMs?: number | undefined },
      Event,
      Said
    >((_, { detail, waitMs }) => ({ type: 'end', detail, waitMs })),
  }
}
