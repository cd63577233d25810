/**
 * The messages of the node network as values, their numbers and limits (specification, section 4).
 * @module
 */

/**
 * A payload is an array that begins with one of these. Those without a type below are reserved:
 * they may arrive, and are passed over one by one.
 */
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
/** Printable ASCII, at least one character (section 10). */
export const NETWORK_BYTES_MAX = 64
/** Section 4, of `protocol`; counted as UTF-8. */
export const PROTOCOL_BYTES_MAX = 128
/** Section 4, of a direct's `payload`, and so of the one-way message's: 1 MiB. */
export const PAYLOAD_BYTES_MAX = 1_048_576
/** Section 4, of an Error's text; counted as UTF-8. */
export const ERROR_TEXT_BYTES_MAX = 256

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

export type NativeMessage = HandshakeMessage | ErrorMessage | ConfirmMessage | OneWayMessage
