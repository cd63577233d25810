/**
 * Datagrams of a network that speaks them: decoded, bounded a group, routed like messages of a
 * connection. A datagram's peer is the identity that its codec proved, else its address.
 * @module
 */
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
  /** Whether the group or identity is kept out. */
  isBanned(host: string, identity: string | undefined): boolean
  tell(event: SupervisorEvent): void
}

export interface DatagramTraffic<T extends ProtocolTypes> {
  receive(received: Received): void
  /** False where the codec has no way to write to that peer, or it is too large. */
  send(
    socket: DatagramSocketId,
    to: { readonly identity: string | undefined; readonly address: SocketAddress },
    message: T['message'],
  ): boolean
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
      if (bytes.length > codec.datagramBytesMax || !isWithinRate(group)) {
        countDrop(counters, 'refused')
        return
      }
      const decoded = codec.decode(bytes, from)
      if ('refused' in decoded) {
        countDrop(counters, 'refused')
        options.tell({ type: 'datagrams.refused', from, detail: decoded.refused })
        return
      }
      const { identity, messages } = decoded
      if (options.isBanned(from.host, identity) || credit.exhausted) {
        countDrop(counters, 'refused')
        return
      }
      const address = protocol.addresses.print(protocol.addresses.fromSocket(from))
      const peer = { connection: `datagrams-${String(socket)}`, identity, address }
      // One datagram counted once; each further message in it counts as well.
      counters.receivedMessages += messages.length - 1
      for (const message of messages) {
        const outcome = router.route({ peer, message }, credit)
        if (outcome === 'handled') counters.handledMessages++
        else countDrop(counters, outcome)
      }
    },
    send(socket, to, message) {
      const bytes = codec.encode(message, to)
      if (bytes === undefined || bytes.length > codec.datagramBytesMax) return false
      counters.sentMessages++
      counters.sentBytes += bytes.length
      options.datagrams.send(socket, to.address, bytes)
      return true
    },
  }
}
