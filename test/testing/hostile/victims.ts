/**
 * Nodes to be attacked in a virtual world: of each network one, as it is or weakened, with the peers
 * that speak its protocol as it is.
 */
import { createSupervisor } from '../../../index.ts'
import type { Protocol, ProtocolTypes, SupervisorEvent } from '../../../index.ts'
import type { HostileGround } from '../../../testing/hostile/ground.ts'
import { hostilePeer } from '../../../testing/hostile/hostile-peer.ts'
import type { HostileOptions } from '../../../testing/hostile/hostile-peer.ts'
import { virtualGround } from '../../../testing/hostile/virtual-ground.ts'
import { startVirtualWorld } from '../../../testing/virtual-world.ts'
import type { Streams } from '../../../world/streams.ts'

const HOST = '10.0.0.1'

/** A private key that nobody else has. */
export function startKeys(): () => Uint8Array {
  let next = 0
  return () => {
    const key = new Uint8Array(32).fill(1)
    new DataView(key.buffer).setUint32(0, ++next)
    return key
  }
}

export interface VictimOptions<T extends ProtocolTypes> {
  /** A manifest for each peer. */
  readonly protocol: () => Protocol<T>
  readonly messages: readonly T['message'][]
  /** Under which the victim is dialled. Left out: host and port. */
  readonly address?: (identity: string, socket: string) => string
  /** The victim's own manifest, where it is another one. */
  readonly victim?: Protocol<T>
  /** Between the network and the victim. */
  readonly through?: (streams: Streams) => Streams
  readonly attack?: Partial<Omit<HostileOptions<T>, 'ground'>>
  /** What is other about where the peers come from. */
  readonly groundOf?: (ground: HostileGround) => HostileGround
}

export function startVictim<T extends ProtocolTypes>(options: VictimOptions<T>) {
  const { address, attack, groundOf = (ground) => ground, messages, protocol, through } = options
  const { victim = protocol() } = options
  const world = startVirtualWorld({ seed: 'hostile' })
  const { datagrams, store, streams, ...rest } = world.nodeWorld('victim', HOST)
  const events: SupervisorEvent[] = []
  const supervisor = createSupervisor<T>({
    name: 'victim',
    protocol: victim,
    transport: through?.(streams) ?? streams,
    store,
    world: rest,
    listen: [`${HOST}:${victim.defaultPort}`],
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  supervisor.events.subscribe((event) => events.push(event))
  const started = supervisor.start()
  world.settle()
  const socket = `${HOST}:${victim.defaultPort}`
  const dialled = address?.(victim.identity ?? '', socket) ?? socket
  const peer = hostilePeer(dialled, protocol, {
    ground: groundOf(virtualGround(world)),
    messages,
    ...attack,
  })
  return {
    peer,
    /** Under which it is dialled. */
    address: dialled,
    world,
    supervisor,
    events,
    async stop() {
      await started
      const stopped = supervisor.stop()
      world.runUntil(() => supervisor.state === 'stopped', { withinMs: 60_000 })
      await stopped
    },
  }
}
