/**
 * The core's default numbers. What a network decides (deadlines, slots, admission, strikes) stands in
 * its manifest, never here. Units stand last in the names; each says where it comes from.
 * @module
 */

import { PeerloomError } from '../world/errors.ts'
import { checkObject } from './arguments.ts'
import type { NodeLimits } from './node-contract.ts'

export const CORE_LIMITS = {
  /** The longest first wait before a retry: one round of connecting and failing is well under it. */
  backoffBaseMs: 1_000,
  /** Where doubling stops: a peer that comes back is found within a minute. */
  backoffMaxMs: 60_000,
  /**
   * A connection that was active for so long clears the failures before it. As long as the longest
   * wait, so that a peer that accepts and then fails is not dialled in a tight loop.
   */
  backoffResetMs: 60_000,

  /** Fills 25 slots in 3 s, and stays under what home routers take for a port scan. */
  dialsPerSecond: 5,
  /** Two seconds' worth at once, for the start. */
  dialsBurst: 10,
  /** An address that was only heard of: eight waits are about two minutes of trying. */
  learntTriesMax: 8,
  /** Candidates that were heard of and wait for a slot; the address book is what holds more. */
  learntMax: 1_000,
  /**
   * No active connection for so long makes the node isolated. Longer than a restart of the far
   * side, half the longest backoff: waiting on would cost more than dialling everybody again.
   */
  isolatedMs: 30_000,
  /**
   * While no connection is active, one in eight places (at least one of two) is not for learnt addresses;
   * while one is, one dial in eight is not for listed ones.
   */
  seedShare: 8,
  /**
   * Of the peers that a node found, one is exchanged so often, from half to one and a half times this:
   * as often as Core tries an address with a feeler (FEELER_INTERVAL, two minutes).
   */
  rotateMs: 120_000,
  /** So long a peer stays before it is exchanged: Core's MINIMUM_CONNECT_TIME. A seed has told by then what it knows. */
  stayMs: 30_000,
  /** Manual peers, and again bootstrap addresses: an operator writes no longer list. */
  listedMax: 1_000,
  /** What both tables of the address book hold, and its key: more is not read at start. */
  addressesMax: 81_921,
  /**
   * Twice the longest time that any network here gives a connection to become active by itself; where
   * one is given more than half of this, twice that.
   */
  dialOverdueMs: 120_000,

  /** Records of peers, per kind of key, beside those with an active connection: about 3 MB. */
  peersMax: 10_000,
  /** Keys with strikes, per kind of key: as many as there can be bans. */
  strikeKeysMax: 10_000,
  /** A further ban within so long of the last one's end is twice as long as it. */
  banDoublingMs: 24 * 60 * 60 * 1_000,
  /** As many as an operator's list can be looked through; the oldest timed ones go first. */
  bansMax: 10_000,
  /** A sentence. It is kept with each ban and shown to the operator. */
  banReasonBytesMax: 200,
  /** Discouraged addresses; in memory only, the oldest go first. A few MB. */
  discouragedMax: 50_000,

  /**
   * A handshake costs about three public-key operations of 2 ms with the platform's cryptography:
   * fifty take a third of one core.
   */
  handshakesPerSecond: 50,
  /** The peers of a full node that come back together after its restart. */
  handshakesBurst: 100,
  /** A connection that is not active yet can be displaced from then on: time for a first round trip. */
  displaceAfterMs: 1_000,
  /**
   * A group whose last connection came to nothing displaces nobody for so long: with 25 places that
   * turn over once a second, 15,000 groups would have to be burnt to keep strangers out.
   */
  groupSpentMs: 600_000,
  /** Groups remembered without a connection: more than can be burnt in `groupSpentMs`. About 4 MB. */
  groupsMax: 20_000,

  /** Refused streams that are told why, at once: with a second to flush, more than honest peers need. */
  refusalsMax: 64,

  /** How often a child may fail within the period before the failure goes up. */
  childRestartsMax: 5,
  /** Five restarts a minute are a child that cannot work; five a day are bad luck. */
  childRestartsWithinMs: 60_000,
} as const

/** What an application may set otherwise. */
export const NODE_LIMITS: NodeLimits = {
  /** A fair part of a process that does other things too; one connection holds an eighth, 8 MiB. */
  creditBytesMax: 64 * 1024 * 1024,
  /** A store that checks a large file after a crash takes seconds, not minutes. */
  startMs: 30_000,
  /** A day's ends of a node with a hundred peers; about 2 KB each. */
  explanationsMax: 1_000,
  /** What a busy node routes to one sub-protocol in the tenth of a second of a restart. */
  inletMessagesMax: 1_000,
  /** Sixteen reads of 64 KiB: a turn of a hundred busy peers stays under a second of cryptography. */
  turnBytesMax: 1024 * 1024,
  /** Two reads of 64 KiB. What comes while nothing is read is copied; what waits in the system is not. */
  blockedBytesMax: 128 * 1024,
  /** Four times what a system's socket buffer holds by default, so that the link is never idle. */
  unsentBytesMax: 256 * 1024,
  /** The plaintext limit of the record layers here. */
  batchBytes: 64 * 1024,
  /**
   * Answers and pings are small; a request may carry the largest message there is here (4 MB); gossip
   * that waits longer than its lane takes to leave is stale.
   */
  laneBytesMax: {
    control: 1024 * 1024,
    requests: 8 * 1024 * 1024,
    gossip: 4 * 1024 * 1024,
  },
  /** A handshake is about ten transitions; the rest shows how it went on. */
  historyMax: 32,
}

/** What an application may leave out of the limits: any of them, and any of the lanes. */
export type GivenLimits = Partial<Omit<NodeLimits, 'laneBytesMax'>> & {
  readonly laneBytesMax?: Partial<NodeLimits['laneBytesMax']>
}

/** @throws {PeerloomError} `bad-argument`: no object, one that is unknown, or no whole number above 0 */
export function nodeLimitsOf(given: GivenLimits = {}): NodeLimits {
  checkObject('value of limits', given)
  const { laneBytesMax = {}, ...rest } = given
  checkObject('limit laneBytesMax', laneBytesMax)
  const check = (names: object, values: object): void => {
    for (const [name, value] of Object.entries(values)) {
      if (!(name in names)) throw new PeerloomError('bad-argument', `there is no limit ${name}`)
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new PeerloomError('bad-argument', `the limit ${name} is no whole number above 0`)
      }
    }
  }
  check(NODE_LIMITS, rest)
  check(NODE_LIMITS.laneBytesMax, laneBytesMax)
  return {
    ...NODE_LIMITS,
    ...rest,
    laneBytesMax: { ...NODE_LIMITS.laneBytesMax, ...laneBytesMax },
  }
}
