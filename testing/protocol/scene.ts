/**
 * One run of a contract: nodes of one network in a virtual world, each recorded, and at the end each
 * stopped, found to hold nothing, and run again from its recorded inputs.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import type { Protocol } from '../../actors/protocol.ts'
import { connectionMachine } from '../../machines/connection.ts'
import { rootMachine } from '../../machines/root.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import type { NodeCharts, NodeLimits } from '../../supervisor/node-contract.ts'
import { createSupervisorOver } from '../../supervisor/supervisor.ts'
import type { ConnectionInfo, Supervisor } from '../../supervisor/supervisor-contract.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import type { Random } from '../../world/random.ts'
import type { Store } from '../../world/store.ts'
import type { Streams } from '../../world/streams.ts'
import { heldBy, isAccounted } from '../account.ts'
import type { Closing } from '../account.ts'
import { record, replay } from '../recording.ts'
import type { Recording } from '../recording.ts'
import { startVirtualWorld } from '../virtual-world.ts'
import type { VirtualWorld } from '../virtual-world.ts'
import { isInjected } from './instrument.ts'
import { startPuppet } from './puppet.ts'
import type { Puppet } from './puppet.ts'
import { rememberingCrypto } from './remembering-crypto.ts'
import type { SceneSubject, Seat } from './subject.ts'
import { tamperedStreams } from './tampering.ts'
import type { Tampering } from './tampering.ts'

export const HOSTS: Readonly<Record<Seat, string>> = {
  listener: '10.0.0.1',
  dialler: '10.0.0.2',
  bystander: '10.0.0.3',
}
/** Where nobody is. */
const EMPTY_HOST = '10.0.0.99'
const PUPPET_HOST = '10.0.0.9'
/** For a stop; farewells that are waited for longer are cut short, which is a stop's right. */
const GRACE_MS = 60_000

export interface SceneNode<T extends ProtocolTypes> {
  readonly seat: Seat
  /** Under which the others dial it. */
  readonly address: string
  readonly supervisor: Supervisor<T>
  /** May be changed at any time. */
  readonly tampering: Tampering
  readonly events: readonly { readonly atMs: number; readonly event: SupervisorEvent }[]
  /** What its subscribers got. */
  readonly heard: readonly T['message'][]
  /** Of units that were passed over. */
  readonly refused: readonly string[]
  closings(): readonly Closing[]
  faults(): readonly unknown[]
  /** Bytes of each delivery, of all its streams. */
  deliveries(): readonly number[]
  /** Bytes on the wire of each unit that it read, of all its streams. */
  readonly units: readonly number[]
  /** All but those with the bystander. */
  connections(): readonly ConnectionInfo[]
  /** The name of its first active one of these. */
  active(): string | undefined
  /** Sends on that one, if there is any. A fault that was injected is kept, and not thrown on. */
  say(message: T['message']): void
}

export interface NodeParts<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly charts: NodeCharts
}

export interface StartOptions<T extends ProtocolTypes> {
  /** Another manifest than the subject's; called again for the replay. */
  readonly protocol?: () => Protocol<T>
  readonly limits?: Partial<NodeLimits>
  /** Left out: true. */
  readonly isStarted?: boolean
  /** What its store does otherwise. */
  readonly store?: Partial<Store>
  /** Between the network and the node, behind the tampering. */
  readonly through?: (streams: Streams) => Streams
}

export interface PuppetChoice<T extends ProtocolTypes> {
  /** Whose wire it has; left out: the subject's. */
  readonly protocol?: Protocol<T>
  readonly dial?: T['dial']
}

export interface Scene<T extends ProtocolTypes> {
  readonly world: VirtualWorld
  readonly crypto: CryptoBackend
  start(seat: Seat, options?: StartOptions<T>): SceneNode<T>
  /** Until both have an active connection more, for at most their establish deadline. */
  meet(dialler: SceneNode<T>, listener: SceneNode<T>, isCutShort?: () => boolean): boolean
  dial(from: SceneNode<T>, address: string): void
  /** Its process is gone. */
  kill(node: SceneNode<T>): void
  /** An address that is well formed and where nobody is; the way to it is `silent` or refused. */
  nowhere(seat: Seat): string
  /** A peer that is only a wire: it dials a node, or takes the place of one that listens. */
  puppet(to: SceneNode<T> | Seat, options?: PuppetChoice<T>): Puppet<T>
  /** Injected faults that a call of the public API threw, or rejected with. */
  readonly caught: unknown[]
  readonly nodes: readonly SceneNode<T>[]
}

