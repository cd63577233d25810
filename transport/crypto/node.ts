/**
 * The backend on node:crypto: hashes, ciphers, ECDH and verification. @noble signs, and derives public
 * keys: it has a table of the base point's multiples, and OpenSSL none for this curve.
 *
 * OpenSSL decides more leniently than the contract: guards.ts stands before every call.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  diffieHellman,
  getCiphers,
  getCurves,
  hash,
  verify as verifyWith,
} from 'node:crypto'
import type {
  CipherChaCha20Poly1305,
  CipherGCM,
  DecipherChaCha20Poly1305,
  DecipherGCM,
} from 'node:crypto'
import { concatBytes } from '../../codec/bytes.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { freeMemory, isFreeable } from '../free-memory.ts'
import { countMemory, uncountMemory } from './collector.ts'
import {
  checkHkdfBytes,
  checkPrivateKey,
  createAead,
  hasLowSignatureForm,
  isPrivateKey,
  TAG_BYTES,
} from './guards.ts'
import type { AeadCipher } from './guards.ts'
import { publicKeyWithNoble, signWithNoble } from './noble.ts'
import { createKeyParser, CURVE, publicKeyObject } from './node-keys.ts'
import { privateKeyObject, uncompressedPoint } from './node-keys.ts'

const HASH_BYTES = 32
/** Parts that are this short together are hashed as one. */
const JOINED_BYTES_MAX = 1_024

/** A plain Uint8Array over memory that nobody else has: a Buffer may be a part of a shared pool. */
const plain = (buffer: Buffer): Uint8Array =>
  buffer.byteLength === buffer.buffer.byteLength
    ? new Uint8Array(buffer.buffer)
    : Uint8Array.from(buffer)

function hashParts(algorithm: 'sha256' | 'sha512', parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  // Most are short: without an object that is fed, they take half of the time, a copy included.
  if (only !== undefined && parts.length === 1) return plain(hash(algorithm, only, 'buffer'))
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  if (bytes <= JOINED_BYTES_MAX) {
    const joined = concatBytes(...parts)
    const digest = plain(hash(algorithm, joined, 'buffer'))
    // A part may be a secret, and its owner overwrites it.
    joined.fill(0)
    return digest
  }
  const fed = createHash(algorithm)
  for (const part of parts) fed.update(part)
  return plain(fed.digest())
}

const hmacSha256 = (key: Uint8Array, message: Uint8Array): Uint8Array =>
  plain(createHmac('sha256', key).update(message).digest())

/** RFC 5869 over the HMAC: node's `hkdfSync` takes an info of at most 1,024 bytes, and is slower. */
function hkdfSha256(
  input: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  bytes: number,
): Uint8Array {
  checkHkdfBytes(bytes)
  const pseudoRandomKey = hmacSha256(salt, input)
  const output = new Uint8Array(bytes)
  let block: Uint8Array = new Uint8Array(0)
  for (let count = 1, offset = 0; offset < bytes; count++, offset += HASH_BYTES) {
    const next = createHmac('sha256', pseudoRandomKey).update(block).update(info)
    // It may be the whole of a key.
    block.fill(0)
    block = plain(next.update(Uint8Array.of(count)).digest())
    output.set(block.subarray(0, bytes - offset), offset)
  }
  pseudoRandomKey.fill(0)
  block.fill(0)
  return output
}

const aeadOf = (
  createSealing: (key: Uint8Array, nonce: Uint8Array) => CipherGCM | CipherChaCha20Poly1305,
  createOpening: (key: Uint8Array, nonce: Uint8Array) => DecipherGCM | DecipherChaCha20Poly1305,
): AeadCipher => ({
  seal(key, nonce, additionalData, plaintext) {
    const cipher = createSealing(key, nonce)
    cipher.setAAD(additionalData, { plaintextLength: plaintext.length })
    const ciphertext = plain(cipher.update(plaintext))
    cipher.final()
    return { ciphertext, tag: plain(cipher.getAuthTag()) }
  },
  open(key, nonce, additionalData, sealed) {
    const plaintextLength = sealed.length - TAG_BYTES
    const decipher = createOpening(key, nonce)
    decipher.setAAD(additionalData, { plaintextLength })
    decipher.setAuthTag(sealed.subarray(plaintextLength))
    const plaintext = plain(decipher.update(sealed.subarray(0, plaintextLength)))
    try {
      decipher.final()
    } catch {
      // The one thing that `final` checks is the tag.
      return undefined
    }
    countMemory(plaintext)
    return plaintext
  },
  free(plaintext) {
    if (!isFreeable(plaintext)) return
    uncountMemory(plaintext)
    freeMemory(plaintext)
  },
})

/** Said for opening too: without it a tag that was cut to 4 bytes would do. */
const TAG = { authTagLength: TAG_BYTES } as const

const AES_256_GCM = aeadOf(
  (key, nonce) => createCipheriv('aes-256-gcm', key, nonce, TAG),
  (key, nonce) => createDecipheriv('aes-256-gcm', key, nonce, TAG),
)
const CHACHA20_POLY1305 = aeadOf(
  (key, nonce) => createCipheriv('chacha20-poly1305', key, nonce, TAG),
  (key, nonce) => createDecipheriv('chacha20-poly1305', key, nonce, TAG),
)

/** What node:crypto does for every backend that runs on Node. */
export const nodePrimitives = {
  sha256: (...parts) => hashParts('sha256', parts),
  sha512: (...parts) => hashParts('sha512', parts),
  hmacSha256,
  hkdfSha256,
  aes256Gcm: (key) => createAead(AES_256_GCM, key),
  chacha20Poly1305: (key) => createAead(CHACHA20_POLY1305, key),
} satisfies Partial<CryptoBackend>

/** Builds of OpenSSL leave ciphers out, and other runtimes' stand-ins for it do as well. */
export function hasNodePrimitives(): boolean {
  const ciphers = getCiphers()
  return ciphers.includes('aes-256-gcm') && ciphers.includes('chacha20-poly1305')
}

/** Undefined where this runtime's node:crypto lacks the curve or a cipher. */
export function nodeCrypto(): CryptoBackend | undefined {
  if (!hasNodePrimitives() || !getCurves().includes(CURVE)) return undefined
  const parseKey = createKeyParser()
  return {
    ...nodePrimitives,
    name: 'node',
    isPrivateKey,
    publicKeyOf: publicKeyWithNoble,
    isPublicKey: (bytes) => uncompressedPoint(bytes) !== undefined,
    sharedX(privateKey, publicKey, ownPublicKey = publicKeyWithNoble(privateKey)) {
      checkPrivateKey(privateKey)
      const theirs = publicKeyObject(publicKey)
      if (theirs === undefined) return undefined
      const ours = privateKeyObject(privateKey, ownPublicKey)
      return plain(diffieHellman({ privateKey: ours, publicKey: theirs }))
    },
    sign: signWithNoble,
    verify(message, signature, publicKey) {
      if (!hasLowSignatureForm(signature)) return false
      const key = parseKey(publicKey)
      if (key === undefined) return false
      // The message, not the digest: node:crypto cannot be told that it is hashed already.
      return verifyWith('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    },
  }
}
