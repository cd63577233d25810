/**
 * A network in memory: hosts with addresses of their own, streams with a bounded window, datagrams.
 * It behaves as the sockets it stands for where that can hurt (half-open ends, resets, a peer that
 * never reads stops the sender), and every run of the same calls delivers the same, in the same order.
 *
 * It delivers nothing inside a call, and nothing by itself: each delivery is one entry of a queue,
 * which a test or a virtual clock runs. There is no time in it but what a policy brings.
 * @module
 */
import type { Datagrams } from '../world/datagrams.ts'
import type { SocketAddress, StreamId, Streams } from '../world/streams.ts'
import { canonicalHost } from '../codec/host.ts'
import { asWritten } from './memory/chunking.ts'
import type { Chunking } from './memory/chunking.ts'
import { createDeliveryQueue } from './later.ts'
import type { DeliveryQueue } from './later.ts'
import { startDatagramNode } from './memory/datagrams.ts'
import type { DatagramNode } from './memory/datagrams.ts'
import { createLinks } from './memory/link.ts'
import type { LinkPolicy, Reach } from './memory/policy.ts'
import { startStreamNode } from './memory/streams.ts'
import type { StreamNode } from './memory/streams.ts'

export interface MemoryNetworkOptions {
  /** Where deliveries wait; that of a virtual clock, or one of its own. */
  readonly queue?: DeliveryQueue
  /** Default: `asWritten`. */
  readonly chunking?: Chunking
  /** How much of one direction of a stream may be on its way. Default: 64 KiB. */
  readonly windowBytes?: number
  /** How long things are on their way, and what happens to them there. Default: nothing does. */
  readonly policy?: LinkPolicy
}

/** What Linux gives a connection to begin with is of this order (`tcp_rmem`, `tcp_wmem`). */
const WINDOW_BYTES = 64 * 1_024

export interface MemoryNode {
  readonly streams: Streams
  readonly datagrams: Datagrams
  /** The process is gone: the host is free again, the far sides see what a system then sends them. */
  crash(): void
}

export interface MemoryNetwork {
  /**
   * A host of the network under one or more IP literals.
   * @throws {RangeError} not an IP literal, or taken
   */
  node(host: string, ...more: readonly string[]): MemoryNode
  readonly pending: number
  /** One delivery; false when there is none. */
  deliver(): boolean
  /** Until nothing waits; returns how many deliveries that took. */
  run(deliveriesMax?: number): number

  /** Holds for all that is delivered from now on. */
  setChunking(chunking: Chunking): void
  /** What becomes of each dial; of each datagram too, which is lost unless the way is open. */
  setReach(reach: (from: SocketAddress, to: SocketAddress) => Reach): void
  /** The next accept on this host finds no descriptor: the listener is told, the dialler is reset. */
  failNextAccept(host: string): void
  /** Breaks a stream of this host, for both sides. */
  reset(host: string, stream: StreamId): void
  /** The next `stream.sent` for this stream of this host is lost. */
  loseNextSent(host: string, stream: StreamId): void
}

interface HostParts {
  readonly streams: StreamNode
  readonly datagrams: DatagramNode
}

export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const { queue = createDeliveryQueue(), windowBytes = WINDOW_BYTES, policy } = options
  const parts = new Map<string, HostParts>()
  let chunking = options.chunking ?? asWritten
  let reach: (from: SocketAddress, to: SocketAddress) => Reach = () => 'open'

  const links = createLinks({
    later: queue.later,
    windowBytes,
    policy,
    chunking: (ready, reader) => chunking(ready, reader),
  })

  const partsOf = (host: string): HostParts => {
    const found = parts.get(canonicalHost(host) ?? host)
    if (found === undefined) throw new RangeError(`there is no host ${host} in this network`)
    return found
  }

  return {
    node(...names) {
      const hosts = names.map((name) => {
        const host = canonicalHost(name)
        if (host === undefined) throw new RangeError(`${name} is not an IP literal`)
        if (parts.has(host)) throw new RangeError(`the host ${host} is taken`)
        return host
      })
      const streams = startStreamNode({
        hosts,
        later: queue.later,
        links,
        policy,
        conditions: policy?.addHost(hosts),
        reach: (from, to) => reach(from, to),
        nodeAt: (host) => parts.get(host)?.streams,
      })
      const datagrams = startDatagramNode({
        hosts,
        later: queue.later,
        policy,
        route: (from, to) =>
          reach(from, to) === 'open' ? parts.get(to.host)?.datagrams.at(to) : undefined,
      })
      for (const host of hosts) parts.set(host, { streams, datagrams })
      return {
        streams: streams.streams,
        datagrams: datagrams.datagrams,
        crash() {
          for (const host of hosts) {
            if (parts.get(host)?.streams === streams) parts.delete(host)
          }
          streams.crash()
          datagrams.crash()
        },
      }
    },
    get pending() {
      return queue.pending
    },
    deliver: () => queue.deliver(),
    run: (deliveriesMax) => queue.run(deliveriesMax),
    setChunking(next) {
      chunking = next
    },
    setReach(next) {
      reach = next
    },
    failNextAccept: (host) => partsOf(host).streams.failNextAccept(),
    reset: (host, stream) => partsOf(host).streams.reset(stream),
    loseNextSent: (host, stream) => partsOf(host).streams.loseNextSent(stream),
  }
}
