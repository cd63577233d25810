/**
 * Whom the application disconnected: not dialled by the node on its own, until it asks for them again.
 * They may still come in; who may not is banned.
 * @module
 */
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'

export interface Unwanted {
  /** By identity, or by the key of an address where there is none. */
  add(peer: string): void
  has(key: string, identity: string | undefined): boolean
  /** The application asks for it again. */
  welcome(key: string, identity: string | undefined): void
  readonly size: number
}

export function createUnwanted(): Unwanted {
  const peers = createRecencyMap<true>()
  return {
    add(peer) {
      peers.set(peer, true)
      // As many as can be dialled by hand; the oldest go first.
      const oldest = peers.size > CORE_LIMITS.listedMax ? peers.oldest() : undefined
      if (oldest !== undefined) peers.delete(oldest[0])
    },
    has: (key, identity) =>
      peers.get(key) !== undefined || (identity !== undefined && peers.get(identity) !== undefined),
    welcome(key, identity) {
      peers.delete(key)
      if (identity !== undefined) peers.delete(identity)
    },
    get size() {
      return peers.size
    },
  }
}
