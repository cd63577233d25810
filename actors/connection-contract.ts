/**
 * What a connection is to the node around it: what it is lent, what it is told, what it shows.
 * Types only.
 * @module
 */
import type { Actor } from 'xstate'
import type { WireTraffic } from '../codec/traffic.ts'
import type { Role } from '../codec/wire.ts'
import type { connectionMachine, Ending } from '../machines/connection.ts'
import type { CloseDetail, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Jobs } from '../world/jobs.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress, StreamId, Streams } from '../world/streams.ts'
import type { PeerReference } from './child.ts'
import type { Counters } from './counters.ts'
import type { CreditPool } from './credit.ts'
import type { OutboxLimits } from './outbox.ts'
import type { RunningWait } from './patient-clock.ts'
import type { ConnectionAbout, ConnectionView, Lane, NodePart, Protocol } from './protocol.ts'
import type { Crediting, Router } from './router.ts'
import type { Turns } from './turns.ts'
import type { PullLimits } from './pull.ts'

/** What all connections of a node share. */
export interface ConnectionTools<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  /** The connection chart with the protocol's session in its slot. */
  readonly chart: typeof connectionMachine
  readonly nodePart: NodePart<T>
  readonly loop: StepLoop
  readonly port: ObservationPort
  readonly streams: Streams
  readonly jobs: Jobs
  readonly crypto: CryptoBackend
  readonly random: Random
  readonly router: Router<T>
  readonly turns: Turns
  readonly credit: CreditPool
  readonly limits: ConnectionLimits
  /** A connection is about to become active; a detail refuses it. */
  admit(connection: Connection<T>): CloseDetail<T['detail']> | undefined
  onActive(connection: Connection<T>): void
  /** A unit was refused: the protocol's table says what follows. */
  onRefused(connection: Connection<T>, detail: T['detail']): void
  onRoom(connection: Connection<T>, lane: Lane): void
  onClosed(connection: Connection<T>): void
  /** What was thrown by a part of this connection. */
  onFault(connection: Connection<T>, error: unknown): void
}

/** What makes a connection. A recorder stands in for it. */
export type ConnectionFactory<T extends ProtocolTypes> = (
  tools: ConnectionTools<T>,
  options: ConnectionOptions<T>,
) => Connection<T>

export interface ConnectionLimits extends PullLimits, OutboxLimits {
  /** The last so many transitions are kept for `explain`. */
  readonly historyMax: number
}

export interface ConnectionOptions<T extends ProtocolTypes> {
  readonly name: string
  readonly role: Role
  readonly stream: StreamId
  readonly remote: SocketAddress
  /** Of one that came in. */
  readonly local?: SocketAddress
  readonly slot: string
  readonly target: T['address'] | undefined
  readonly dial: T['dial'] | undefined
}

export interface HistoryEntry {
  /** Monotonic milliseconds. */
  readonly atMs: number
  readonly chart: 'connection' | 'session'
  readonly event: string
  readonly state: string
}

export interface ConnectionEnding<T extends ProtocolTypes> extends Ending {
  readonly detail: CloseDetail<T['detail']>
  /** How far it had come. */
  readonly phase: Phase
  /** When it was decided, monotonic milliseconds. */
  readonly atMs: number
  /** For how long the other side asked not to be dialled. */
  readonly waitMs: number | undefined
  /** The session's state at that moment. */
  readonly sessionState: string
}

export interface Connection<T extends ProtocolTypes> {
  readonly name: string
  readonly view: ConnectionView<T>
  readonly counters: Counters
  readonly peer: PeerReference
  /** Whom a `claim` verdict charges. */
  readonly claim: string | undefined
  readonly dial: T['dial'] | undefined
  lastMessageMs(): number | undefined
  /** When something last arrived, or the connection began; monotonic milliseconds. */
  lastBytesMs(): number
  unsentBytes(): number
  /** What waits in each lane, by estimate. */
  laneBytes(): Readonly<Record<Lane, number>>
  /** Whether it is us who do not read it now. */
  isHeld(): boolean
  /** Whether bytes have not left, or more has come since then of a message that is not whole yet. */
  isUnderWay(sinceMs: number): boolean
  /** Where the credit for what is held of its messages is taken. */
  readonly crediting: Crediting
  readonly ending: ConnectionEnding<T> | undefined
  readonly history: readonly HistoryEntry[]
  /** Its deadlines that run. */
  waits(nowMs: number): readonly RunningWait[]
  /** Bytes by the type of message, where the wire counts them. */
  traffic(): WireTraffic | undefined
  /** What children found out about it. */
  describe(about: ConnectionAbout): void
  /** The XState actor, for inspectors. */
  readonly actor: Actor<typeof connectionMachine>
  start(): void
  /** The host's name led there: limits and bans count by that from now on. */
  resolved(host: string): void
  tell(news: T['news']): void
  /** Room for a message of the application, promised until its command is carried out. */
  reserve(message: T['message']): 'queued' | 'full' | 'gone'
  /** Queues what was reserved. */
  queueReserved(message: T['message']): void
  /** Gives back what was reserved. */
  giveUpReserved(message: T['message']): void
  /** Whether no lane is waited for that was found full. */
  hasRoom(): boolean
  /** For sub-protocols. */
  send(message: T['message']): 'queued' | 'full' | 'gone'
  /** Ends it in good order. */
  leave(detail: CloseDetail<T['detail']>): void
  /** Ends it at once. */
  drop(detail: CloseDetail<T['detail']>): void
}
