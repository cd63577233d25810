/**
 * What ties a connection's recording together: a chain over its entries from the header and the seed
 * on, and keyed hashes of what is secret. Whoever changes an entry breaks the chain; that it was
 * changed is seen also where the connection would have done the same.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { ConnectionEntry, ConnectionHeader } from './connection-entries.ts'
import { encodePlain, printHash } from './plain-data.ts'

export interface Seal {
  /** Of something secret. */
  keyedHash(value: unknown): string
  /** Of what everybody on the way could see. */
  openHash(bytes: Uint8Array): string
  /** One more entry, as its bytes. */
  add(encoded: Uint8Array): void
  /** Over all entries so far, and the one at hand without its own check. */
  check(encodedWithoutCheck: Uint8Array): string
}

type Checked<T extends ProtocolTypes> = Extract<ConnectionEntry<T>, { readonly check: string }>

/** An entry as its own check sees it. */
export const withoutCheck = <T extends ProtocolTypes>(entry: Checked<T>): Checked<T> => ({
  ...entry,
  check: '',
})

/** What is hashed at once: a step may have more entries than a call has arguments. */
const PARTS_MAX = 256

export function createSeal<T extends ProtocolTypes>(
  crypto: Pick<CryptoBackend, 'hmacSha256' | 'sha256'>,
  seed: Uint8Array,
  header: ConnectionHeader<T>,
): Seal {
  const key = seed.slice()
  let chain = crypto.hmacSha256(key, encodePlain(header))
  let waiting: Uint8Array[] = []
  return {
    keyedHash: (value) => printHash(crypto.hmacSha256(key, encodePlain(value))),
    openHash: (bytes) => printHash(crypto.sha256(bytes)),
    add(encoded) {
      waiting.push(encoded)
      if (waiting.length < PARTS_MAX) return
      chain = crypto.sha256(chain, ...waiting)
      waiting = []
    },
    check(encoded) {
      chain = crypto.sha256(chain, ...waiting, encoded)
      waiting = []
      return printHash(chain)
    },
  }
}
