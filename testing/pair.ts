/**
 * Two supervised nodes of one network in a virtual world, connected with each other and active: what
 * a test of anything above the handshake begins with.
 * @module
 */
import { createSupervisor } from '../index.ts'
import type { ChildSpec } from '../actors/child.ts'
import type { ConnectionFactory } from '../actors/connection-contract.ts'
import type { Protocol } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { JournalRecording } from '../journal/recording.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { GivenLimits } from '../supervisor/limits.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { heldBy, isAccounted } from './account.ts'
import type { AddressOf } from './flow/stage.ts'
import { startVirtualWorld } from './virtual-world.ts'
import type { VirtualWorld } from './virtual-world.ts'
import { until } from './waiting.ts'
import type { WaitingOptions } from './waiting.ts'

export interface PairOptions<T extends ProtocolTypes> {
  /** Decides every chance. Default: `pair`. */
  readonly seed?: string
  readonly limits?: GivenLimits
  /** In place of the manifest's own sub-protocols; none: `[]`. */
  readonly children?: readonly ChildSpec<T>[]
  /** How a node is dialled. Left out: as the network prints the address of a socket. */
  readonly address?: AddressOf | undefined
  /** Records one of them, or both, from its start. */
  readonly record?: Readonly<Partial<Record<Role, JournalRecording>>>
  /** What makes the connections of one of them, or of both: that of `recordConnections`. */
  readonly connection?: Readonly<Partial<Record<Role, ConnectionFactory<T>>>>
}

export interface PairNode<T extends ProtocolTypes> {
  readonly supervisor: Supervisor<T>
  /** Under which the others dial it. */
  readonly address: string
  /** The name of its connection with the other: what `send` takes. */
  readonly connection: string
  /** All of them, from its start. */
  readonly events: readonly SupervisorEvent[]
}

export interface NodePair<T extends ProtocolTypes> {
  readonly world: VirtualWorld
  readonly dialler: PairNode<T>
  readonly listener: PairNode<T>
  /** Moves the world until a promise of the public API has settled. */
  until<Value>(waiting: Promise<Value>, options?: WaitingOptions): Promise<Value>
  /** Stops both. @throws {Error} one of them holds something still, or a part of it threw */
  stop(): Promise<void>
}

const HOSTS: Readonly<Record<Role, string>> = { listener: '10.0.0.1', dialler: '10.0.0.2' }
/** Farewells that are waited for longer are cut short, which is a stop's right. */
const STOP_GRACE_MS = 60_000

/**
 * @param protocol the manifest of both, or what gives each its own: with identities each needs another
 * @throws {Error} they did not come together within the network's own time
 */
export function startPair<T extends ProtocolTypes>(
  protocol: Protocol<T> | ((role: Role) => Protocol<T>),
  options: PairOptions<T> = {},
): NodePair<T> {
  const { children, connection = {}, limits, record = {}, seed = 'pair' } = options
  const world = startVirtualWorld({ seed })

  const start = (role: Role) => {
    const given = typeof protocol === 'function' ? protocol(role) : protocol
    const own = children === undefined ? given : { ...given, children }
    const at = { host: HOSTS[role], port: own.defaultPort }
    const { datagrams, store, streams, ...rest } = world.nodeWorld(role, at.host)
    const supervisor = createSupervisor<T>({
      ...{ name: role, protocol: own, store, transport: streams, world: rest },
      listen: [`${at.host}:${at.port}`],
      ...(limits === undefined ? {} : { limits }),
      ...(record[role] === undefined ? {} : { record: record[role] }),
      ...(connection[role] === undefined ? {} : { connection: connection[role] }),
      ...(datagrams === undefined ? {} : { datagrams }),
    })
    const events: SupervisorEvent[] = []
    supervisor.events.subscribe((event) => events.push(event))
    // That it failed is an event, and no connection comes of it.
    supervisor.start().catch(() => undefined)
    world.settle()
    const { print, fromSocket } = own.addresses
    const address = options.address?.(own.identity, at) ?? print(fromSocket(at))
    const activeConnection = (): string | undefined =>
      supervisor.connections().find(({ phase }) => phase === 'active')?.name
    return { supervisor, address, events, activeConnection, deadlines: own.deadlines }
  }
  const [listener, dialler] = [start('listener'), start('dialler')]
  const both = [dialler, listener]
  const { connectMs, establish } = dialler.deadlines

  // What becomes of it is seen below.
  dialler.supervisor.connect(listener.address).catch(() => undefined)
  const haveMet = () => both.every(({ activeConnection }) => activeConnection() !== undefined)
  if (!world.runUntil(haveMet, { withinMs: connectMs + establish.ms })) {
    const ends = both
      .flatMap(({ events }) => events)
      .flatMap((event) =>
        event.type === 'connection.closed'
          ? [`${event.connection}: ${event.detail}`]
          : event.type === 'node.failed'
            ? [event.message]
            : [],
      )
    throw new Error(`the two nodes did not come together: ${ends.join(', ') || 'nothing came'}`)
  }
  world.settle()

  const nodeOf = (started: ReturnType<typeof start>): PairNode<T> => {
    const { activeConnection, address, events, supervisor } = started
    return { supervisor, address, events, connection: activeConnection() ?? '' }
  }

  return {
    world,
    dialler: nodeOf(dialler),
    listener: nodeOf(listener),
    until: (waiting, waitingOptions) => until(world, waiting, waitingOptions),
    async stop() {
      const stopping = both.map(({ supervisor }) => supervisor.stop({ graceMs: STOP_GRACE_MS }))
      await until(world, Promise.all(stopping), { withinMs: 2 * STOP_GRACE_MS })
      world.settle()
      for (const { events, supervisor } of both) {
        const held = heldBy(supervisor.audit())
        if (held.length > 0) {
          throw new Error(`a node has stopped and still holds ${held.join(', ')}`)
        }
        for (const event of events) {
          if (event.type === 'fault') {
            throw new Error(`a part of a node threw: ${event.where}`, { cause: event.error })
          }
          if (event.type === 'connection.closed' && !isAccounted(event)) {
            throw new Error(
              `${event.connection} received what was neither handled nor dropped for a reason`,
            )
          }
        }
      }
    },
  }
}
