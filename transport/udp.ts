/**
 * Datagrams over UDP. As with TCP no name is resolved here, and nothing is told inside a call.
 * @module
 */
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import type { DatagramInput, DatagramSocketId, Datagrams } from '../world/datagrams.ts'
import type { SocketAddress } from '../world/streams.ts'
import { canonicalHost } from '../codec/host.ts'
import { isIPv6Host, localAddress, printedAddress, targetAddress } from './address.ts'
import { faultOf } from './faults.ts'
import { enteredBy, notStarted } from './later.ts'

export interface UdpOptions {
  /** Whether a socket on `::` leaves IPv4 to others. Default: false, it takes both. */
  readonly ipv6Only?: boolean
}

/**
 * How much one socket may have handed to the system without an answer. The system answers within the
 * turn unless its buffer is full, and a datagram that waits for that is better lost.
 */
const SENDING_BYTES_MAX = 1_024 * 1_024

interface Bound {
  readonly socket: Socket
  readonly isIPv6: boolean
  /** Node would queue without a bound what is sent before the socket is bound. */
  isBound: boolean
}

/** Why it stays on a socket that was given up, tcp-stream.ts says. */
const ignoreLateError = (): void => undefined

/** The address as a socket of this family takes it; undefined where it cannot reach it. */
function hostFor({ isIPv6 }: Bound, host: string): string | undefined {
  if (isIPv6Host(host)) return isIPv6 ? host : undefined
  return isIPv6 ? `::ffff:${host}` : host
}

export function udp(options: UdpOptions = {}): Datagrams {
  const { ipv6Only = false } = options
  const sockets = new Map<DatagramSocketId, Bound>()
  /** Asked for with an address that cannot be; the answer is on its way. */
  const refused = new Set<DatagramSocketId>()
  let enter: (input: DatagramInput) => void = notStarted

  const release = (id: DatagramSocketId): void => {
    const socket = sockets.get(id)?.socket
    if (socket === undefined) return
    sockets.delete(id)
    socket.removeAllListeners('message').removeAllListeners('listening')
    socket.removeAllListeners('error').on('error', ignoreLateError)
    socket.close()
  }

  const bindTo = (id: DatagramSocketId, { host, port }: SocketAddress): void => {
    const isIPv6 = isIPv6Host(host)
    const socket = createSocket({ type: isIPv6 ? 'udp6' : 'udp4', ipv6Only })
    const entry: Bound = { socket, isIPv6, isBound: false }
    sockets.set(id, entry)
    socket.on('listening', () => {
      entry.isBound = true
      const bound = socket.address()
      const address = { host: canonicalHost(bound.address) ?? bound.address, port: bound.port }
      enter({ kind: 'datagrams.bound', socket: id, address })
    })
    socket.on('message', (message: Buffer, { address, port }: RemoteInfo) => {
      const from = printedAddress(address, port)
      // Nobody can send from port 0 and be answered; the system lets it through.
      if (from === undefined || port === 0) return
      // A plain Uint8Array: a Buffer's `slice` is a view, where everyone else's is a copy.
      const bytes = new Uint8Array(message.buffer, message.byteOffset, message.length)
      enter({ kind: 'datagrams.received', socket: id, from, bytes })
    })
    socket.on('error', (error) => {
      release(id)
      enter({ kind: 'datagrams.failed', socket: id, fault: faultOf(error) })
    })
    socket.bind({ address: host, port, exclusive: true })
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    bind(id, address) {
      const local = localAddress(address)
      if (local !== undefined) return bindTo(id, local)
      refused.add(id)
      setImmediate(() => {
        if (!refused.delete(id)) return
        enter({ kind: 'datagrams.failed', socket: id, fault: 'bad-address' })
      })
    },
    send(id, to, bytes) {
      const bound = sockets.get(id)
      const target = targetAddress(to)
      if (bound === undefined || !bound.isBound || target === undefined) return
      const host = hostFor(bound, target.host)
      if (host === undefined || bound.socket.getSendQueueSize() > SENDING_BYTES_MAX) return
      // With a callback a failed send is no 'error' of the socket. It is a datagram that was lost, as
      // datagrams are: too large, unreachable, no buffer.
      bound.socket.send(bytes, target.port, host, ignoreLateError)
    },
    unbind(id) {
      refused.delete(id)
      release(id)
    },
    held: () => ({ sockets: sockets.size }),
  }
}
