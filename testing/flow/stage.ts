/**
 * What a flow is played on: one supervised node in a virtual world, and at its other side a scripted
 * peer. It knows which connection the flow is about: the one that began last.
 * @module
 */
import { createSupervisor } from '../../index.ts'
import type { Protocol } from '../../actors/protocol.ts'
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import type { GivenLimits } from '../../supervisor/limits.ts'
import type { Supervisor } from '../../supervisor/supervisor-contract.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { scriptedPeer } from '../scripted-peer.ts'
import type { ScriptedPeer } from '../scripted-peer.ts'
import { startVirtualWorld } from '../virtual-world.ts'
import type { VirtualWorld } from '../virtual-world.ts'
import { startFlowLog } from './flow-log.ts'
import type { FlowLog } from './flow-log.ts'

/** How a node is dialled, where an address names more than a host and a port. */
export type AddressOf = (identity: string | undefined, at: SocketAddress) => string

export interface FlowOptions<T extends ProtocolTypes> {
  /** Which side the node is. Left out: the listener. */
  readonly role?: Role
  /** The peer's manifest. With identities it is one with another key. Left out: the node's. */
  readonly peer?: Protocol<T>
  /** `by-itself`: the peer plays its own real handshake. Left out: `by-hand`, all of it is the flow's. */
  readonly handshake?: 'by-hand' | 'by-itself'
  /** Left out: as the network prints the address of a socket. */
  readonly address?: AddressOf | undefined
  /** How the peer's dial differs, where the network has such dials. */
  readonly dial?: T['dial']
  /** The peer leaves its half open when the node has ended its own. Left out: it ends as well. */
  readonly staysOpen?: boolean
  /** Types of messages that the flow is not about: they are passed over when they are sent. */
  readonly ignore?: readonly T['message']['type'][]
  /** Types that the application subscribes to, for `expectDelivered`. */
  readonly subscribe?: readonly T['message']['type'][]
  readonly limits?: GivenLimits
  /** Decides every chance. Default: `flow`. */
  readonly seed?: string
}

const NODE_HOST = '10.0.0.1'
const PEER_HOST = '10.0.0.2'

export interface Stage<T extends ProtocolTypes> {
  readonly world: VirtualWorld
  readonly supervisor: Supervisor<T>
  readonly peer: ScriptedPeer<T>
  readonly log: FlowLog
  readonly events: readonly SupervisorEvent[]
  readonly delivered: readonly T['message'][]
  /** Undefined while the node has none with the peer. */
  readonly connection: string | undefined
  /** As charts print it. */
  sessionState(): string | undefined
  /** A dial of whoever dials; what was before is no longer the flow's connection. */
  connect(): void
}

export function startStage<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  options: FlowOptions<T>,
): Stage<T> {
  const { dial, handshake = 'by-hand', limits, peer: peerProtocol = protocol } = options
  const { address, role = 'listener', seed = 'flow', staysOpen = false } = options
  const addressOf: AddressOf =
    address ?? ((_, at) => protocol.addresses.print(protocol.addresses.fromSocket(at)))
  const world = startVirtualWorld({ seed })
  const at = { host: NODE_HOST, port: protocol.defaultPort }
  const { datagrams, store, streams, ...rest } = world.nodeWorld('node', NODE_HOST)
  const supervisor = createSupervisor<T>({
    ...{ protocol, store, transport: streams, world: rest },
    listen: [`${at.host}:${at.port}`],
    ...(limits === undefined ? {} : { limits }),
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  const log = startFlowLog(supervisor.port, () => world.clock.nowMs)
  const events: SupervisorEvent[] = []
  const delivered: T['message'][] = []
  const sessionStates = new Map<string, string>()
  let connection: string | undefined

  supervisor.port.watch((observation) => {
    if (observation.of !== 'transition' || observation.chart !== 'session') return
    sessionStates.set(observation.name, observation.state)
  })
  supervisor.events.subscribe((event) => {
    events.push(event)
    if (event.type === 'connection.started') ({ connection } = event)
  })
  // That it failed is an event, and so in the log.
  supervisor.start().catch(() => undefined)
  for (const type of options.subscribe ?? []) {
    supervisor.messages(type).subscribe(({ message }) => delivered.push(message))
  }
  world.settle()

  const dialPeer = (): void => {
    const peerAddress = addressOf(peerProtocol.identity, {
      host: PEER_HOST,
      port: peerProtocol.defaultPort,
    })
    // What becomes of it is the connection's to show.
    supervisor.connect(peerAddress).catch(() => undefined)
  }
  const peer = scriptedPeer<T>(world, {
    ...{ handshake, host: PEER_HOST, protocol: peerProtocol, staysOpen },
    ...(dial === undefined ? {} : { dial }),
    ...(role === 'listener' ? { dials: addressOf(protocol.identity, at) } : {}),
  })
  if (role === 'dialler') dialPeer()
  world.settle()

  return {
    ...{ world, supervisor, peer, log, events, delivered },
    get connection() {
      return connection
    },
    sessionState: () => (connection === undefined ? undefined : sessionStates.get(connection)),
    connect() {
      connection = undefined
      if (role === 'dialler') dialPeer()
      else peer.connect()
      world.settle()
    },
  }
}
