/**
 * The handshakes that are under way, one a connection: what a node part has to keep between two
 * questions of a session. It holds the ephemeral private keys, overwrites them as soon as the session's
 * keys are derived or the connection is gone, and gives them to nobody: one that is used twice would let
 * its thief be us.
 * @module
 */

/** What of our part has to be overwritten. */
export interface WithEphemeralKey {
  readonly ephemeralPrivateKey: Uint8Array
}

export interface HandshakeExchange<Ours, Theirs> {
  readonly ours?: Ours
  readonly theirs?: Theirs
}

export interface HandshakeExchanges<Ours, Theirs> {
  note(connection: string, part: HandshakeExchange<Ours, Theirs>): void
  /** @throws {Error} the session asked out of order */
  theirs(connection: string): Theirs
  /** @throws {Error} the session asked out of order */
  ours(connection: string): Ours
  /** Overwrites what is secret. */
  forget(connection: string): void
  readonly size: number
}

export function createHandshakeExchanges<
  Ours extends WithEphemeralKey,
  Theirs,
>(): HandshakeExchanges<Ours, Theirs> {
  const exchanges = new Map<string, HandshakeExchange<Ours, Theirs>>()

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
