/**
 * A node without its public API: what it is made of and what it shows. Types only.
 * @module
 */
import type { Actor } from 'xstate'
import type { Connection, ConnectionFactory } from '../actors/connection-contract.ts'
import type { ConnectionLimits } from '../actors/connection-contract.ts'
import type { Counters } from '../actors/counters.ts'
import type { Protocol } from '../actors/protocol.ts'
import type { Router } from '../actors/router.ts'
import type { connectionMachine } from '../machines/connection.ts'
import type { NodeFault, rootMachine } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { World } from '../world/world.ts'
import type { ApplicationDesk } from './application.ts'
import type { Ban, BanKey } from './ban-records.ts'
import type { Command } from './commands.ts'
import type { SupervisorEvent } from './events.ts'
import type { PeerView } from './peers.ts'
import type { Explanation } from './explanation.ts'
import type { NodeCounts } from './totals.ts'
import type { Inside } from './inside.ts'
import type { Happening } from './waits.ts'

export interface NodeLimits extends ConnectionLimits {
  /** Bytes of messages that slow consumers hold, all connections together. */
  readonly creditBytesMax: number
  /** For the store to open and every address to listen. */
  readonly startMs: number
  /** Explanations of closed connections that are kept. */
  readonly explanationsMax: number
  /** Messages that wait for a sub-protocol that is being restarted. */
  readonly inletMessagesMax: number
}

export interface NodeCharts {
  readonly connection: typeof connectionMachine
  readonly root: typeof rootMachine
}

export interface NodeOptions<T extends ProtocolTypes> {
  /** Stands in front of every name. */
  readonly name: string
  readonly protocol: Protocol<T>
  readonly world: World
  readonly listen: readonly SocketAddress[]
  readonly bootstrap: readonly T['address'][]
  readonly limits: NodeLimits
  /** The core's own charts, with other implementations: for tests that make one of them fail. */
  readonly charts?: NodeCharts
  /** What makes the connections. Left out: the core's own `createConnection`. */
  readonly connection?: ConnectionFactory<T>
  /** Everything that happens, within its step. */
  onHappening(happening: Happening): void
  /** Starts a handler of the application outside of the node. */
  runHandler(handler: number, request: number, given: unknown): void
  /** From here on nothing runs this handler any more. */
  onHandlerGone(handler: number): void
  onWaitOver(wait: number): void
}

/** Where a node stands. */
export type NodeState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** Live things, by name. Equal before and after whatever has ended. */
export interface Audit {
  readonly streams: number
  readonly listeners: number
  readonly datagramSockets: number
  readonly timers: number
  readonly questions: number
  readonly connections: number
  /** Slots taken, places of connections that are not active yet, dials of any phase. */
  readonly slots: number
  readonly pending: number
  readonly dials: number
  readonly actors: number
  readonly subscribers: number
  readonly handlers: number
  readonly handled: number
  readonly feeds: number
  /** Subscribers' topics, and handlers that answer sub-protocols. */
  readonly topics: number
  readonly namedHandlers: number
  /** Calls of the application that a sub-protocol has not settled. */
  readonly calls: number
  /** Batches of the store of which somebody wants to hear. */
  readonly writes: number
  readonly creditBytes: number
  readonly watchers: number
  /** Records that are bounded and outlive what they are about. */
  readonly remembered: Readonly<Record<string, number>>
}

export interface Node<T extends ProtocolTypes> {
  enter(command: Command): void
  readonly state: NodeState
  readonly fault: { readonly fault: NodeFault; readonly message: string } | undefined
  readonly loop: StepLoop
  readonly port: ObservationPort
  readonly router: Router<T>
  readonly application: Pick<ApplicationDesk, 'topic'>
  readonly actor: Actor<typeof rootMachine>
  readonly listening: readonly SocketAddress[]
  /** A subscriber of the application threw. */
  reportThrow(type: string, error: unknown): void
  find(peer: string): Connection<T> | undefined
  connections(): readonly Connection<T>[]
  readonly takesInstructions: boolean
  /** Whether it neither dials nor lets in. */
  readonly isPaused: boolean
  /** Whether one more peer can be dialled by hand, or this one is already. */
  hasRoomFor(address: T['address']): boolean
  /** Whether a ban keeps the node from dialling an address that the application asks for. */
  coversDial(key: BanKey, address: T['address']): boolean
  explain(name: string): Explanation | undefined
  bans(): readonly Ban[]
  /** Whether a manual ban of it can be kept. */
  hasRoomForBan(key: BanKey): boolean
  /** To whom an event of the application's side is told like any of the node's. */
  tell(event: SupervisorEvent): void
  peers(): readonly PeerView[]
  readonly inside: Inside<T>
  /** Undefined where the network or its world speaks none. */
  readonly datagrams: Readonly<Counters> | undefined
  audit(): Audit
  counts(): NodeCounts
}
