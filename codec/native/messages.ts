/**
 * The messages of the native network as values, their numbers and limits (native protocol, section 3).
 *
 * What was decoded holds views of the bytes that it was decoded from: whoever keeps a message makes
 * an owned copy of it first.
 * @module
 */

/** A payload is an array that begins with one of these. */
export const MESSAGE_NUMBERS = {
  handshake: 1,
  direct: 2,
  broadcast: 3,
  response: 4,
  error: 5,
  confirm: 6,
  message: 7,
  ping: 8,
  pong: 9,
  getAddresses: 10,
  addresses: 11,
  item: 12,
  locator: 13,
  range: 14,
} as const

/** Any number above this is no message. */
export const MESSAGE_NUMBER_MAX = 14

export const NONCE_BYTES = 32
export const SIGNATURE_BYTES = 64
export const REQUEST_ID_BYTES = 16
/** As a request's: enough that two pings of one connection never share one. */
export const PING_ID_BYTES = 16
/** Printable ASCII, at least one character (section 3). */
export const NETWORK_BYTES_MAX = 64
/** Section 3, of `protocol`; counted as UTF-8. */
export const PROTOCOL_BYTES_MAX = 128
/** Section 3, of `topic`; counted as UTF-8. */
export const TOPIC_BYTES_MAX = 128
/** Section 3, of a direct's `payload`, and so of its response's and the one-way message's: 1 MiB. */
export const PAYLOAD_BYTES_MAX = 1_048_576
/** Section 3, of a direct's `metadata`: 4 KiB. */
export const METADATA_BYTES_MAX = 4_096
/** Section 3, of a broadcast's `payload`, and so of an item's: 64 KiB, for every node passes it on. */
export const PUBLICATION_BYTES_MAX = 65_536
/** Section 3, of an Error's text; counted as UTF-8. */
export const ERROR_TEXT_BYTES_MAX = 256
/** As many as other networks tell at once: about 80 KB, and a fair sample of any book. */
export const ADDRESSES_MAX = 1_000
/** A host name has at most 253 characters (RFC 1123, section 2.1); one byte of length says the rest. */
export const HOST_BYTES_MAX = 255
/** With the runs below at their longest, a locator has about 600 KB and still fits one record. */
export const LOCATOR_ORIGINS_MAX = 512
/** What a node remembers of one origin is in at most so many runs. */
export const LOCATOR_RUNS_MAX = 64

/** The network's name: 1 to 64 printable ASCII characters. */
export const NETWORK_NAME = /^[ -~]{1,64}$/

export interface HandshakeMessage {
  readonly type: 'handshake'
  /** 16 bits each, as they are signed. */
  readonly major: number
  readonly minor: number
  readonly network: string
  /** 8 bits, as it is signed. */
  readonly keyType: number
  readonly nodeId: Uint8Array
  readonly publicKey: Uint8Array
  readonly recipientId: Uint8Array
  /** Unix milliseconds. */
  readonly timestampMs: bigint
  readonly nonce: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}

export interface ErrorMessage {
  readonly type: 'error'
  readonly code: number
  readonly message: string
  /** The direct that it answers. Without it, the Error is about the connection. */
  readonly requestId: Uint8Array | undefined
  readonly retryAfterMs: number | undefined
  readonly localMajor: number | undefined
  readonly localMinor: number | undefined
  /** Unix milliseconds. It is reported, and no clock is ever set by it. */
  readonly localTimeMs: bigint | undefined
}

/** The dialler's first sealed message: it holds the session's keys. */
export interface ConfirmMessage {
  readonly type: 'confirm'
}

/** One way, in order, without an answer. */
export interface OneWayMessage {
  readonly type: 'message'
  readonly protocol: string
  readonly payload: Uint8Array
}

/** To one node, which gives exactly one Response or Error with the same request id. */
export interface DirectMessage {
  readonly type: 'direct'
  readonly requestId: Uint8Array
  readonly protocol: string
  readonly payload: Uint8Array
  readonly metadata: Uint8Array | undefined
}

/**
 * A direct with a field above its limit. Its request id was readable and its end is known, so that the
 * session stays (section 8, code 413). It is read alone: nothing can be written of it.
 */
export interface OversizedDirectMessage {
  readonly type: 'oversizedDirect'
  readonly requestId: Uint8Array
}

export interface ResponseMessage {
  readonly type: 'response'
  readonly requestId: Uint8Array
  readonly payload: Uint8Array
}

/** What a broadcast and an item have in common: who says it, when, about what. */
interface Publication {
  readonly originId: Uint8Array
  readonly originPublicKey: Uint8Array
  /** 8 bits. */
  readonly keyType: number
  /** Unix milliseconds, at the origin. */
  readonly timestampMs: bigint
  readonly topic: string
  readonly payload: Uint8Array
  /** 32 bits. Not signed: each node that passes the message on lowers it. */
  readonly hopsLeft: number
  readonly signature: Uint8Array
}

/** To all, passed on by each. */
export interface BroadcastMessage extends Publication {
  readonly type: 'broadcast'
  /** Rises with each broadcast of an origin, across its restarts; it may skip. */
  readonly sequence: bigint
}

/** A broadcast that is kept: who missed it asks for it by its number. */
export interface ItemMessage extends Publication {
  readonly type: 'item'
  /** 0, 1, 2 ... of an origin, without a gap. */
  readonly number: bigint
}

export interface PingMessage {
  readonly type: 'ping'
  readonly id: Uint8Array
}

export interface PongMessage {
  readonly type: 'pong'
  /** Of the ping that it answers. */
  readonly id: Uint8Array
}

export interface GetAddressesMessage {
  readonly type: 'getAddresses'
}

export interface AddressEntry {
  readonly nodeId: Uint8Array
  /** As it was sent, whatever it is. Empty: "the host that you see me at", of the sender alone. */
  readonly host: string
  /** 16 bits. */
  readonly port: number
  /** Unix milliseconds: when the sender last saw the node. */
  readonly seenMs: bigint
}

export interface AddressesMessage {
  readonly type: 'addresses'
  readonly addresses: readonly AddressEntry[]
}

export interface LocatorEntry {
  readonly originId: Uint8Array
  /**
   * The first and the last number of each run, both of it: [0n, 4n, 9n, 9n] is 0 to 4, and 9. They
   * ascend, and between two runs at least one number is missing.
   */
  readonly runs: readonly bigint[]
}

/** Which items the sender holds or once held. */
export interface LocatorMessage {
  readonly type: 'locator'
  readonly origins: readonly LocatorEntry[]
}

/** Asks for the items of one origin with these numbers, both ends among them. */
export interface RangeMessage {
  readonly type: 'range'
  readonly originId: Uint8Array
  readonly first: bigint
  /** Not below `first`. */
  readonly last: bigint
}

export type NativeMessage =
  | HandshakeMessage
  | DirectMessage
  | OversizedDirectMessage
  | BroadcastMessage
  | ResponseMessage
  | ErrorMessage
  | ConfirmMessage
  | OneWayMessage
  | PingMessage
  | PongMessage
  | GetAddressesMessage
  | AddressesMessage
  | ItemMessage
  | LocatorMessage
  | RangeMessage
