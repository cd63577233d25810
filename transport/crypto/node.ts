/**
 * The backend on node:crypto: hashes, ciphers, ECDH and verification; @noble signs.
 *
 * OpenSSL decides more leniently than the contract: guards.ts stands before every call.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  ECDH,
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
  KeyObject,
} from 'node:crypto'
import { concatBytes } from '../../codec/bytes.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import {
  checkHkdfBytes,
  checkPrivateKey,
  createAead,
  hasCompressedForm,
  hasLowSignatureForm,
  isPrivateKey,
  TAG_BYTES,
} from './guards.ts'
import type { AeadCipher } from './guards.ts'
import { signWithNoble } from './noble.ts'

const CURVE = 'secp256k1'
const HASH_BYTES = 32
/** Parts that are this short together are hashed as one. */
const JOINED_BYTES_MAX = 1_024

/** SubjectPublicKeyInfo (RFC 5480) of a compressed secp256k1 point, up to the point. */
const PUBLIC_KEY_PREFIX = Uint8Array.of(
  ...[0x30, 0x36, 0x30, 0x10],
  // 1.2.840.10045.2.1, ecPublicKey
  ...[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  // 1.3.132.0.10, secp256k1
  ...[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a],
  // BIT STRING of 33 bytes, no unused bits
  ...[0x03, 0x22, 0x00],
)

/**
 * Keys whose parsed form is kept. Parsing is a third of a verification, and the same origins and
 * peers sign again and again; 256 is several times the peers of a node, at about 1 KiB each.
 */
const PARSED_KEYS_MAX = 256

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
  let block = new Uint8Array(0)
  for (let count = 1, offset = 0; offset < bytes; count++, offset += HASH_BYTES) {
    const next = createHmac('sha256', pseudoRandomKey).update(block).update(info)
    block = Uint8Array.from(next.update(Uint8Array.of(count)).digest())
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
  seal(key, nonce, additionalData, plaintext, target, offset) {
    const cipher = createSealing(key, nonce)
    cipher.setAAD(additionalData, { plaintextLength: plaintext.length })
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    target.set(ciphertext, offset)
    target.set(cipher.getAuthTag(), offset + ciphertext.length)
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
    return plaintext
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

function isPublicKey(bytes: Uint8Array): boolean {
  if (!hasCompressedForm(bytes)) return false
  try {
    ECDH.convertKey(bytes, CURVE, undefined, undefined, 'compressed')
    return true
  } catch {
    // Length, prefix and range are right, so what failed is the curve's equation.
    return false
  }
}

/** The parsed forms of the keys last asked for, and no more than `PARSED_KEYS_MAX` of them. */
function createKeyParser(): (publicKey: Uint8Array) => KeyObject | undefined {
  const parsed = new Map<string, KeyObject>()
  return (publicKey) => {
    const name = Buffer.from(publicKey).toString('latin1')
    const known = parsed.get(name)
    if (known === undefined && !isPublicKey(publicKey)) return undefined
    const key =
      known ??
      createPublicKey({
        key: Buffer.from(concatBytes(PUBLIC_KEY_PREFIX, publicKey)),
        format: 'der',
        type: 'spki',
      })
    // A Map keeps the order of insertion: its first key is the one that was not asked for longest.
    parsed.delete(name)
    parsed.set(name, key)
    if (parsed.size > PARSED_KEYS_MAX) {
      const oldest = parsed.keys().next()
      if (oldest.done !== true) parsed.delete(oldest.value)
    }
    return key
  }
}

/** Undefined where this runtime's node:crypto lacks the curve or a cipher. */
export function nodeCrypto(): CryptoBackend | undefined {
  if (!hasNodePrimitives() || !getCurves().includes(CURVE)) return undefined
  const parseKey = createKeyParser()
  return {
    ...nodePrimitives,
    name: 'node',
    isPrivateKey,
    publicKeyOf(privateKey) {
      checkPrivateKey(privateKey)
      const ecdh = createECDH(CURVE)
      ecdh.setPrivateKey(privateKey)
      return plain(ecdh.getPublicKey(null, 'compressed'))
    },
    isPublicKey,
    sharedX(privateKey, publicKey) {
      checkPrivateKey(privateKey)
      if (!isPublicKey(publicKey)) return undefined
      const ecdh = createECDH(CURVE)
      ecdh.setPrivateKey(privateKey)
      return plain(ecdh.computeSecret(publicKey))
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
