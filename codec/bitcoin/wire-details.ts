/**
 * What a wire of the Bitcoin network says of bytes that cannot be, and what a message that says more than
 * it may is called; with what Bitcoin Core does about each. There are no points that add up: one of the
 * last kind is enough.
 * @module
 */

/** In Core's words: go on, close this connection, or close and shun every one of the address. */
export type BitcoinReaction = 'ignore' | 'disconnect' | 'discourage'

export type BitcoinWireDetail =
  /** A v1 header that begins with the bytes of no network, or of another. */
  | 'wrong-magic'
  /** A payload of more than 4,000,000 bytes is announced. */
  | 'message-too-long'
  /** The payload is not the one that its header tells of. */
  | 'bad-checksum'
  /** Control characters in a command's name, or something behind its end. */
  | 'bad-command'
  /** A v2 packet without any contents, or with a short id that stands for nothing. */
  | 'no-command'
  /** The payload of a known command that is not the encoding of anything. */
  | 'malformed'
  /** A fee rate that no amount of money has; a list that is longer than anybody asks for or can use. */
  | 'out-of-range'

/** Readable, and more than the command may hold. Whether it counts, the session says: see `violation.ts`. */
export type BitcoinViolation =
  | 'too-many-addresses'
  | 'too-many-inventories'
  | 'too-many-headers'
  | 'locator-too-long'
  /** More than anybody can have asked for at once. Unasked it is nothing; who asked judges. */
  | 'too-many-transactions'
  | 'filter-too-large'
  | 'filter-item-too-long'
  /** An id of another length than 4 to 80 bytes, more than 512 bytes of data, or bytes left over. */
  | 'bad-feature'
  /** Malformed; of a command that costs the connection by its mere arrival, where it was not agreed. */
  | 'malformed'

/** Complete by its type. Parse failures are ignored: a peer may be newer than we are. */
export const WIRE_REACTIONS: Readonly<Record<BitcoinWireDetail, BitcoinReaction>> = {
  'wrong-magic': 'disconnect',
  'message-too-long': 'disconnect',
  'bad-checksum': 'ignore',
  'bad-command': 'ignore',
  'no-command': 'ignore',
  malformed: 'ignore',
  'out-of-range': 'ignore',
}

/** Once both sides have said `verack`, and where nothing else forbids the command first. */
export const VIOLATION_REACTIONS: Readonly<Record<BitcoinViolation, BitcoinReaction>> = {
  'too-many-addresses': 'discourage',
  'too-many-inventories': 'discourage',
  'too-many-headers': 'discourage',
  'locator-too-long': 'disconnect',
  'too-many-transactions': 'ignore',
  'filter-too-large': 'discourage',
  'filter-item-too-long': 'discourage',
  'bad-feature': 'disconnect',
  malformed: 'ignore',
}
