/**
 * The embedding API, as an application sees it. Types only.
 * @module
 */
import type { Observable } from 'rxjs'
import type { Actor } from 'xstate'
import type { Counters } from '../actors/counters.ts'
import type { Asked, Delivery, ListedPage, PublishReport, Validation } from '../actors/services.ts'
import type { Routed } from '../actors/child.ts'
import type { WireTraffic } from '../codec/traffic.ts'
import type { Phase } from '../machines/reasons.ts'
import type { rootMachine } from '../machines/root.ts'
import type { ConnectionAbout, Instruction } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Ban, BanKey } from './ban-records.ts'
import type { SupervisorEvent } from './events.ts'
import type { PeerView } from './peers.ts'
import type { FlightEntry, FlightOptions, FlightRecording } from './flight-contract.ts'
import type { Explanation } from './explanation.ts'
import type { Inside } from './inside.ts'
import type { Audit, NodeState } from './node-contract.ts'
import type { NodeCounts } from './totals.ts'
import type { WaitOptions } from './waits.ts'

/** The messages of one type. */
export type MessageOf<T extends ProtocolTypes, Type extends string> = Extract<
  T['message'],
  { readonly type: Type }
>

export interface ConnectionInfo {
  readonly name: string
  readonly address: string
  readonly role: 'dialler' | 'listener'
  readonly slot: string
  readonly phase: Phase | 'closed'
  readonly identity: string | undefined
  readonly facts: unknown
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly readyMs: number | undefined
  readonly counters: Readonly<Counters>
  readonly unsentBytes: number
  /** Bytes on the wire by the type of message, of networks that count them. */
  readonly traffic: WireTraffic | undefined
  /** What the network's sub-protocols found out about it, by name. */
  readonly about: ConnectionAbout
}

export interface StopReport {
  /** Who had not gone when the time was up. */
  readonly killed: readonly string[]
}

export interface HandleOptions {
  /** After so long the handler's credit is given back, whatever it still does. Default 30 s. */
  readonly deadlineMs?: number
}

export interface RequestContent {
  /** What the payload is, to the handler at the far side. */
  readonly protocol: string
  readonly payload: Uint8Array
  readonly metadata?: Uint8Array
}

export interface BanOptions {
  /** Up to 4.32e15; Infinity: for good. Left out: as long as the network says, or for good. */
  readonly ms?: number
  readonly why?: string
}

export interface Supervisor<T extends ProtocolTypes> {
  /** Settles when the store is open and every address listens. @throws {PeerloomError} */
  start(): Promise<void>
  /** Always settles by the deadline. */
  stop(options?: { readonly graceMs?: number }): Promise<StopReport>
  [Symbol.asyncDispose](): Promise<void>
  readonly state: NodeState
  /** Where it listens; nowhere before it has started and from its end on. */
  readonly listening: readonly SocketAddress[]

  /**
   * Decoded messages of a type. What is emitted may be kept. It is one object for all who subscribed, and
   * its bytes may lie in memory that other messages share: nobody writes into them, and who transfers
   * them to a worker transfers a copy. With `views` they are valid only until the subscriber returns,
   * and no copy is made.
   */
  messages<Type extends T['message']['type']>(
    type: Type,
    options?: { readonly views?: boolean },
  ): Observable<Routed<MessageOf<T, Type>>>
  /**
   * Takes work away: the message's bytes count against the sender until the promise settles. Returns how
   * to stop; a handler that stops itself still gets what was read in the same step.
   */
  handle<Type extends T['message']['type']>(
    type: Type,
    handler: (routed: Routed<MessageOf<T, Type>>) => Promise<void>,
    options?: HandleOptions,
  ): () => void
  readonly events: Observable<SupervisorEvent>

  /**
   * A message with an answer. The peer is a connection's name, an identity or an address; it is
   * dialled if need be, and asked again under the same id if the connection is lost.
   * @throws {PeerloomError} `timed-out`, `refused-by-peer`, `unknown-peer`, `busy`, `unsupported` ...
   */
  request(peer: string, request: RequestContent, options?: WaitOptions): Promise<Uint8Array>
  /**
   * Answers the requests of a protocol; undefined is an empty answer. Its last caller counts.
   * @throws {PeerloomError} `unsupported`: the network has no requests
   */
  answer(
    protocol: string,
    handler: (asked: Asked) => Promise<Uint8Array | undefined>,
    options?: HandleOptions,
  ): () => void
  /** Settles once it waits to leave for everybody; what has to be kept is durable by then. */
  publish(
    topic: string,
    payload: Uint8Array,
    options?: WaitOptions & { readonly kind?: string },
  ): Promise<PublishReport>
  /**
   * What the node keeps about a topic, its own publications among it, in an order that stays. What was
   * kept just before a crash may never have been handed over: whoever needs all of it looks here.
   */
  kept(
    topic: string,
    options?: WaitOptions & { readonly after?: string; readonly max?: number },
  ): Promise<ListedPage>
  /**
   * What others published about it, once and after it was found valid.
   * @throws {PeerloomError} `unsupported`: the network has no publications
   */
  topic(name: string): Observable<Delivery>
  /**
   * Decides what becomes of a publication before anybody else gets it. Its last caller counts.
   * @throws {PeerloomError} `unsupported`: the network has no publications
   */
  validate(
    topic: string,
    handler: (delivery: Delivery) => Promise<Validation>,
    options?: HandleOptions,
  ): () => void

