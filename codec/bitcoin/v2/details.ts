/**
 * Why a v2 stream cannot go on. Each is an end of the connection: BIP 324 has no unit that is passed
 * over, for what does not authenticate may be anybody's.
 * @module
 */

export type V2Detail =
  /** A v1 `version` message under another network's magic. */
  | 'other-network'
  /** As much garbage as there may be, and no terminator. */
  | 'garbage-unterminated'
  /** A packet longer than any message; also what the bytes of a stranger look like. */
  | 'packet-too-long'
  /** Changed, repeated, left out, out of order, or behind other garbage than was sent. */
  | 'packet-unauthentic'
