/**
 * What is kept of a handshake between its parts: of Init and Ack, what the keys are derived from and the
 * other side confirms.
 * @module
 */

/** The other side's Init or Ack. */
export interface Theirs {
  /** The payload as it arrived. */
  readonly raw: Uint8Array
  readonly id: string
  readonly staticKey: Uint8Array
  readonly ephemeralKey: Uint8Array
}

/** Our Init or Ack. */
export interface Ours {
  /** The payload as it is sent. */
  readonly raw: Uint8Array
  readonly id: string
  readonly ephemeralKey: Uint8Array
}
