/**
 * The cryptography that the core may ask for. One interface, several implementations
 * (`transport/crypto/`), chosen once at start and injected.
 *
 * What a stranger can choose (public keys, signatures, sealed bytes) never throws: a wrong value
 * gives `undefined` or `false`, the same verdict from every implementation. What only we choose
 * (private keys, nonces, cipher keys) throws a RangeError: it is our fault.
 * @module
 */

export interface DetachedSeal {
  /** As long as the plaintext. */
  readonly ciphertext: Uint8Array
  /** 16 bytes. */
  readonly tag: Uint8Array
}

/**
 * An authenticated cipher under one key, of which it holds a copy. Nonces are the caller's: 12
 * bytes, never used twice; another length throws a RangeError. After `wipe` every use throws.
 */
export interface Aead {
  /** Ciphertext followed by the 16-byte tag. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Uint8Array
  /**
   * What `seal` gives, written from `offset` of `target` on. The plaintext may lie in the target,
   * also where the ciphertext goes; the additional data may lie in the rest of it.
   * @throws {RangeError} no room for the plaintext's length and 16 bytes more
   */
  sealInto(
    nonce: Uint8Array,
    additionalData: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void
  /** What `seal` gives, in two pieces of memory of their own: of large ones it saves a copy. */
  sealDetached(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): DetachedSeal
  /** The plaintext in memory of its own, or undefined where anything does not authenticate. */
  open(nonce: Uint8Array, additionalData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  /**
   * What `open` gave, and nobody will look at again: its memory may be given back at once. It may come to the
   * cipher of a later key, for keys change while a plaintext is read.
   */
  free(plaintext: Uint8Array): void
  /** Overwrites the copy of the key. */
  wipe(): void
}

export interface CryptoBackend {
  /** Which parts answer, for reports: `noble`, `node`, `node+secp256k1`. */
  readonly name: string

  /** SHA-256 of the parts, one after the other. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array
  /** SHA-512 of the parts, one after the other. */
  sha512(...parts: readonly Uint8Array[]): Uint8Array
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array
  /**
   * HKDF (RFC 5869) with SHA-256, extract then expand.
   * @throws {RangeError} `bytes` is not a whole number from 1 to 255 * 32
   */
  hkdfSha256(input: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array

  /** Whether 32 bytes are a secp256k1 private key: 1 to n-1, big-endian. */
  isPrivateKey(bytes: Uint8Array): boolean
  /** SEC1 compressed, 33 bytes. @throws {RangeError} not a private key */
  publicKeyOf(privateKey: Uint8Array): Uint8Array
  /** Whether the bytes are a secp256k1 point in SEC1 compressed form, and in no other. */
  isPublicKey(bytes: Uint8Array): boolean
  /**
   * The 32-byte big-endian x coordinate of the shared point; undefined where `isPublicKey` is false.
   * `ownPublicKey` is `publicKeyOf(privateKey)`, where that is at hand: it changes no result and saves some
   * implementations from computing it again.
   * @throws {RangeError} not a private key
   */
  sharedX(
    privateKey: Uint8Array,
    publicKey: Uint8Array,
    ownPublicKey?: Uint8Array,
  ): Uint8Array | undefined
  /**
   * ECDSA over SHA-256 of `message`: r then s, 64 bytes, low S, deterministic (RFC 6979).
   * @throws {RangeError} not a private key
   */
  sign(message: Uint8Array, privateKey: Uint8Array): Uint8Array
  /** False as well for a high S, a zero, a wrong length, or a key that `isPublicKey` refuses. */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean

  /** @throws {RangeError} not 32 bytes */
  aes256Gcm(key: Uint8Array): Aead
  /** @throws {RangeError} not 32 bytes */
  chacha20Poly1305(key: Uint8Array): Aead
}
