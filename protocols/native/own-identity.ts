/**
 * Our own identity, which the manifest states before there is a world to ask for cryptography: on
 * @noble, which runs everywhere, and once; or with what stands in for all cryptography of its world.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { getPublicKey, utils } from '@noble/secp256k1'
import type { IdentityCrypto } from '../../actors/protocol-tools.ts'
import { concatBytes } from '../../codec/bytes.ts'
import { identityOf } from '../../codec/native/identity.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'

const PORTABLE: IdentityCrypto = {
  isPrivateKey: (bytes) => utils.isValidSecretKey(bytes),
  publicKeyOf: (bytes) => getPublicKey(bytes, true),
  sha256: (...parts) => sha256(concatBytes(...parts)),
}

/** @throws {RangeError} not a secp256k1 private key */
export const ownIdentityOf = (
  privateKey: Uint8Array,
  crypto: IdentityCrypto = PORTABLE,
): NodeIdentity => identityOf(crypto, privateKey)
