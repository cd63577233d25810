/**
 * What a wire of the native network says when it cannot go on, or passes over a unit.
 * @module
 */

export type NativeWireDetail =
  /** Not the encoding: lengths, forms, counts, numbers. */
  | 'malformed'
  /** Another message than handshake or error while there are no keys. */
  | 'handshake-required'
  /** A field above its limit, inside a record that authenticates. */
  | 'message-too-large'
  /** Before authentication: whoever is on the path can write lengths. */
  | 'record-too-short'
  | 'record-too-long'
  | 'record-unauthentic'
  /** The direction has carried as many records as its keys may. */
  | 'record-exhausted'
  /** In place of the first record a plaintext Error: the dialler did not take our handshake. */
  | 'refused-provisional'
