/**
 * Several nodes in one process, in a world that a test or a simulation moves: one clock, one network,
 * one queue in which everything waits that is to be told to a node. One seed decides all of it.
 * @module
 */
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { inlineJobs } from '../transport/jobs.ts'
import type { Later } from '../transport/later.ts'
import type { MemoryNode } from '../transport/memory.ts'
import { staticNames } from '../transport/names.ts'
import { seededRandom } from '../transport/random.ts'
import { simulatedNetwork } from '../transport/simulated.ts'
import type { SimulatedNetwork, SimulatedNetworkOptions } from '../transport/simulated.ts'
import { virtualClock } from '../transport/virtual-clock.ts'
import type { VirtualClock, VirtualClockOptions } from '../transport/virtual-clock.ts'
import type { Clock } from '../world/clock.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Random } from '../world/random.ts'
import type { World } from '../world/world.ts'
import { simulatedMedium } from './simulated-store.ts'
import type { SimulatedMedium } from './simulated-store.ts'

export interface VirtualWorldOptions
  extends Omit<VirtualClockOptions, 'queue'>, Omit<SimulatedNetworkOptions, 'clock' | 'random'> {
  /** Decides every chance in this world. */
  readonly seed: string | Uint8Array
  /** What host names lead to. Left out: there are none. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

/** What a node has in place of this world's own: a clock that is ahead, names, another store. */
export interface NodeOptions extends Partial<Omit<World, 'clock' | 'streams' | 'datagrams'>> {
  /** By how much its wall clock is ahead of the others. Default: 0. */
  readonly wallAheadMs?: number
}

export interface VirtualWorld {
  readonly clock: VirtualClock
  readonly network: SimulatedNetwork
  /** For whoever moves this world: faults, workloads. Its draws shift none of the nodes'. */
  readonly random: Random
  /** Everything that is left at this instant. */
  settle(): void
  /** Everything up to `ms` from now, each at its time. */
  advance(ms: number): void
  /** Until `isDone`, asked after each input, or `withinMs` are over: then false. */
  runUntil(isDone: () => boolean, limit: { readonly withinMs: number }): boolean
  /**
   * The world of one node, to be used once. A name that was killed may come back: with what its store
   * had kept, and with other chance.
   * @throws {Error} a node of this name lives @throws {RangeError} the host is none, or is taken
   */
  nodeWorld(name: string, host: string, options?: NodeOptions): World
  /**
   * The node's process is gone: nothing enters it any more, its sockets are closed as a system closes
   * them, what its store had not committed is lost.
   */
  kill(name: string): void
  /** What the node's store keeps when the node is killed. */
  medium(name: string): SimulatedMedium
}

interface LivingNode {
  isAlive: boolean
  readonly clock: Clock
  readonly network: MemoryNode
  readonly world: World
}

export function startVirtualWorld(options: VirtualWorldOptions): VirtualWorld {
  const { names = {}, seed, ...rest } = options
  const clock = virtualClock(rest)
  const { later } = clock.queue
  const root = seededRandom(seed)
  const network = simulatedNetwork({ ...rest, clock, random: root.fork('network') })
  const living = new Map<string, LivingNode>()
  const media = new Map<string, SimulatedMedium>()
  const incarnations = new Map<string, number>()

  let crypto: CryptoBackend | undefined
  const chosenCrypto = (): CryptoBackend => (crypto ??= chooseCrypto())

  const mediumOf = (name: string): SimulatedMedium => {
    const medium = media.get(name) ?? simulatedMedium()
    media.set(name, medium)
    return medium
  }

  return {
    clock,
    network,
    random: root.fork('world'),
    settle: () => clock.settle(),
    advance: (ms) => clock.advance(ms),
    runUntil: (isDone, limit) => clock.runUntil(isDone, limit),
    nodeWorld(name, host, { wallAheadMs = 0, ...own } = {}) {
      if (living.has(name)) throw new Error(`the node ${name} lives`)
      const node = network.node(host)
      const incarnation = (incarnations.get(name) ?? 0) + 1
      incarnations.set(name, incarnation)
      const nodeCrypto = own.crypto ?? chosenCrypto()
      /** What a process had asked for dies with it. */
      const whileAlive: Later = (run) => {
        later(() => {
          if (self.isAlive) run()
        })
      }
      const nodeClock = clock.forNode({ wallAheadMs })
      const world: World = {
        clock: nodeClock,
        crypto: nodeCrypto,
        datagrams: node.datagrams,
        jobs: own.jobs ?? inlineJobs(nodeCrypto, { later: whileAlive, sliceMs: 0 }),
        names: own.names ?? staticNames(names, { later: whileAlive }),
        random: own.random ?? root.fork(`node ${name} ${incarnation}`),
        store: own.store ?? mediumOf(name).store({ later: whileAlive, commits: 'turn' }),
        streams: node.streams,
      }
      const self: LivingNode = { isAlive: true, clock: nodeClock, network: node, world }
      living.set(name, self)
      return world
    },
    kill(name) {
      const node = living.get(name)
      if (node === undefined) throw new Error(`no node ${name} lives`)
      living.delete(name)
      node.isAlive = false
      node.clock.stop()
      node.world.jobs.stop()
      node.network.crash()
      media.get(name)?.crash()
    },
    medium: mediumOf,
  }
}
