/**
 * What a node tells the application: one closed union. Names are stable; texts are ours.
 * @module
 */
import type { DropReason } from '../actors/counters.ts'
import type { RefusalReason } from '../actors/protocol.ts'
import type { NodeFault } from '../machines/root.ts'
import type { CloseReason, Phase } from '../machines/reasons.ts'
import type { StoreFault } from '../world/store.ts'
import type { BanKey } from './ban-records.ts'
import type { SocketAddress, TransportFault } from '../world/streams.ts'

interface OfConnection {
  readonly connection: string
  /** As the network prints it. */
  readonly address: string
  readonly role: 'dialler' | 'listener'
}

interface OfSubject {
  /** For a log; `key` is what `unban` takes. */
  readonly subject: string
  readonly key: BanKey
}

export type SupervisorEvent =
  | { readonly type: 'node.started'; readonly listening: readonly SocketAddress[] }
  | { readonly type: 'node.stopped'; readonly killed: readonly string[] }
  /** By `pause` and `resume`. */
  | { readonly type: 'node.paused' | 'node.resumed' }
  | { readonly type: 'node.failed'; readonly fault: NodeFault; readonly message: string }
  | ({ readonly type: 'connection.started'; readonly slot: string } & OfConnection)
  | ({
      readonly type: 'connection.active'
      readonly identity: string | undefined
      readonly handshakeMs: number
    } & OfConnection)
  | ({
      readonly type: 'connection.closed'
      readonly identity: string | undefined
      readonly reason: CloseReason
      readonly detail: string
      /** How far it had come. */
      readonly phase: Phase
      readonly receivedMessages: number
      readonly handledMessages: number
      readonly dropped: Readonly<Partial<Record<DropReason, number>>>
      readonly receivedBytes: number
      readonly sentBytes: number
    } & OfConnection)
  /** Refused before it became a connection. */
  | {
      readonly type: 'connection.refused'
      readonly remote: SocketAddress
      /** `paused`: the node was. */
      readonly why: RefusalReason | 'paused'
    }
  | {
      readonly type: 'listener.overloaded'
      readonly address: SocketAddress
      readonly fault: TransportFault
    }
  | ({ readonly type: 'peer.struck'; readonly strikes: number } & OfSubject)
  | ({
      readonly type: 'peer.banned'
      readonly why: string
      /** Unix milliseconds; undefined: for good. */
      readonly untilMs: number | undefined
    } & OfSubject)
  | ({ readonly type: 'peer.unbanned' } & OfSubject)
  | {
      readonly type: 'child.restarted'
      readonly child: string
      readonly restarts: number
      /** From the third restart within the period a child starts with nothing kept. */
      readonly fresh: boolean
    }
  /** A sub-protocol has something to say that the application may want to know. */
  | {
      readonly type: 'child.noted'
      readonly child: string
      readonly what: string
      readonly about: Readonly<Record<string, string | number>>
    }
  | { readonly type: 'child.ended'; readonly child: string; readonly failed: boolean }
  /** A subscriber or handler of the application threw, or a handler did not settle in time. */
  | {
      readonly type: 'handler.failed'
      readonly message: string
      readonly why: 'threw' | 'rejected' | 'deadline'
    }
  /**
   * A part of ours threw, or code of the application's. `error` is what it threw, for the log; nothing of
   * it is in a trace.
   */
  | { readonly type: 'fault'; readonly where: string; readonly error: unknown }
  /** Stored bans that could not be read. They stay in the store, without effect. */
  | { readonly type: 'bans.unreadable'; readonly count: number }
  /** Stored addresses that could not be read. They are gone. */
  | { readonly type: 'addresses.unreadable'; readonly count: number }
  | { readonly type: 'store.set-aside'; readonly files: readonly string[] }
  | { readonly type: 'store.failed'; readonly fault: StoreFault; readonly batch: number }
  | { readonly type: 'datagrams.refused'; readonly from: SocketAddress; readonly detail: string }
