/**
 * The datagrams of the memory network: as lossy as the real ones where they must be (nobody there, too
 * large, too many on the way) and otherwise in order and whole.
 * @module
 */
import type { DatagramInput, DatagramSocketId, Datagrams } from '../../world/datagrams.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { localAddress, targetAddress } from '../address.ts'
import { enteredBy, notStarted } from '../later.ts'
import type { Later } from '../later.ts'
import { bindPort, covers, isOwnHost, sourceHost } from './ports.ts'
import type { PortBook } from './ports.ts'
import type { LinkPolicy } from './policy.ts'

/** The longest payload of a UDP datagram over IPv4: 65,535 less 20 and 8 (RFC 768, RFC 791). */
const DATAGRAM_BYTES_MAX = 65_507
/** What one socket has on its way to it; more is lost, as where a system's receive buffer is full. */
const DATAGRAMS_WAITING_MAX = 1_024

export interface MemorySocket {
  readonly address: SocketAddress
  waiting: number
  receive(from: SocketAddress, bytes: Uint8Array): void
}

export interface DatagramNode {
  readonly datagrams: Datagrams
  /** The socket that a datagram to this address of the node arrives at. */
  at(address: SocketAddress): MemorySocket | undefined
  /** Everything is released and nothing told: the process is gone. */
  crash(): void
}

export interface DatagramNodeOptions {
  readonly hosts: readonly string[]
  readonly later: Later
  readonly policy: LinkPolicy | undefined
  /** The socket at an address of the network; undefined where there is none, or no way to it. */
  readonly route: (from: SocketAddress, to: SocketAddress) => MemorySocket | undefined
}

export function startDatagramNode(options: DatagramNodeOptions): DatagramNode {
  const { hosts, later, policy, route } = options
  const sockets = new Map<DatagramSocketId, MemorySocket>()
  /** Asked for and not yet answered: the marker is what tells one asking from the next. */
  const binding = new Map<DatagramSocketId, object>()
  const ports: PortBook = { nextPort: undefined }
  let enter: (input: DatagramInput) => void = notStarted
  let isCrashed = false

  const bound = (): SocketAddress[] => [...sockets.values()].map((socket) => socket.address)

  const bindTo = (id: DatagramSocketId, asked: SocketAddress | undefined): void => {
    if (asked === undefined || !isOwnHost(hosts, asked.host)) {
      return enter({ kind: 'datagrams.failed', socket: id, fault: 'bad-address' })
    }
    const address = bindPort(ports, asked, bound())
    if (address === undefined) {
      return enter({ kind: 'datagrams.failed', socket: id, fault: 'address-in-use' })
    }
    const socket: MemorySocket = {
      address,
      waiting: 0,
      receive(from, bytes) {
        if (socket.waiting >= DATAGRAMS_WAITING_MAX) return
        socket.waiting++
        later(() => {
          socket.waiting--
          if (sockets.get(id) !== socket) return
          enter({ kind: 'datagrams.received', socket: id, from, bytes })
        })
      },
    }
    sockets.set(id, socket)
    enter({ kind: 'datagrams.bound', socket: id, address })
  }

  return {
    datagrams: {
      start(input) {
        enter = enteredBy(enter, input)
      },
      bind(id, address) {
        if (isCrashed) return
        const marker = {}
        binding.set(id, marker)
        later(() => {
          if (binding.get(id) !== marker) return
          binding.delete(id)
          bindTo(id, localAddress(address))
        })
      },
      send(id, to, bytes) {
        const socket = sockets.get(id)
        const target = targetAddress(to)
        if (socket === undefined || target === undefined) return
        if (bytes.length > DATAGRAM_BYTES_MAX) return
        const host = sourceHost(hosts, socket.address.host, target.host)
        if (host === undefined) return
        const from = { host, port: socket.address.port }
        // A copy, because a sender may hand the same bytes to several.
        const copy = bytes.slice()
        if (policy === undefined) return route(from, target)?.receive(from, copy)
        policy.datagram(from, target, copy, (part) => route(from, target)?.receive(from, part))
      },
      unbind(id) {
        binding.delete(id)
        sockets.delete(id)
      },
      held: () => ({ sockets: sockets.size }),
    },
    at: (address) => [...sockets.values()].find((socket) => covers(socket.address, address)),
    crash() {
      isCrashed = true
      binding.clear()
      sockets.clear()
    },
  }
}
