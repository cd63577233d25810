/**
 * Hashes as they travel, and as people write them: the same 32 bytes, backwards. Compared and kept are
 * the bytes in the order of the wire; the other order is for eyes alone.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { decodeHex, encodeHex } from '../bytes.ts'

/** Of the parts, one after the other. The codec has no cryptography of its own. */
export type Sha256 = CryptoBackend['sha256']

export const HASH_BYTES = 32

/** As a hash: none. In a locator no end, before the first block no predecessor. */
export const ZERO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

/** What the specification calls H2. */
export const doubleSha256 = (sha256: Sha256, ...parts: readonly Uint8Array[]): Uint8Array =>
  sha256(sha256(...parts))

/** As block explorers and Core's commands write it. */
export const printHash = (hash: Uint8Array): string => encodeHex(hash.toReversed())

/** Undefined for what is not 64 hexadecimal digits. */
export function parseHash(text: string): Uint8Array | undefined {
  return text.length === HASH_BYTES * 2 ? decodeHex(text)?.reverse() : undefined
}
