/**
 * What a node's journal holds, as plain data: each input of the node from its start with the time at
 * which it entered, what the store answered meanwhile, and what came of it.
 * @module
 */
import type { Input } from '../world/input.ts'
import type { StoreEntry } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'

/** One thing that was seen to happen: a word for what, then names, numbers and hashes. */
export type OutcomeLine = readonly (number | string)[]

export interface NodeEntry {
  readonly monotonicMs: number
  readonly wallMs: number
  /** A job's result is none of it: it is computed again, so that no shared secret stands in a journal. */
  readonly input: Input
  /** What reads of the store answered within the step, in their order. */
  readonly reads: readonly (readonly StoreEntry[])[]
  /** In the order in which it happened. */
  readonly outcome: readonly OutcomeLine[]
}

/** What has to be known to run a node again, beside its inputs and its network. */
export interface NodeHeader {
  /** The network's name, for whoever looks for its module. */
  readonly protocol: string
  /** What the network's factory was given, as plain data without secrets, where the network says it. */
  readonly settings: unknown
  readonly name: string
  readonly listen: readonly SocketAddress[]
  /** As the network prints them. */
  readonly bootstrap: readonly string[]
  /** What the supervisor takes as limits. */
  readonly limits: unknown
  /** Whether its world could send and receive datagrams. */
  readonly speaksDatagrams: boolean
}

/** Everything secret that a run depends on, and the only place in a journal where secrets stand. */
export interface JournalSecrets {
  /** 32 bytes: the root of the node's chance. */
  readonly seed: Uint8Array
  /** What the network's factory was given: a private key, for one. */
  readonly protocol: Readonly<Record<string, Uint8Array>>
  /**
   * Stands among the entries: what the node read from its store of the secret of its address book.
   * Undefined: there was none, or this was made by hand.
   */
  readonly bookSecret?: Uint8Array
}