export interface SceneOptions<T extends ProtocolTypes> {
  readonly seed?: string
  /** Changes what a node runs; called for the node and again for its replay. */
  prepare?(seat: Seat, parts: NodeParts<T>): NodeParts<T>
  /** Left out: true. */
  readonly isRepeated?: boolean
  /** Looks at what came of it, once all nodes have stopped. */
  afterwards?(scene: Scene<T>): void
}

const CHARTS: NodeCharts = { connection: connectionMachine, root: rootMachine }

let sharedCrypto: CryptoBackend | undefined

interface Started<T extends ProtocolTypes> {
  readonly node: SceneNode<T>
  readonly recording: Recording
  readonly partsAgain: () => NodeParts<T>
  readonly limits: NodeLimits
  readonly random: () => Random
}

export function startScene<T extends ProtocolTypes>(
  subject: SceneSubject<T>,
  options: SceneOptions<T> = {},
) {
  const { seed = 'contract', prepare = (_: Seat, parts: NodeParts<T>) => parts } = options
  const crypto = (sharedCrypto ??= rememberingCrypto(chooseCrypto()))
  const world = startVirtualWorld({ seed })
  const started: Started<T>[] = []
  const caught: unknown[] = []
  const waits: [Seat, Promise<unknown>][] = []
  const killed = new Set<Seat>()
  let puppets = 0
  const types = new Set([...subject.talk.dialler, ...subject.talk.listener].map(({ type }) => type))

  /** Whatever it comes to: what a wait says is not what is looked at here, but for injected faults. */
  const wait = (seat: Seat, waiting: Promise<unknown>): void => {
    waits.push([
      seat,
      waiting.catch((error: unknown) => {
        if (isInjected(error)) caught.push(error)
      }),
    ])
  }

  const addressOf = (seat: Seat, host: string): string =>
    subject.address?.(seat, host) ?? `${host}:${subject.protocol(seat).defaultPort}`

  const start = (seat: Seat, own: StartOptions<T> = {}): SceneNode<T> => {
    const host = HOSTS[seat]
    const makeProtocol = own.protocol ?? (() => subject.protocol(seat))
    const partsAgain = () => prepare(seat, { protocol: makeProtocol(), charts: CHARTS })
    const random = () => seededRandom(seed).fork(seat)
    const parts = partsAgain()
    const limits = { ...NODE_LIMITS, ...own.limits }
    const tampering: Tampering = {}
    const { store, streams, ...rest } = world.nodeWorld(seat, host, { crypto, random: random() })
    const tampered = tamperedStreams(streams, tampering)
    const supervisor = createSupervisorOver<T>({
      name: seat,
      ...parts,
      world: {
        ...rest,
        store: { ...store, ...own.store },
        streams: own.through?.(tampered) ?? tampered,
      },
      listen: [{ host, port: parts.protocol.defaultPort }],
      bootstrap: [],
      limits,
    })
    const events: { atMs: number; event: SupervisorEvent }[] = []
    const heard: T['message'][] = []
    const refused: string[] = []
    const units: number[] = []
    const recording = record(supervisor.port, crypto)
    supervisor.port.watch((observation) => {
      if (observation.of === 'refused') refused.push(observation.detail)
      const isUnit = observation.of === 'message' && observation.direction === 'received'
      if (isUnit || observation.of === 'refused') units.push(observation.bytesOnWire)
    })
    supervisor.events.subscribe((event) => {
      events.push({ atMs: world.clock.nowMs, event })
      if (event.type === 'datagrams.refused') refused.push(event.detail)
    })
    if (own.isStarted !== false) wait(seat, supervisor.start())
    for (const type of types) {
      supervisor.messages(type).subscribe(({ message }) => heard.push(message))
    }
    world.settle()
    const node: SceneNode<T> = {
      seat,
      address: addressOf(seat, host),
      supervisor,
      tampering,
      events,
      heard,
      refused,
      units,
      closings: () =>
        events.flatMap(({ event }) => (event.type === 'connection.closed' ? [event] : [])),
      faults: () => events.flatMap(({ event }) => (event.type === 'fault' ? [event.error] : [])),
      deliveries: () =>
        recording.entries.flatMap(({ input }) =>
          input.kind === 'stream.bytes' ? [input.bytes.length] : [],
        ),
      connections: () =>
        supervisor.connections().filter(({ address }) => !address.includes(HOSTS.bystander)),
      active: () => node.connections().find(({ phase }) => phase === 'active')?.name,
      say(message) {
        const to = node.active()
        if (to === undefined) return
        try {
          supervisor.send(to, message)
        } catch (error) {
          if (!isInjected(error)) throw error
          caught.push(error)
        }
      },
    }
    started.push({ node, recording, partsAgain, limits, random })
    return node
  }

  const scene: Scene<T> = {
    world,
    crypto,
    start,
    get nodes() {
      return started.map(({ node }) => node)
    },
    dial(from, address) {
      wait(from.seat, from.supervisor.connect(address))
      world.settle()
    },
    meet(dialler, listener, isCutShort = () => false) {
      const activeOf = ({ connections }: SceneNode<T>): number =>
        connections().filter(({ phase }) => phase === 'active').length
      const before = [activeOf(dialler), activeOf(listener)] as const
      const haveMet = () => activeOf(dialler) > before[0] && activeOf(listener) > before[1]
      const { connectMs, establish } = subject.protocol(dialler.seat).deadlines
      scene.dial(dialler, listener.address)
      world.runUntil(() => haveMet() || isCutShort(), { withinMs: connectMs + establish.ms })
      return haveMet()
    },
    nowhere: (seat) => addressOf(seat, EMPTY_HOST),
    puppet(to, { dial, protocol } = {}) {
      puppets++
      const random = seededRandom(seed).fork(`puppet ${puppets}`)
      const name = `puppet ${puppets}`
      if (typeof to === 'string') {
        const own = protocol ?? subject.protocol(to)
        const { streams } = world.nodeWorld(name, HOSTS[to])
        const at = { host: HOSTS[to], port: own.defaultPort }
        const puppet = startPuppet<T>({
          ...{ at, crypto, protocol: own, random, role: 'listener', streams },
        })
        world.settle()
        return puppet
      }
      const own = protocol ?? subject.protocol('dialler')
      const { streams } = world.nodeWorld(name, PUPPET_HOST.replace('9', String(8 + puppets)))
      const parsed = own.addresses.parse(to.address)
      if ('wrong' in parsed) throw new Error(parsed.wrong)
      const puppet = startPuppet<T>({
        ...{ crypto, dial, protocol: own, random, role: 'dialler', streams },
        ...{ at: own.addresses.socket(parsed.address), target: parsed.address },
      })
      world.settle()
      return puppet
    },
    kill({ seat }) {
      killed.add(seat)
      world.kill(seat)
    },
    caught,
  }

  /** Stops every node and says what is wrong with how that ended. */
  const stopAll = async (): Promise<void> => {
    const living = started.filter(({ node }) => !killed.has(node.seat))
    const stops = living.map(({ node }) => node.supervisor.stop({ graceMs: GRACE_MS }))
    const isOver = () =>
      living.every(({ node: { supervisor } }) => ['stopped', 'failed'].includes(supervisor.state))
    world.runUntil(isOver, { withinMs: 2 * GRACE_MS })
    world.settle()
    if (!isOver()) throw new Error('a node did not stop within its grace')
    await Promise.all(stops)
    await Promise.all(waits.flatMap(([seat, waiting]) => (killed.has(seat) ? [] : [waiting])))
    for (const { node } of living) {
      const held = heldBy(node.supervisor.audit())
      if (held.length > 0) throw new Error(`${node.seat} still holds ${held.join(', ')}`)
      const wrong = node.faults().filter((error) => !isInjected(error))
      if (wrong.length > 0) throw new Error(`${node.seat} had a fault`, { cause: wrong[0] })
      const unaccounted = node.closings().find((closing) => !isAccounted(closing))
      if (unaccounted !== undefined) {
        throw new Error(`${unaccounted.connection} received what was neither handled nor dropped`)
      }
    }
  }

  const repeat = ({ limits, node, recording, partsAgain, random }: Started<T>): void => {
    recording.stop()
    const parts = partsAgain()
    const difference = replay<T>(recording, {
      name: node.seat,
      ...parts,
      listen: [{ host: HOSTS[node.seat], port: parts.protocol.defaultPort }],
      bootstrap: [],
      limits,
      crypto,
      random: random(),
    })
    if (difference === undefined) return
    const { expected: was, got, position } = difference
    throw new Error(
      `${node.seat}, run again from its inputs, differs at ${position}: ${got ?? 'nothing'} in place of ${was ?? 'nothing'}`,
    )
  }

  return {
    scene,
    async finish(): Promise<void> {
      await stopAll()
      options.afterwards?.(scene)
      if (options.isRepeated !== false) for (const one of started) repeat(one)
    },
  }
}

/** One whole run. Errors are given where in a series it stood. */
export async function playScene<T extends ProtocolTypes, Result>(
  subject: SceneSubject<T>,
  where: string,
  play: (scene: Scene<T>) => Result,
  options?: SceneOptions<T>,
): Promise<Result> {
  const { scene, finish } = startScene(subject, options)
  try {
    const result = play(scene)
    await finish()
    return result
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Whether the messages are the same, byte for byte. */
export const sameMessages = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  isDeepStrictEqual(one, other)
