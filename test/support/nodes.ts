import { createSupervisor } from '../../index.ts'
import type {
  CryptoBackend,
  NodeLimits,
  Protocol,
  ProtocolTypes,
  SupervisorEvent,
} from '../../index.ts'
import type { ConnectionFactory } from '../../actors/connection-contract.ts'
import type { Jobs } from '../../world/jobs.ts'
import type { Names } from '../../world/names.ts'
import type { Store } from '../../world/store.ts'
import { overwritingFreed } from './freed.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'

interface StartOptions<T extends ProtocolTypes> {
  readonly connection?: ConnectionFactory<T>
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly limits?: Partial<NodeLimits>
  readonly store?: Store
  readonly crypto?: CryptoBackend
  readonly jobs?: Jobs
  readonly names?: Names
  /** It is paused before it starts. */
  readonly isPaused?: boolean
}

/** A supervised node in a virtual world, started as far as the present instant lets it. */
export function startNode<T extends ProtocolTypes>(
  world: VirtualWorld,
  name: string,
  host: string,
  protocol: Protocol<T>,
  options: StartOptions<T> = {},
) {
  const { crypto, jobs, names } = options
  const { datagrams, store, streams, ...rest } = world.nodeWorld(name, host, {
    // Nobody may look at what was read up: here they would see it.
    crypto: crypto ?? overwritingFreed(),
    ...(jobs === undefined ? {} : { jobs }),
    ...(names === undefined ? {} : { names }),
  })
  const events: SupervisorEvent[] = []
  const supervisor = createSupervisor({
    name,
    protocol,
    transport: streams,
    store: options.store ?? store,
    world: rest,
    listen: options.listen ?? [`${host}:${protocol.defaultPort}`],
    peers: { bootstrap: options.bootstrap ?? [] },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.connection === undefined ? {} : { connection: options.connection }),
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  supervisor.events.subscribe((event) => events.push(event))
  if (options.isPaused === true) supervisor.pause()
  const started = supervisor.start()
  // Whoever waits for it sees why it failed.
  started.catch(() => undefined)
  world.settle()
  const eventsOf = <Type extends SupervisorEvent['type']>(type: Type) =>
    events.filter(
      (event): event is Extract<SupervisorEvent, { readonly type: Type }> => event.type === type,
    )
  return { supervisor, events, eventsOf, started, host }
}

/** What a node holds that its end has to give back. */
export const NOTHING_HELD = {
  streams: 0,
  listeners: 0,
  datagramSockets: 0,
  timers: 0,
  questions: 0,
  connections: 0,
  slots: 0,
  pending: 0,
  dials: 0,
  subscribers: 0,
  handlers: 0,
  handled: 0,
  feeds: 0,
  topics: 0,
  namedHandlers: 0,
  calls: 0,
  writes: 0,
  creditBytes: 0,
}

export { startVirtualWorld }
