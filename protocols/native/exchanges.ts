/**
 * What is kept of a handshake between its parts: of each side's Handshake, what the keys are derived
 * from and the session is told.
 * @module
 */

export interface Theirs {
  /** The payload as it arrived. */
  readonly raw: Uint8Array
  readonly identity: string
  readonly nodeId: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly minor: number
}

export interface Ours {
  /** The payload as it is sent. */
  readonly raw: Uint8Array
}
