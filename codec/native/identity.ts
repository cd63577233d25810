/**
 * Who a node is (native protocol, section 1): a secp256k1 key, and an id that is a hash
 * of it. Whether an id belongs to a key is a computation, never a lookup.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { encodeAscii, encodeHex } from '../bytes.ts'

/** secp256k1, compressed SEC1. Number 2 is reserved for Ed25519. */
export const KEY_TYPE_SECP256K1 = 1
export const NODE_ID_BYTES = 32
export const PUBLIC_KEY_BYTES = 33

const ID_LABEL = encodeAscii('node-network/id/v1')
const NODE_ID = /^[0-9a-f]{64}$/

/** What a node is to itself. The private key is a secret: it stands in no context, event or log. */
export interface NodeIdentity {
  /** The node id as text. */
  readonly id: string
  readonly nodeId: Uint8Array
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** 32 bytes. Whether the key is a point of the curve is for the caller to have checked. */
export const nodeIdOf = (
  crypto: Pick<CryptoBackend, 'sha256'>,
  keyType: number,
  publicKey: Uint8Array,
): Uint8Array => crypto.sha256(ID_LABEL, Uint8Array.of(keyType), publicKey)

/** 64 lower-case digits, and no other way to write an id. */
export const isNodeId = (text: string): boolean => NODE_ID.test(text)

/** Keeps a copy of the private key. @throws {RangeError} it is no secp256k1 private key */
export function identityOf(
  crypto: Pick<CryptoBackend, 'isPrivateKey' | 'publicKeyOf' | 'sha256'>,
  privateKey: Uint8Array,
): NodeIdentity {
  if (!crypto.isPrivateKey(privateKey)) throw new RangeError('not a secp256k1 private key')
  const publicKey = crypto.publicKeyOf(privateKey)
  const nodeId = nodeIdOf(crypto, KEY_TYPE_SECP256K1, publicKey)
  return { id: encodeHex(nodeId), nodeId, publicKey, privateKey: new Uint8Array(privateKey) }
}
