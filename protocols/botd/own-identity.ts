/**
 * Our own key pair, which the manifest states before there is a world to ask for cryptography: on
 * @noble, which runs everywhere, and once; or with what stands in for all cryptography of its world.
 * @module
 */
import { getPublicKey, utils } from '@noble/secp256k1'
import type { IdentityCrypto } from '../../actors/protocol-tools.ts'
import { encodeHex } from '../../codec/bytes.ts'

export interface OwnIdentity {
  /** A copy. Secret. */
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  /** The public key in hexadecimal: who this node is to others. */
  readonly identity: string
}

const PORTABLE: Pick<IdentityCrypto, 'isPrivateKey' | 'publicKeyOf'> = {
  isPrivateKey: (bytes) => utils.isValidSecretKey(bytes),
  publicKeyOf: (bytes) => getPublicKey(bytes, true),
}

/** @throws {RangeError} not a secp256k1 private key */
export function ownIdentityOf(
  privateKey: Uint8Array,
  crypto: Pick<IdentityCrypto, 'isPrivateKey' | 'publicKeyOf'> = PORTABLE,
): OwnIdentity {
  if (!crypto.isPrivateKey(privateKey)) {
    throw new RangeError('the key is no secp256k1 private key of 32 bytes')
  }
  const publicKey = crypto.publicKeyOf(privateKey)
  return { privateKey: privateKey.slice(), publicKey, identity: encodeHex(publicKey) }
}
