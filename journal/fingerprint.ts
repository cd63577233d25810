/**
 * Bytes that a node sent or stored, as eight of them: enough to tell any two runs apart. It is no proof
 * against a forger.
 *
 * Long writes are what a busy node makes, and SHA-256 over them was a fifth of what a recording cost. The
 * tag that AES-GCM gives bytes as additional data is as good for this and, from some kilobytes on, a
 * quarter of the work; its key is known to everybody, and nothing is enciphered.
 * @module
 */
import { encodeHex, joinedPieces, lengthOf } from '../codec/bytes.ts'
import type { BytesInPieces } from '../codec/bytes.ts'
import type { CryptoBackend } from '../world/crypto.ts'

export type FingerprintCrypto = Pick<CryptoBackend, 'aes256Gcm' | 'sha256'>

const FINGERPRINT_BYTES = 8
/** From here on the tag is the quicker one: a cipher takes longer to begin than a hash. */
const LONG_BYTES = 8 * 1_024

/** Two writes of a busy node; what is larger is joined in memory of its own. */
const JOINED_BYTES_MAX = 256 * 1_024

const NOTHING = new Uint8Array(0)
const KEY = new Uint8Array(32)
const NONCE = new Uint8Array(12)

/** The same for the same bytes, with each backend and in whatever pieces. */
export function fingerprints(crypto: FingerprintCrypto): (bytes: BytesInPieces) => string {
  const { seal } = crypto.aes256Gcm(KEY)
  /** New memory for each long write would cost more than the rest. */
  let joined = NOTHING

  const join = (bytes: BytesInPieces): Uint8Array => {
    const length = lengthOf(bytes)
    if (bytes instanceof Uint8Array || bytes.length === 1 || length > JOINED_BYTES_MAX) {
      return joinedPieces(bytes)
    }
    if (joined.length < length) joined = new Uint8Array(length)
    let at = 0
    for (const piece of bytes) {
      joined.set(piece, at)
      at += piece.length
    }
    return joined.subarray(0, length)
  }

  return (given) => {
    const bytes = join(given)
    const whole = bytes.length < LONG_BYTES ? crypto.sha256(bytes) : seal(NONCE, bytes, NOTHING)
    return encodeHex(whole.subarray(0, FINGERPRINT_BYTES))
  }
}
