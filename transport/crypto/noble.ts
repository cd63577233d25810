/**
 * The portable backend: @noble's ciphers, hashes and secp256k1. No native code, no platform.
 *
 * It is the oracle that the others are compared with, and signs for the one on node:crypto, whose
 * own signatures differ each time.
 * @module
 */
import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import {
  getPublicKey,
  getSharedSecret,
  hashes,
  sign as signWith,
  utils,
  verify as verifyWith,
} from '@noble/secp256k1'
import type { CryptoBackend } from '../../world/crypto.ts'
import {
  checkHkdfBytes,
  checkPrivateKey,
  createAead,
  hasCompressedForm,
  hasLowSignatureForm,
  isPrivateKey,
} from './guards.ts'
import type { AeadCipher } from './guards.ts'

const hmacSha256 = (key: Uint8Array, message: Uint8Array) => hmac(sha256, key, message)

// The library hashes synchronously only with what it is handed here.
hashes.sha256 = sha256
hashes.hmacSha256 = hmacSha256

/**
 * Said in full, because each default once was another: the message is hashed here and once, S is
 * low, and nothing random enters the nonce (RFC 6979 alone).
 */
const SIGNING = { prehash: true, lowS: true, format: 'compact', extraEntropy: false } as const
const VERIFYING = { prehash: true, lowS: true, format: 'compact' } as const

/** @throws {RangeError} not a private key */
export function signWithNoble(message: Uint8Array, privateKey: Uint8Array): Uint8Array {
  checkPrivateKey(privateKey)
  return signWith(message, privateKey, SIGNING)
}

/** @throws {RangeError} not a private key */
export function publicKeyWithNoble(privateKey: Uint8Array): Uint8Array {
  checkPrivateKey(privateKey)
  return getPublicKey(privateKey, true)
}

type NobleCipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  additionalData: Uint8Array,
) => {
  encrypt(plaintext: Uint8Array): Uint8Array
  decrypt(sealed: Uint8Array): Uint8Array
}

const aeadOf = (cipher: NobleCipher): AeadCipher => ({
  seal(key, nonce, additionalData, plaintext) {
    const sealed = cipher(key, nonce, additionalData).encrypt(plaintext)
    return {
      ciphertext: sealed.subarray(0, plaintext.length),
      tag: sealed.subarray(plaintext.length),
    }
  },
  open(key, nonce, additionalData, sealed) {
    const opening = cipher(key, nonce, additionalData)
    try {
      return opening.decrypt(sealed)
    } catch {
      // The lengths are right, so all that is left to fail is the tag; the library has no code for it.
      return undefined
    }
  },
  // The collector finds it.
  free: () => undefined,
})

const AES_256_GCM = aeadOf(gcm)
const CHACHA20_POLY1305 = aeadOf(chacha20poly1305)

function hashParts(hash: typeof sha256 | typeof sha512, parts: readonly Uint8Array[]): Uint8Array {
  const hashing = hash.create()
  for (const part of parts) hashing.update(part)
  return hashing.digest()
}

const isPublicKey = (bytes: Uint8Array): boolean =>
  hasCompressedForm(bytes) && utils.isValidPublicKey(bytes, true)

export function nobleCrypto(): CryptoBackend {
  return {
    name: 'noble',
    sha256: (...parts) => hashParts(sha256, parts),
    sha512: (...parts) => hashParts(sha512, parts),
    hmacSha256,
    hkdfSha256(input, salt, info, bytes) {
      checkHkdfBytes(bytes)
      return hkdf(sha256, input, salt, info, bytes)
    },
    isPrivateKey,
    publicKeyOf: publicKeyWithNoble,
    isPublicKey,
    sharedX(privateKey, publicKey) {
      checkPrivateKey(privateKey)
      if (!isPublicKey(publicKey)) return undefined
      const point = getSharedSecret(privateKey, publicKey, true)
      const x = point.slice(1)
      point.fill(0)
      return x
    },
    sign: signWithNoble,
    verify: (message, signature, publicKey) =>
      hasLowSignatureForm(signature) &&
      hasCompressedForm(publicKey) &&
      verifyWith(signature, message, publicKey, VERIFYING),
    aes256Gcm: (key) => createAead(AES_256_GCM, key),
    chacha20Poly1305: (key) => createAead(CHACHA20_POLY1305, key),
  }
}
