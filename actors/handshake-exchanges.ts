/**
 * The handshakes that are under way, one a connection: what a node part has to keep between two
 * questions of a session. It draws the ephemeral private keys and gives them to nobody but the job of
 * the shared secret, because one that is used twice would let its thief be us. It overwrites them, and
 * that secret, once the session's keys are derived or the connection is gone, whatever job is still out.
 * @module
 */
import type { CryptoBackend } from '../world/crypto.ts'
import type { Random } from '../world/random.ts'
import type { Role } from '../codec/wire.ts'
import type { Later } from './protocol.ts'

const PRIVATE_KEY_BYTES = 32

/** A part of a handshake with its payload: as it is sent, or as it arrived. */
export interface WithPayload {
  readonly raw: Uint8Array
}

export interface WithEphemeralKey extends WithPayload {
  readonly ephemeralKey: Uint8Array
}

/** Of a connection that is shaking hands. */
export interface Shaking {
  readonly name: string
  readonly role: Role
}

export interface HandshakeExchanges<Ours, Theirs> {
  /** A key for this connection alone; what is returned is its public part. */
  draw(connection: string, random: Pick<Random, 'bytes'>): Uint8Array
  note(connection: string, part: { readonly ours?: Ours; readonly theirs?: Theirs }): void
  /** @throws {Error} the session asked out of order */
  theirs(connection: string): Theirs
  /** @throws {Error} the session asked out of order */
  ours(connection: string): Ours
  /**
   * The job of the secret that both ephemeral keys share. `finish` gets it with both payloads, the
   * dialler's first; afterwards nothing is left of this handshake.
   * @throws {Error} the session asked out of order
   */
  derive<Answer>(
    connection: Shaking,
    finish: (sharedX: Uint8Array, initial: Uint8Array, reply: Uint8Array) => Answer,
  ): Later<Answer>
  /** Overwrites what is secret. */
  forget(connection: string): void
  readonly size: number
}

interface Exchange<Ours, Theirs> {
  readonly ephemeralPrivateKey?: Uint8Array
  readonly ephemeralPublicKey?: Uint8Array
  readonly ours?: Ours
  readonly theirs?: Theirs
}

export function createHandshakeExchanges<Ours extends WithPayload, Theirs extends WithEphemeralKey>(
  crypto: Pick<CryptoBackend, 'isPrivateKey' | 'publicKeyOf'>,
): HandshakeExchanges<Ours, Theirs> {
  const exchanges = new Map<string, Exchange<Ours, Theirs>>()

  const part = <Part>(found: Part | undefined): Part => {
    if (found === undefined) throw new Error('a session asked for the next part of no handshake')
    return found
  }
  const note = (connection: string, noted: Exchange<Ours, Theirs>): void => {
    exchanges.set(connection, { ...exchanges.get(connection), ...noted })
  }
  const forget = (connection: string): void => {
    exchanges.get(connection)?.ephemeralPrivateKey?.fill(0)
    exchanges.delete(connection)
  }

  return {
    draw(connection, random) {
      for (;;) {
        const ephemeralPrivateKey = random.bytes(PRIVATE_KEY_BYTES)
        // One draw in 2^128 is no private key.
        if (!crypto.isPrivateKey(ephemeralPrivateKey)) continue
        const ephemeralPublicKey = crypto.publicKeyOf(ephemeralPrivateKey)
        note(connection, { ephemeralPrivateKey, ephemeralPublicKey })
        return ephemeralPublicKey
      }
    },
    note,
    theirs: (connection) => part(exchanges.get(connection)?.theirs),
    ours: (connection) => part(exchanges.get(connection)?.ours),
    derive({ name, role }, finish) {
      const exchange = exchanges.get(name)
      const [ours, theirs] = [part(exchange?.ours), part(exchange?.theirs)]
      return {
        job: {
          operation: 'sharedX',
          privateKey: part(exchange?.ephemeralPrivateKey),
          publicKey: theirs.ephemeralKey,
          ownPublicKey: part(exchange?.ephemeralPublicKey),
        },
        finish(sharedX) {
          if (!(sharedX instanceof Uint8Array)) throw new Error('a checked point has no shared one')
          try {
            return role === 'dialler'
              ? finish(sharedX, ours.raw, theirs.raw)
              : finish(sharedX, theirs.raw, ours.raw)
          } finally {
            sharedX.fill(0)
            forget(name)
          }
        },
      }
    },
    forget,
    get size() {
      return exchanges.size
    },
  }
}
