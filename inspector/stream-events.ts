/**
 * What the stream of a node tells: plain data under stable names, so that it can be written down or sent
 * away as it is. No payload, no key, no message's content is in it. Types only.
 * @module
 */
import type { DropReason } from '../actors/counters.ts'
import type { Plain } from './readable.ts'

export type StreamChart = 'root' | 'connection' | 'session'

/** What can be passed over when there is too much of it, each by itself. */
export type StreamKind = 'lives' | 'states' | 'messages'

export interface StreamCounters {
  readonly receivedMessages: number
  readonly handledMessages: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
}

type Told =
  /** It is there: told before anything else of it, and of those that were there already at once. */
  | {
      readonly of: 'actor'
      readonly name: string
      readonly parent: string | undefined
      readonly actor: 'node' | 'connection' | 'session' | 'child'
      /** `a.b|c.d`; of a child `running`, `down` or `ended`. */
      readonly state: string
      /** Of a connection: address, role, slot, identity and facts, as far as they are known. */
      readonly about: Readonly<Record<string, Plain>>
    }
  /** A chart took an event. */
  | {
      readonly of: 'state'
      readonly name: string
      readonly chart: StreamChart
      readonly event: string
      readonly state: string
    }
  | {
      readonly of: 'message'
      readonly connection: string
      readonly direction: 'received' | 'sent'
      readonly type: string
      /** Of a sent one by estimate. */
      readonly bytesOnWire: number
    }
  /** A unit was passed over, by the network's detail. */
  | {
      readonly of: 'refused'
      readonly connection: string
      readonly detail: string
      readonly bytesOnWire: number
    }
  | {
      readonly of: 'active'
      readonly connection: string
      readonly identity: string | undefined
      readonly handshakeMs: number
      readonly facts: Plain
    }
  /** The last of a connection and its session. */
  | {
      readonly of: 'closed'
      readonly connection: string
      readonly reason: string
      readonly detail: string
      readonly phase: string
      readonly counters: StreamCounters
    }
  /** Any other of the supervisor's events: restarts, bans, refusals, faults. */
  | { readonly of: 'event'; readonly type: string; readonly fields: Plain }
  /**
   * More came than is told in a second. A connection whose beginning was passed over is not told of at
   * all.
   */
  | { readonly of: 'passed-over'; readonly counts: Readonly<Record<StreamKind, number>> }

export type StreamEvent = Told & {
  /** Unix milliseconds. */
  readonly atMs: number
}
