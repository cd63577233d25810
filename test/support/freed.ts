/**
 * What is done with, made unreadable at once: who looks at a view of a record after the next one was read
 * sees other bytes, whatever the size of the record.
 * @module
 */
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import type { Aead, CryptoBackend } from '../../world/crypto.ts'

export const FREED_BYTE = 0xdd

const overwriting = (aead: Aead): Aead => ({
  ...aead,
  free(plaintext) {
    plaintext.fill(FREED_BYTE)
  },
})

export function overwritingFreed(crypto: CryptoBackend = chooseCrypto()): CryptoBackend {
  return {
    ...crypto,
    aes256Gcm: (key) => overwriting(crypto.aes256Gcm(key)),
    chacha20Poly1305: (key) => overwriting(crypto.chacha20Poly1305(key)),
  }
}
