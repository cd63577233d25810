/**
 * What may stand between two hosts of the memory network: how long things are on their way, what is
 * lost, who takes slowly. The network asks its policy at each of these places; without one all that
 * was sent is there at once. A policy moves no bytes: it says when, and what becomes of a dial.
 * @module
 */
import type { SocketAddress, TransportFault } from '../../world/streams.ts'

/** What becomes of a way through the network; `silent` is never answered. */
export type Reach = 'open' | 'silent' | TransportFault

/** One host, as whatever comes to it sees it. */
export interface HostConditions {
  /** Until then it takes little at a time. */
  slowUntilMs: number
}

/** One way of one stream. */
export interface Direction {
  /** When bytes that leave now arrive: never before what left earlier. */
  arrivalMs(bytes: number): number
  /** Runs the function when something without bytes has come over: an answer, a reset. */
  carry(run: () => void): void
  /** True: nothing comes over at present. Then the function runs when it is worth another try. */
  isHeld(run: () => void): boolean
}

/** What a dial meets. What may go wrong is asked where it would, so that it always matters. */
export interface Passage {
  /** Never answered. */
  readonly isSilent: boolean
  /** Asked when somebody listens. */
  isRefused(): boolean
  /** Asked when the listener's host would take it: it finds no descriptor. */
  isOverload(): boolean
  readonly out: Direction
  readonly back: Direction
}

/** A stream that both sides have, as something that a fault can hit. */
export interface Breakable {
  /** Broken for both sides, and both are told. */
  reset(): void
  /** One side is gone and the other is not told. */
  strand(isDiallerGone: boolean): void
  /** Its place among those that are open; the policy's own. */
  place: number
}

export interface LinkPolicy {
  readonly nowMs: number
  at(dueMs: number, run: () => void): void
  /** The same for a host that comes back. */
  addHost(hosts: readonly string[]): HostConditions
  dial(from: SocketAddress, to: SocketAddress): Passage
  /** Calls `arrive` for each time that it arrives, then: not at all, or more than once. */
  datagram(
    from: SocketAddress,
    to: SocketAddress,
    bytes: Uint8Array,
    arrive: (bytes: Uint8Array) => void,
  ): void
  joined(stream: Breakable): void
  parted(stream: Breakable): void
  /** How much a slow host takes at a time, and how long it then rests. */
  readonly slowBytes: number
  readonly slowRestMs: number
  /** How long a system sends again to a side that is gone before it gives up. */
  readonly strandedMs: number
}