  /**
   * A manual peer, dialled again whenever it is gone. Settles with the connection's name once active. If
   * that ends as `duplicate`, the name stands for the connection that stays.
   * Giving up waiting does not give up dialling: `disconnect` does, and who waits is `refused`. Nor does a
   * ban that lasts longer than the wait, which is refused at once, also where it is made meanwhile: it is
   * dialled when that is over.
   * @throws {PeerloomError} `bad-argument`, `not-running`, `busy`, `refused`, `timed-out`, `aborted`, `stopped`
   */
  connect(address: string, options?: WaitOptions): Promise<string>
  /**
   * Closes a connection or all of a peer, and forgets it: the node does not dial it on its own, nor for
   * what waits for it, until it is asked to again (`connect`, a new `request`). Who is named by an identity,
   * or by an address with one in it, is gone wherever it is, and none of `bootstrap` any more. It may still
   * come in; `ban` keeps it out.
   */
  disconnect(peer: string): void
  /**
   * One way. `peer` is a connection's name or a proven identity. The message is the node's from
   * then on: bytes that are written over while it waits, for longer than the turn where the peer takes
   * nothing, leave as they are then. `full`: its lane has no room, or within one call of a subscriber too
   * many were sent; `room` says when there is some.
   * @throws {PeerloomError} `bad-argument`: the network has no way to send this message
   */
  send(peer: string, message: T['message']): 'queued' | 'full' | 'gone'
  /** Settles when a lane of the peer that was full is under half. */
  room(peer: string, options?: WaitOptions): Promise<void>
  /**
   * Whom: an identity, an IP address, a range of them (`203.0.113.0/24`), an address in the network's
   * form, or the key of an event or a ban. Whoever the network exempts stays. It covers what a host name leads to only as far as its IP addresses are banned.
   * @throws {PeerloomError} `bad-argument`, `not-running`; `busy`: 10,000 are banned by hand already
   */
  ban(subject: string | BanKey, options?: BanOptions): void
  unban(subject: string | BanKey): void
  bans(): readonly Ban[]
  /**
   * Closes all connections, and neither dials nor lets anybody in until `resume`; before `start`, the node
   * starts so. It listens all the while, so that no port is lost.
   */
  pause(): void
  resume(): void
  readonly isPaused: boolean
  /**
   * Stops a sub-protocol and starts it again, as if it had failed: it counts as a restart, within the
   * same intensity. One that is down, or has ended, stays as it is.
   * @throws {PeerloomError} `bad-argument`: the network has none of this name; `not-running`
   */
  restart(child: string): void
  /**
   * Changes something of the network's own, as its types say: who is on an allow list, for one. It
   * holds until the node stops.
   * @throws {PeerloomError} `not-running`, `unsupported`
   */
  instruct(instruction: Instruction<T>): void

  connections(): readonly ConnectionInfo[]
  /** What outlives connections: by proven identity, or by address. */
  peers(): readonly PeerView[]
  /** The account of all datagrams; undefined where the network or its transport speaks none. */
  datagrams(): Readonly<Counters> | undefined
  explain(connection: string): Explanation | undefined
  /** The last things that happened to a connection, oldest first; also of the last ones that closed. */
  flight(connection: string): readonly FlightEntry[]
  /** All that the flight recorder keeps of a connection, with what can be replayed if it keeps payloads. */
  flightRecording(connection: string): FlightRecording | undefined
  /**
   * Turns the flight recorder off, which forgets everything, or on, or lets it keep payloads too.
   * Another number of entries begins anew.
   * @throws {PeerloomError} `bad-argument`, `unsupported`
   */
  recordFlight(options: FlightOptions | false): void
  audit(): Audit
  /** What was counted since it was made, connections that are gone among it, and what is there now. */
  counts(): NodeCounts
  /** The node from within, for inspectors. */
  readonly inside: Inside<T>
  /** Watchers of every step hang here. */
  readonly port: ObservationPort
  readonly actor: Actor<typeof rootMachine>
}
