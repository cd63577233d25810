/**
 * What the benchmark and the processes that it measures say to each other. Plain JSON.
 * @module
 */
import type { CryptoChoice } from '../transport/crypto/choose.ts'

/** Of a message whose cost is measured. */
export const PAYLOAD_BYTES = 256

/** Where the journal of a node goes. */
export type RecordedTo = 'file' | 'memory'

/** How far a node's journal has come. One that is not open any more has missed what came afterwards. */
export interface Recorded {
  readonly ending: string
  readonly entries: number
  readonly bytes: number
}

/** What a process is, for as long as it runs. `at` is where the other one of its pair listens. */
export type PeerPart =
  | { readonly part: 'bare-receiver' }
  | { readonly part: 'bare-sender'; readonly at: string }
  | { readonly part: 'receiver'; readonly record?: RecordedTo }
  | { readonly part: 'sender'; readonly at: string; readonly record?: RecordedTo }
  | { readonly part: 'listener'; readonly crypto: CryptoChoice }
  | { readonly part: 'dialler'; readonly crypto: CryptoChoice; readonly at: string }

export type ToPeer =
  | { readonly type: 'begin'; readonly as: PeerPart }
  /** To a receiver: say `arrived` when there were so many messages since it began. */
  | { readonly type: 'expect'; readonly total: number }
  /** To a sender or a dialler: so many messages, or dials one after the other. */
  | { readonly type: 'go'; readonly count: number }
  /** Say `spent`. */
  | { readonly type: 'account' }

export type FromPeer =
  /** `at` is an address in the network's form, or a port. */
  | { readonly type: 'ready'; readonly at: string }
  | { readonly type: 'arrived'; readonly total: number }
  /** A round of dials is over; `dials` is how many connections it took. */
  | { readonly type: 'dialled'; readonly micros: number; readonly dials: number }
  /** Processor time since the process began, its own and the system's for it; what a recorded node has of it. */
  | { readonly type: 'spent'; readonly micros: number; readonly recorded?: Recorded }
  | { readonly type: 'fault'; readonly sentence: string }
