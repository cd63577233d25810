/**
 * The two ciphers of BIP 324, each of which moves on to another key after 224 uses without a message:
 * what was sent before cannot be read with the keys of later.
 *
 * Each direction of a connection has one of either. Their state only goes forward: a use that
 * is repeated or left out is another key stream from then on.
 * @module
 */
import { chacha20 } from '@noble/ciphers/chacha.js'
import type { Aead, CryptoBackend } from '../../../world/crypto.ts'
import { viewOf } from '../../bytes.ts'

/** Uses of one key, BIP 324's REKEY_INTERVAL. */
export const REKEY_INTERVAL = 224
export const LENGTH_BYTES = 3
export const TAG_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 12
const LENGTHS_BYTES = REKEY_INTERVAL * LENGTH_BYTES
/** The key stream of one key, its successor at the end: eleven whole blocks. */
const STREAM_BYTES = LENGTHS_BYTES + KEY_BYTES
const ZEROS = new Uint8Array(STREAM_BYTES)
const NO_BYTES = new Uint8Array(0)
/** In place of a packet's number, for the one message that becomes the next key. */
const REKEY_NUMBER = 0xffffffff
const TWO_TO_32 = 2 ** 32

/** FSChaCha20: hides the lengths, and does not protect them. */
export interface LengthCipher {
  /** Three bytes to their other form, by the next three of the key stream; either way is the same. */
  apply(bytes: Uint8Array, target: Uint8Array): void
  wipe(): void
}

/**
 * Takes the key, and overwrites it. The key stream of all 224 lengths is made at once, by @noble whatever
 * the crypto backend: it is 704 bytes, and no backend is faster by as much as a call of it costs.
 */
export function createLengthCipher(key: Uint8Array): LengthCipher {
  const nonce = new Uint8Array(NONCE_BYTES)
  /** How many keys there were before this one; exact below 2^53. */
  let epoch = 0
  let used = 0
  let isWiped = false
  let stream = chacha20(key, nonce, ZEROS)
  key.fill(0)

  function rekey(): void {
    epoch++
    writeEpoch(nonce, epoch)
    const next = chacha20(stream.subarray(LENGTHS_BYTES), nonce, ZEROS)
    stream.fill(0)
    stream = next
    used = 0
  }

  return {
    apply(bytes, target) {
      if (isWiped) throw new Error('the key of this cipher was wiped')
      for (let index = 0; index < LENGTH_BYTES; index++) {
        target[index] = (bytes[index] ?? 0) ^ (stream[used + index] ?? 0)
      }
      stream.fill(0, used, used + LENGTH_BYTES)
      used += LENGTH_BYTES
      if (used === LENGTHS_BYTES) rekey()
    },
    wipe() {
      isWiped = true
      stream.fill(0)
    },
  }
}

/** FSChaCha20Poly1305: what is in the packets. */
export interface PacketCipher {
  /** As `Aead.sealInto`, under the next nonce. */
  sealInto(
    additionalData: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void
  /** As `Aead.open`, under the next nonce; it goes on to the one behind it only where it opened. */
  open(additionalData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  wipe(): void
}

/** Takes the key, and overwrites it. */
export function createPacketCipher(
  crypto: Pick<CryptoBackend, 'chacha20Poly1305'>,
  key: Uint8Array,
): PacketCipher {
  const nonce = new Uint8Array(NONCE_BYTES)
  const nonceView = viewOf(nonce)
  let epoch = 0
  let used = 0
  let aead = takenBy(crypto, key)

  function advance(): void {
    used++
    if (used === REKEY_INTERVAL) {
      nonceView.setUint32(0, REKEY_NUMBER, true)
      const sealed = aead.seal(nonce, NO_BYTES, ZEROS.subarray(0, KEY_BYTES))
      aead.wipe()
      aead = takenBy(crypto, sealed.subarray(0, KEY_BYTES))
      used = 0
      epoch++
      writeEpoch(nonce, epoch)
    }
    nonceView.setUint32(0, used, true)
  }

  return {
    sealInto(additionalData, plaintext, target, offset) {
      aead.sealInto(nonce, additionalData, plaintext, target, offset)
      advance()
    },
    open(additionalData, sealed) {
      const plaintext = aead.open(nonce, additionalData, sealed)
      if (plaintext !== undefined) advance()
      return plaintext
    },
    wipe() {
      aead.wipe()
    },
  }
}

function takenBy(crypto: Pick<CryptoBackend, 'chacha20Poly1305'>, key: Uint8Array): Aead {
  const aead = crypto.chacha20Poly1305(key)
  key.fill(0)
  return aead
}

/** The last eight bytes of the nonce, little-endian. */
function writeEpoch(nonce: Uint8Array, epoch: number): void {
  const view = viewOf(nonce)
  view.setUint32(4, epoch % TWO_TO_32, true)
  view.setUint32(8, Math.floor(epoch / TWO_TO_32), true)
}
