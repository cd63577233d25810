/**
 * From keys of one connection to those of its four ciphers (BIP 324): the key pair, the shared secret
 * over what was sent, and what is derived of it.
 *
 * The private key lives from the first byte of ours to the answer of the job; the shared secret only
 * inside one call. Both are overwritten there.
 * @module
 */
import type { CryptoBackend } from '../../../world/crypto.ts'
import type { CryptoJob } from '../../../world/jobs.ts'
import type { Random } from '../../../world/random.ts'
import { concatBytes, encodeAscii } from '../../bytes.ts'
import type { Role } from '../../wire.ts'
import { decodeEllswift, encodeEllswift } from './ellswift.ts'

const PRIVATE_KEY_BYTES = 32
const KEY_BYTES = 32
export const TERMINATOR_BYTES = 16
const SHARED_SECRET_TAG = encodeAscii('bip324_ellswift_xonly_ecdh')
const SALT_LABEL = encodeAscii('bitcoin_v2_shared_secret')
/** The form of a point with an even y. Which of the two it is does not matter to the shared x. */
const COMPRESSED = Uint8Array.of(0x02)
/**
 * A source of chance that gives no key in as many draws is none: of real keys one is enough, and where
 * half of them are on no curve it is one in 2^256.
 */
const DRAWS_MAX = 256

/** Ours, for one connection. Whoever holds it overwrites the private key. */
export interface V2KeyPair {
  readonly privateKey: Uint8Array
  /** The 64 bytes that are sent: those, and no other form of the same key, are hashed. */
  readonly key: Uint8Array
}

/** Whoever makes ciphers of them gives the keys away: they overwrite them. */
export interface V2DirectionKeys {
  /** 32 bytes each. */
  readonly lengthKey: Uint8Array
  readonly packetKey: Uint8Array
  /** 16 bytes behind the garbage of the direction. No secret once they are sent. */
  readonly terminator: Uint8Array
}

export interface V2Keys {
  readonly send: V2DirectionKeys
  readonly receive: V2DirectionKeys
  /** 32 bytes, the same on both sides. Public. */
  readonly sessionId: Uint8Array
}

export function drawKeyPair(
  crypto: Pick<CryptoBackend, 'isPrivateKey' | 'publicKeyOf'>,
  random: Random,
): V2KeyPair {
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const privateKey = random.bytes(PRIVATE_KEY_BYTES)
    if (!crypto.isPrivateKey(privateKey)) continue
    const key = encodeEllswift(crypto.publicKeyOf(privateKey).subarray(1), random)
    // Always, but with cryptography that only looks like it: half of its keys are on no curve.
    if (key !== undefined) return { privateKey, key }
  }
  throw new Error('the source of chance gives no private key')
}

/** What has to be computed with a peer's 64 bytes; `deriveKeys` takes the answer. */
export const sharedXJob = (
  { privateKey }: V2KeyPair,
  theirKey: Uint8Array,
): Extract<CryptoJob, { operation: 'sharedX' }> => ({
  operation: 'sharedX',
  privateKey,
  publicKey: concatBytes(COMPRESSED, decodeEllswift(theirKey)),
})

export interface V2Agreement {
  /** The dialler is the initiator. */
  readonly role: Role
  /** The four bytes of the network. */
  readonly magic: Uint8Array
  readonly ownKey: Uint8Array
  readonly theirKey: Uint8Array
  /** The answer of the job. Overwritten. */
  readonly sharedX: Uint8Array
}

/** The secret of both, from the keys exactly as they were sent, the initiator's first. */
export function sharedSecretOf(
  crypto: Pick<CryptoBackend, 'sha256'>,
  { role, ownKey, theirKey, sharedX }: Omit<V2Agreement, 'magic'>,
): Uint8Array {
  const tag = crypto.sha256(SHARED_SECRET_TAG)
  const [first, second] = role === 'dialler' ? [ownKey, theirKey] : [theirKey, ownKey]
  return crypto.sha256(tag, tag, first, second, sharedX)
}

/** Overwrites `sharedX`, and all that it made on the way. */
export function deriveKeys(crypto: CryptoBackend, agreement: V2Agreement): V2Keys {
  const secret = sharedSecretOf(crypto, agreement)
  agreement.sharedX.fill(0)
  const salt = concatBytes(SALT_LABEL, agreement.magic)
  const expanded = (label: string) => crypto.hkdfSha256(secret, salt, encodeAscii(label), KEY_BYTES)

  const terminators = expanded('garbage_terminators')
  const keysOf = (name: 'initiator' | 'responder', terminator: Uint8Array): V2DirectionKeys => ({
    lengthKey: expanded(`${name}_L`),
    packetKey: expanded(`${name}_P`),
    terminator,
  })
  const initiator = keysOf('initiator', terminators.slice(0, TERMINATOR_BYTES))
  const responder = keysOf('responder', terminators.slice(TERMINATOR_BYTES))
  const sessionId = expanded('session_id')
  secret.fill(0)
  return agreement.role === 'dialler'
    ? { send: initiator, receive: responder, sessionId }
    : { send: responder, receive: initiator, sessionId }
}
