/**
 * What a library has to be able to do to be compared: each part is a process of its own, one of a pair.
 * @module
 */
import type { FromPeer, Recorded } from './peer-orders.ts'

/** Messages that a crowd says through one connection before it goes on to the next. */
export const BURST = 64

export type Tell = (told: FromPeer) => void

/** What its parent may say to a process that plays a part. */
export interface Part {
  /** So many connections more, each of which has said one message; then tell `done`. */
  readonly grow?: (count: number) => Promise<void>
  readonly order?: (count: number) => Promise<void> | void
  readonly recorded?: () => Recorded | undefined
  /** Tell `inspected`. */
  readonly inspect?: () => Promise<void>
  /** Tell `uninspected`. */
  readonly uninspect?: () => Promise<void>
  /** Tell `looks`. */
  readonly look?: (url: string) => Promise<void>
  /** Tell `looked`. */
  readonly unlook?: () => void
}

export interface ListeningOptions {
  readonly payloadBytes: number
}

export interface DiallingOptions {
  /** Where the other one of the pair listens. */
  readonly at: string
  readonly payloadBytes: number
}

/** Each tells `ready` with where it is. What a library has no way to do is left out. */
export interface Contender {
  /** Counts messages, in copies of its own. Order: tell `arrived` when there were so many since it began. */
  receiver?(tell: Tell, options: ListeningOptions): Promise<Part>
  /** Order: so many messages, as fast as there is room and no faster. */
  sender?(tell: Tell, options: DiallingOptions): Promise<Part>
  /**
   * The far ends of as many connections to a receiver as it is told to have. Order: so many messages,
   * in bursts of `BURST` through one connection after the other.
   */
  crowd?(tell: Tell, options: DiallingOptions): Promise<Part>
  /** Sends back what comes. */
  echo?(tell: Tell, options: ListeningOptions): Promise<Part>
  /** Order: so many messages, each once the one before is back; then tell `done`. */
  asker?(tell: Tell, options: DiallingOptions): Promise<Part>
  /** Lets in whoever dials. */
  listener?(tell: Tell, options: ListeningOptions): Promise<Part>
  /** Order: dial, be ready to send, close, so many times, one after the other; then tell `done`. */
  dialler?(tell: Tell, options: DiallingOptions): Promise<Part>
  /** Looks at a node, as a page does. */
  page?(tell: Tell, options: ListeningOptions): Promise<Part>
  /**
   * A network of nodes in this one process, `gossip-work.ts`. Order: so many publications; then tell
   * `done`, with the median latency of their deliveries.
   */
  gossip?(tell: Tell, options: ListeningOptions): Promise<Part>
}
