/**
 * What is used here of a package that brings no types.
 * @module
 */
declare module '@hyperswarm/secret-stream' {
  import type { Duplex } from 'node:stream'
  import type { Socket } from 'node:net'

  /** A stream of messages: what one `write` takes is what one `data` gives. */
  class SecretStream extends Duplex {
    constructor(isInitiator: boolean, rawStream: Socket)
    /** Settles once the handshake is done; false: it came to nothing. */
    readonly opened: Promise<boolean>
  }
  export = SecretStream
}
