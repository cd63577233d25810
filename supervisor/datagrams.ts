/**
 * Datagrams of a network that speaks them: decoded, bounded a group, routed like messages of a
 * connection. A datagram's peer is the identity that its codec proved, else its address.
 * @module
 */
import type { DatagramTarget } from '../actors/child.ts'
import type { Received } from '../actors/listener.ts'
import type { DatagramCodec, Protocol } from '../actors/protocol.ts'
import type { Router } from '../actors/router.ts'
import type { CreditAccount } from '../actors/credit.ts'
import { countDrop, createCounters } from '../actors/counters.ts'
import type { Counters } from '../actors/counters.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Datagrams, DatagramSocketId } from '../world/datagrams.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { SupervisorEvent } from './events.ts'
import { createRecencyMap } from './recency-map.ts'

export interface DatagramTrafficOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly codec: DatagramCodec<T>
  readonly datagrams: Datagrams
  readonly loop: StepLoop
  readonly router: Router<T>
  readonly credit: CreditAccount
  /** The sockets that are bound now. */
  sockets(): readonly BoundSocket[]
  /** Whether whoever is there, or the identity, is kept out. */
  isBanned(remote: SocketAddress, identity: string | undefined): boolean
  /** Then what comes is dropped unread, and nothing is sent. */
  isPaused(): boolean
  tell(event: SupervisorEvent): void
}

export interface BoundSocket {
  readonly socket: DatagramSocketId
  readonly address: SocketAddress
}

export interface DatagramTraffic<T extends ProtocolTypes> {
  receive(received: Received): void
  send(to: DatagramTarget, message: T['message']): 'sent' | 'no-way'
  readonly counters: Counters
}

/** Groups whose rate is remembered; the oldest go first. As many as a /16 has /24s, four times. */
const GROUPS_MAX = 1_024
const WINDOW_MS = 1_000

export function createDatagramTraffic<T extends ProtocolTypes>(
  options: DatagramTrafficOptions<T>,
): DatagramTraffic<T> {
  const { codec, credit, loop, protocol, router } = options
  const counters = createCounters()
  const windows = createRecencyMap<{ startMs: number; count: number }>()

  const nameOf = (socket: DatagramSocketId): string => `datagrams-${String(socket)}`

  /** The one that the target wrote to, else one of its kind of address. */
  const socketFor = (to: DatagramTarget, host: string): DatagramSocketId | undefined => {
    const sockets = options.sockets()
    const isOfKind = ({ address }: BoundSocket) => address.host.includes(':') === host.includes(':')
    return (
      sockets.find(({ socket }) => nameOf(socket) === to.connection) ?? sockets.find(isOfKind)
    )?.socket
  }

  const isWithinRate = (group: string): boolean => {
    const nowMs = loop.step.monotonicMs
    const window = windows.get(group)
    if (window === undefined || nowMs - window.startMs >= WINDOW_MS) {
      windows.set(group, { startMs: nowMs, count: 1 })
      const oldest = windows.size > GROUPS_MAX ? windows.oldest() : undefined
      if (oldest !== undefined) windows.delete(oldest[0])
      return true
    }
    window.count++
    return window.count <= codec.perGroupPerSecond
  }

  return {
    counters,
    receive({ socket, from, bytes }) {
      counters.receivedBytes += bytes.length
      counters.receivedMessages++
      const group = protocol.addresses.group(from.host)
      // What costs least is asked first: opening a stranger's datagram can take a key agreement.
      if (bytes.length > codec.datagramBytesMax) {
        countDrop(counters, 'refused')
        return
      }
      if (options.isPaused() || options.isBanned(from, undefined)) {
        countDrop(counters, 'banned')
        return
      }
      if (!isWithinRate(group) || credit.isExhausted()) {
        countDrop(counters, 'overload')
        return
      }
      const decoded = codec.decode(bytes, from)
      if ('refused' in decoded) {
        countDrop(counters, 'refused')
        options.tell({ type: 'datagrams.refused', from, detail: decoded.refused })
        return
      }
      const { identity, messages } = decoded
      if (identity !== undefined && options.isBanned(from, identity)) {
        countDrop(counters, 'banned')
        return
      }
      const address = protocol.addresses.print(protocol.addresses.fromSocket(from))
      const peer = { connection: nameOf(socket), identity, address }
      // One datagram counted once; each further message in it counts as well.
      counters.receivedMessages += messages.length - 1
      for (const message of messages) {
        const outcome = router.route({ peer, message }, credit)
        if (outcome === 'handled') counters.handledMessages++
        else countDrop(counters, outcome)
      }
    },
    send(to, message) {
      if (options.isPaused()) return 'no-way'
      const parsed = protocol.addresses.parse(to.address)
      if (!('address' in parsed)) return 'no-way'
      const address = protocol.addresses.socket(parsed.address)
      const identity = to.identity ?? protocol.addresses.identity(parsed.address)
      const socket = socketFor(to, address.host)
      if (socket === undefined || options.isBanned(address, identity)) return 'no-way'
      const bytes = codec.encode(message, { identity, address })
      if (bytes === undefined || bytes.length > codec.datagramBytesMax) return 'no-way'
      counters.sentMessages++
      counters.sentBytes += bytes.length
      options.datagrams.send(socket, address, bytes)
      return 'sent'
    },
  }
}
