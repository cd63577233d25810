/**
 * What a connection's journal holds, as plain data: every call into one connection, every answer that
 * the node around it gave, and all that it did. With it the connection lives again alone.
 *
 * Calls and answers stand as they happened, one inside the other: between `in` and its `done` (or
 * `threw`) is what the connection did meanwhile; between `out` and its `back` is what the node called
 * before it answered. Nothing secret is an entry: entries name secrets by their number.
 * @module
 */
import type { ConnectionLimits, ConnectionOptions } from '../actors/connection-contract.ts'
import type { Counters } from '../actors/counters.ts'
import type { Lane } from '../actors/protocol.ts'
import type { RouteOutcome } from '../actors/router.ts'
import type { SendOutcome } from '../actors/sending.ts'
import type { CloseDetail, CloseReason, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoJob } from '../world/jobs.ts'
import type { StreamInput } from '../world/streams.ts'

/** What the connection was made with. */
export interface ConnectionHeader<T extends ProtocolTypes> {
  /** The network's name. */
  readonly protocol: string
  /** What the network's factory was given, without secrets, where the network says it. */
  readonly settings: unknown
  readonly options: ConnectionOptions<T>
  readonly limits: ConnectionLimits
}

/** Everything secret that the run depends on, and the only place in a recording where secrets stand. */
export interface ConnectionSecrets<T extends ProtocolTypes> {
  /** 32 bytes: the root of the connection's chance. */
  readonly seed: Uint8Array
  /** What it was given to send. */
  readonly messages: readonly T['message'][]
  /** What the node part put into its slots. */
  readonly keys: readonly T['keys'][]
}

/** A message among the secrets. The hash is keyed with the seed: it tells nothing without it. */
export interface SecretMessage {
  readonly message: number
  readonly type: string
  readonly hash: string
}

/** A call into the connection. */
export type ConnectionCall<T extends ProtocolTypes> =
  | { readonly kind: 'make' | 'start' }
  | { readonly kind: 'resolved'; readonly host: string }
  | { readonly kind: 'stream'; readonly input: StreamInput }
  /** Timers are numbered in the order in which the connection set them. */
  | { readonly kind: 'ring'; readonly timer: number }
  /** Its place in the turn has come: to read a share, to flush. */
  | { readonly kind: 'read' | 'flush' }
  /** Credit that was used up is there again. */
  | { readonly kind: 'room' }
  /** What a job answered is no entry: it is computed again. */
  | { readonly kind: 'job'; readonly request: number; readonly outcome: 'done' | 'failed' }
  | { readonly kind: 'tell'; readonly news: T['news'] }
  | ({ readonly kind: 'reserve' | 'queue' | 'give-up' | 'send' } & SecretMessage)
  | { readonly kind: 'leave' | 'drop'; readonly detail: CloseDetail<T['detail']> }

export type CallResult = SendOutcome | boolean | undefined

/** What the connection did, to which nobody answers. */
export type Deed =
  | { readonly kind: 'stream.write'; readonly bytes: number; readonly hash: string }
  | {
      readonly kind:
        'stream.destroy' | 'stream.end' | 'stream.pause' | 'stream.report' | 'stream.resume'
    }
  | { readonly kind: 'timer.set'; readonly timer: number; readonly afterMs: number }
  | { readonly kind: 'timer.cancel'; readonly timer: number }
  | {
      readonly kind: 'job.run'
      readonly request: number
      readonly operation: CryptoJob['operation']
    }
  | { readonly kind: 'job.forget'; readonly request: number }
  | { readonly kind: 'turn.read' | 'turn.flush' | 'turn.leave' }
  | {
      readonly kind: 'transition'
      readonly chart: string
      readonly event: string
      readonly state: string
    }
  | {
      readonly kind: 'message'
      readonly direction: 'received' | 'sent'
      readonly type: string
      readonly bytesOnWire: number
    }
  | { readonly kind: 'refused'; readonly detail: string; readonly bytesOnWire: number }

