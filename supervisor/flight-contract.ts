/**
 * The flight recorder as a supervisor shows it: what it keeps of each connection, and what it is lent.
 * Types only. It hangs on the observation port, so that nothing in the core knows of it.
 * @module
 */
import type { Actor } from 'xstate'
import type { Counters } from '../actors/counters.ts'
import type { Lane } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { connectionMachine } from '../machines/connection.ts'
import type { CloseReason, Phase } from '../machines/reasons.ts'
import type { ObservationPort, Step } from '../world/observation.ts'

export interface FlightOptions {
  /** The last so many entries of a connection are kept, 32 bytes each. Default: 64. */
  readonly entries?: number
  /** Keeps decoded messages, too, so that it can be replayed: for finding a fault, not for every day. */
  readonly payloads?: boolean
}

export type FlightHappening =
  | {
      readonly kind: 'state'
      readonly chart: 'connection' | 'root' | 'session'
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
  /** One of the supervisor's events, by its type. */
  | { readonly kind: 'event'; readonly event: string }
  | {
      readonly kind: 'closed'
      readonly reason: CloseReason
      readonly detail: string
      readonly phase: Phase
      readonly counters: Pick<
        Counters,
        'dropped' | 'handledMessages' | 'receivedBytes' | 'receivedMessages' | 'sentBytes'
      >
    }

/** What happened, and how often in a row: equal things that follow each other are one entry. */
export type FlightEntry = FlightHappening & {
  /** Monotonic milliseconds of the first of them. */
  readonly atMs: number
  /** Of the last one. */
  readonly untilMs: number
  readonly count: number
}

export type FlightChart = 'connection' | 'session'

/** A deadline of a chart, under XState's name for it, as long as it was when it was armed. */
export interface ArmedDeadline {
  readonly chart: FlightChart
  readonly event: string
  readonly ms: number
}

/** Where the two charts of a connection stand. */
export interface FlightStates {
  readonly connection: string
  readonly session: string
}

/** From where a block can be replayed. */
export type FlightCheckpoint =
  /** Before the charts started. */
  | {
      readonly from: 'start'
      readonly role: Role
      readonly target: unknown
      readonly dial: unknown
      readonly slot: string
      readonly startedMs: number
    }
  | {
      readonly from: 'snapshot'
      readonly states: FlightStates
      /** The connection's persisted snapshot, its session's in it. */
      readonly snapshot: unknown
      /** XState keeps them in no snapshot. */
      readonly armed: readonly ArmedDeadline[]
    }

/** One event that a chart was given, and all that followed from it. */
export interface FlightEvent {
  readonly atMs: number
  readonly chart: FlightChart
  readonly event: { readonly type: string }
  readonly said: readonly {
    readonly chart: FlightChart
    readonly said: { readonly type: string }
  }[]
  readonly armed: readonly ArmedDeadline[]
  readonly states: FlightStates
}

/** One that reached no chart: it went to subscribers, or left from a lane. */
export interface FlightMessage {
  readonly atMs: number
  readonly direction: 'received' | 'sent'
  readonly message: { readonly type: string }
  /** How many of the block's events were before it. */
  readonly eventsBefore: number
}

export interface FlightBlock {
  readonly checkpoint: FlightCheckpoint
  /** What was known of the connection there: for who reads it; a replay needs none of it. */
  readonly facts: unknown
  /** What waited to be sent: in its lanes by estimate, and what the system had not taken. */
  readonly laneBytes: Readonly<Record<Lane, number>>
  readonly unsentBytes: number
  readonly events: readonly FlightEvent[]
  readonly messages: readonly FlightMessage[]
}

/** All that is kept of one connection. It holds messages and no ciphertext: that is never reproduced. */
export interface FlightRecording {
  readonly protocol: string
  readonly connection: string
  /** Oldest first. */
  readonly entries: readonly FlightEntry[]
  /** With `payloads`: the newest blocks, oldest first. */
  readonly blocks: readonly FlightBlock[]
  /** Events and messages that are in no block any more, because there was no room. */
  readonly lost: number
}

export interface FlightRecorder {
  entries(connection: string): readonly FlightEntry[]
  recording(connection: string): FlightRecording | undefined
  /** From now on as it says; false forgets everything. */
  record(options: FlightOptions | false): void
  /** Bounded records, for the audit. */
  counts(): Readonly<Record<string, number>>
}

/** What a recorder sees of one connection. */
export interface FlightConnection {
  readonly name: string
  readonly actor: Actor<typeof connectionMachine>
  facts(): unknown
  waiting(): Pick<FlightBlock, 'laneBytes' | 'unsentBytes'>
}

/** What a recorder is lent. */
export interface FlightSubject {
  readonly node: string
  readonly protocol: string
  readonly port: ObservationPort
  step(): Step
  connection(name: string): FlightConnection | undefined
  connections(): readonly FlightConnection[]
  /** A part of the recorder threw; that part records nothing more. */
  onFault(error: unknown): void
}
