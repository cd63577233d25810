/**
 * Which cryptography a node runs on: the fastest that is there, or the one that was asked for.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { loadAddonCrypto } from './addon.ts'
import { nobleCrypto } from './noble.ts'
import { nodeCrypto } from './node.ts'

export type CryptoChoice = 'auto' | 'addon' | 'node' | 'noble'

/** Where the backends come from; replaced in tests. */
export interface CryptoSources {
  readonly addon: typeof loadAddonCrypto
  readonly node: typeof nodeCrypto
}

const SOURCES: CryptoSources = { addon: loadAddonCrypto, node: nodeCrypto }

/**
 * `auto` never fails: @noble runs everywhere. What came of it is the backend's `name`.
 * @throws {Error} the one that was asked for by name is not there; its cause says why
 */
export function chooseCrypto(
  choice: CryptoChoice = 'auto',
  sources: CryptoSources = SOURCES,
): CryptoBackend {
  switch (choice) {
    case 'noble':
      return nobleCrypto()
    case 'node': {
      const backend = sources.node()
      if (backend !== undefined) return backend
      throw new Error(
        'the crypto backend "node" was asked for, but this runtime\'s node:crypto lacks ' +
          'secp256k1, AES-256-GCM or ChaCha20-Poly1305; "noble" runs everywhere',
      )
    }
    case 'addon': {
      const { backend, fault } = sources.addon()
      if (backend !== undefined) return backend
      throw new Error(
        'the crypto backend "addon" was asked for, but the optional package secp256k1 could not ' +
          'be loaded; install it, or ask for "node" or "noble"',
        { cause: fault },
      )
    }
    case 'auto':
      return sources.addon().backend ?? sources.node() ?? nobleCrypto()
  }
}