/** What the connection asked of the node, or told it. The hashes are keyed with the seed. */
export type Ask =
  | {
      readonly kind: 'route'
      readonly type: string
      readonly hash: string
      readonly identity: string | undefined
    }
  | { readonly kind: 'question'; readonly hash: string }
  /** The job of an answer that comes later is done. */
  | { readonly kind: 'finish'; readonly request: number }
  | { readonly kind: 'admit'; readonly identity: string | undefined }
  | { readonly kind: 'active' | 'closed' | 'fault' | 'part-ready' | 'part-closed' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'room'; readonly lane: Lane }

/** What the node part changed in the connection's slots. */
export interface SlotChange {
  readonly slot: string
  /** The number among the secrets; undefined: the slot was emptied. */
  readonly keys: number | undefined
  readonly hash: string
}

export type Answer<T extends ProtocolTypes> =
  | { readonly kind: 'routed'; readonly outcome: RouteOutcome }
  | {
      readonly kind: 'answered'
      readonly answer: T['answer']
      readonly slots: readonly SlotChange[]
    }
  | {
      readonly kind: 'later'
      readonly operation: CryptoJob['operation']
      readonly slots: readonly SlotChange[]
    }
  | { readonly kind: 'admitted'; readonly refusal: CloseDetail<T['detail']> | undefined }
  | { readonly kind: 'heard' }

/** How the connection stood when its recording ended. */
export interface FinalState {
  readonly phase: Phase | 'closed'
  readonly connectionState: string
  readonly sessionState: string
  readonly identity: string | undefined
  readonly claim: string | undefined
  readonly counters: Counters
  readonly unsentBytes: number
  readonly ending: FinalEnding | undefined
}

export interface FinalEnding {
  readonly reason: CloseReason
  readonly detail: string
  readonly phase: Phase
  readonly atMs: number
  readonly waitMs: number | undefined
  readonly sessionState: string
}

/** Why a recording ends where it ends. */
export type OverReason =
  /** The connection is gone, and this is all of it. */
  | 'closed'
  /** Its bound is reached. */
  | 'full'
  /** The recorder was stopped. */
  | 'stopped'
  /** It never came to be: a part of the network's threw. */
  | 'unmade'
  /** Something was not plain data, or whoever keeps the entries failed. */
  | 'failed'

export type ConnectionEntry<T extends ProtocolTypes> =
  /** A step of the node in which the connection was called. */
  | {
      readonly of: 'step'
      readonly monotonicMs: number
      readonly wallMs: number
      readonly stalledMs: number
      /** Binds all entries up to this one, itself included, to the header and the seed. */
      readonly check: string
    }
  /** Holds for all that follows. */
  | { readonly of: 'turn'; readonly number: number }
  | { readonly of: 'credit'; readonly exhausted: boolean }
  | { readonly of: 'in'; readonly call: ConnectionCall<T> }
  | { readonly of: 'done'; readonly result: CallResult }
  | { readonly of: 'did'; readonly deed: Deed }
  | { readonly of: 'out'; readonly ask: Ask }
  | { readonly of: 'back'; readonly answer: Answer<T> }
  /** In place of `done` or `back`. */
  | { readonly of: 'threw' }
  /** The last one. */
  | {
      readonly of: 'over'
      readonly why: OverReason
      readonly final: FinalState | undefined
      readonly check: string
    }

export interface ConnectionRecording<T extends ProtocolTypes> {
  readonly header: ConnectionHeader<T>
  /** Left out of a recording that was made harmless: it can be read, and not replayed. */
  readonly secrets: ConnectionSecrets<T> | undefined
  readonly entries: readonly ConnectionEntry<T>[]
  /** Read from a journal in which something is missing behind these: it is replayed as a cut one. */
  readonly isBroken?: boolean
}
