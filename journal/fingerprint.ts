/**
 * Bytes that a node sent or stored, as eight of them: enough to tell any two runs apart. It is no proof
 * against a forger.
 *
 * Long writes are what a busy node makes, and SHA-256 over them was a fifth of what a recording cost. The
 * tag that AES-GCM gives bytes as additional data is as good for this and, from some kilobytes on, a
 * quarter of the work; its key is known to everybody, and nothing is enciphered.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import type { CryptoBackend } from '../world/crypto.ts'

export type FingerprintCrypto = Pick<CryptoBackend, 'aes256Gcm' | 'sha256'>

const FINGERPRINT_BYTES = 8
/** From here on the tag is the quicker one: a cipher takes longer to begin than a hash. */
const LONG_BYTES = 8 * 1_024

const NOTHING = new Uint8Array(0)
const KEY = new Uint8Array(32)
const NONCE = new Uint8Array(12)

/** The same for the same bytes, with each backend. */
export function fingerprints(crypto: FingerprintCrypto): (bytes: Uint8Array) => string {
  const { seal } = crypto.aes256Gcm(KEY)
  return (bytes) => {
    const whole = bytes.length < LONG_BYTES ? crypto.sha256(bytes) : seal(NONCE, bytes, NOTHING)
    return encodeHex(whole.subarray(0, FINGERPRINT_BYTES))
  }
}
