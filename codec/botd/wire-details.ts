/**
 * What a wire of the BOTD network says when it cannot go on. There is nothing that it passes over.
 * @module
 */

export type BotdWireDetail =
  /** A plaintext frame whose length no Init and no Ack has. */
  | 'frame-length'
  | 'bad-checksum'
  /** Init or Ack: not the encoding, or a field that cannot be. */
  | 'bad-handshake'
  /** A record that authenticates, and in it no envelope with one body. */
  | 'bad-envelope'
  /** Before authentication: whoever is on the path can write lengths. */
  | 'record-too-short'
  | 'record-too-long'
  | 'record-unauthentic'
  /** The direction has carried as many records as its keys may. */
  | 'record-exhausted'
