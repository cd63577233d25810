/**
 * The handshakes that are under way, one a connection: what has to be kept between two questions of a
 * session. It holds the ephemeral private keys, overwrites them as soon as the session's keys are
 * derived or the connection is gone, and gives them to nobody: one that is used twice would let its
 * thief be us.
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
  readonly ephemeralPrivateKey: Uint8Array
}

export interface Exchange {
  readonly ours?: Ours
  readonly theirs?: Theirs
}

export interface Exchanges {
  note(connection: string, part: Exchange): void
  /** @throws {Error} the session asked out of order */
  theirs(connection: string): Theirs
  /** @throws {Error} the session asked out of order */
  ours(connection: string): Ours
  /** Overwrites what is secret. */
  forget(connection: string): void
  readonly size: number
}

export function createExchanges(): Exchanges {
  const exchanges = new Map<string, Exchange>()

  const part = <Part>(found: Part | undefined): Part => {
    if (found === undefined) throw new Error('a session asked for the next part of no handshake')
    return found
  }

  return {
    note(connection, noted) {
      exchanges.set(connection, { ...exchanges.get(connection), ...noted })
    },
    theirs: (connection) => part(exchanges.get(connection)?.theirs),
    ours: (connection) => part(exchanges.get(connection)?.ours),
    forget(connection) {
      exchanges.get(connection)?.ours?.ephemeralPrivateKey.fill(0)
      exchanges.delete(connection)
    },
    get size() {
      return exchanges.size
    },
  }
}
