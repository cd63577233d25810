/**
 * Cryptography that only looks like it, for runs of a thousand nodes: a public key is a hash of the
 * private one, a signature is a hash under the public key, a shared secret is a hash of both public
 * keys, and a sealed text is the text behind which a hash under the key stands. Shapes and verdicts
 * are those of real backends: what was signed, agreed on or sealed otherwise is refused.
 *
 * It hides nothing and keeps nobody out. Hashes and key derivation are real.
 * @module
 */
import { compareBytes, concatBytes, encodeAscii, equalBytes, viewOf } from '../../codec/bytes.ts'
import { checkPrivateKey, createAead, hasCompressedForm } from '../../transport/crypto/guards.ts'
import { hasLowSignatureForm, isPrivateKey, TAG_BYTES } from '../../transport/crypto/guards.ts'
import type { AeadCipher } from '../../transport/crypto/guards.ts'
import { nodePrimitives } from '../../transport/crypto/node.ts'
import type { Aead, CryptoBackend } from '../../world/crypto.ts'
import { createMix, mixIn, mixInBytes } from './mixing.ts'
import type { Mix } from './mixing.ts'

const PUBLIC_LABEL = encodeAscii('model/public-key')
const SIGNATURE_LABELS = [encodeAscii('model/signature/r'), encodeAscii('model/signature/s')]
const SHARED_LABEL = encodeAscii('model/shared-x')
/** SEC1 compressed, the even y. */
const COMPRESSED = Uint8Array.of(0x02)
/** Keeps r and s under half the order of the curve, as those of a real signature are. */
const HALF_ORDER_MASK = 0x3e
const FREED_BYTE = 0xdd

const { sha256 } = nodePrimitives

/** Of all that a tag stands for. */
function mixOf(...parts: readonly Uint8Array[]): Mix {
  const mix = createMix()
  for (const part of parts) mixInBytes(mix, part)
  return mix
}

function writeTag(target: Uint8Array, offset: number, mix: Mix): void {
  const view = viewOf(target)
  for (let at = offset; at < offset + TAG_BYTES; at += 8) {
    view.setInt32(at, mix.high)
    view.setInt32(at + 4, mix.low)
    mixIn(mix, TAG_BYTES)
  }
}

const cipher: AeadCipher = {
  seal(key, nonce, additionalData, plaintext) {
    const tag = new Uint8Array(TAG_BYTES)
    writeTag(tag, 0, mixOf(key, nonce, additionalData, plaintext))
    return { ciphertext: plaintext.slice(), tag }
  },
  open(key, nonce, additionalData, sealed) {
    const text = sealed.slice(0, sealed.length - TAG_BYTES)
    const tag = new Uint8Array(TAG_BYTES)
    writeTag(tag, 0, mixOf(key, nonce, additionalData, text))
    return equalBytes(tag, sealed.subarray(text.length)) ? text : undefined
  },
  // Whoever looks at it all the same sees something else.
  free(plaintext) {
    plaintext.fill(FREED_BYTE)
  },
}

const publicKeyOf = (privateKey: Uint8Array): Uint8Array => {
  checkPrivateKey(privateKey)
  return concatBytes(COMPRESSED, sha256(PUBLIC_LABEL, privateKey))
}

function signatureOf(message: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const signature = concatBytes(
    ...SIGNATURE_LABELS.map((label) => sha256(label, publicKey, message)),
  )
  for (const first of [0, signature.length / 2]) {
    signature[first] = ((signature[first] ?? 0) & HALF_ORDER_MASK) | 1
  }
  return signature
}

const modelAead = (key: Uint8Array): Aead => createAead(cipher, key)

export const modelCrypto = (): CryptoBackend => ({
  ...nodePrimitives,
  name: 'model',
  isPrivateKey,
  publicKeyOf,
  isPublicKey: hasCompressedForm,
  sharedX(privateKey, publicKey) {
    const own = publicKeyOf(privateKey)
    if (!hasCompressedForm(publicKey)) return undefined
    // In one order, whoever computes it.
    return compareBytes(own, publicKey) < 0
      ? sha256(SHARED_LABEL, own, publicKey)
      : sha256(SHARED_LABEL, publicKey, own)
  },
  sign: (message, privateKey) => signatureOf(message, publicKeyOf(privateKey)),
  verify: (message, signature, publicKey) =>
    hasLowSignatureForm(signature) &&
    hasCompressedForm(publicKey) &&
    equalBytes(signature, signatureOf(message, publicKey)),
  aes256Gcm: modelAead,
  chacha20Poly1305: modelAead,
})
