/**
 * The crypto backends of this machine, for tests that hold for each of them.
 * @module
 */
import { loadAddonCrypto } from '../../transport/crypto/addon.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { nodeCrypto } from '../../transport/crypto/node.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

const addon = loadAddonCrypto()
const node = nodeCrypto()

/** A loader's message goes on with a list of paths, one a line. */
const firstLine = (fault: unknown) => String(fault).split('\n')[0] ?? ''

/** Those that are here; @noble first, the oracle. */
export const BACKENDS: readonly CryptoBackend[] = [nobleCrypto(), node, addon.backend].filter(
  (backend) => backend !== undefined,
)

/** What is not tested on this machine, and why: for the titles of tests that are left out. */
export const ABSENT: readonly { readonly name: string; readonly why: string }[] = [
  ...(node === undefined ? [{ name: 'node', why: 'node:crypto lacks secp256k1' }] : []),
  ...(addon.backend === undefined ? [{ name: 'node+secp256k1', why: firstLine(addon.fault) }] : []),
]
