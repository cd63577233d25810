/**
 * What an attack tells: how each of its connections was taken, whether honest peers noticed anything,
 * and the verdict with the rule that it follows from. Plain data.
 * @module
 */
import type { TransportFault } from '../../world/streams.ts'

export type AttackName =
  | 'half-open'
  | 'trickle'
  | 'byte-by-byte'
  | 'split'
  | 'coalesced'
  | 'oversize'
  | 'wrong-magic'
  | 'early-messages'
  | 'flood-from-one-host'
  | 'flood-from-many-hosts'
  | 'message-flood'
  | 'replayed'
  | 'never-reads'
  | 'reset'
  | 'half-closed'

export type Manner =
  /** The session came up, and the attacked side let it be. */
  | 'active'
  /** The attacked side ended the stream. */
  | 'ended'
  | 'reset'
  /** There was no stream at all. */
  | 'refused'
  /** Still open when its time was over. */
  | 'open'
  /** The attacker left by itself, as it was to or because it had seen enough. */
  | 'left'

/** How one connection of the attacker was taken. */
export interface Taken {
  /** What was done on it, in words. */
  readonly what: string
  readonly manner: Manner
  /** From open to end, or to when it was looked at last. */
  readonly afterMs: number
  /** From open to the last that was said, 0 where nothing was. */
  readonly saidMs: number
  /** What the far side's system took. */
  readonly sentBytes: number
  readonly receivedBytes: number
  /** The last of them. */
  readonly lastBytes: Uint8Array
  /** The platform's code, where the stream broke. */
  readonly fault?: TransportFault
}

/** How an honest peer fared. */
export interface Served {
  readonly isServed: boolean
  /** Until its session was up, or until it was given up. */
  readonly afterMs: number
  /** In words, what it did not get. */
  readonly why?: string
}

export interface AttackReport {
  readonly attack: AttackName
  readonly verdict: 'passed' | 'failed' | 'unknown'
  /** What has to hold, in words. */
  readonly rule: string
  /** What did not, or could not be seen. */
  readonly because: readonly string[]
  readonly taken: readonly Taken[]
  /** Left out: the attack was not made. */
  readonly honestDuring?: Served
  readonly honestAfter?: Served
}
