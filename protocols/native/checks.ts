/**
 * The checks of a handshake that need nothing but the handshake, a clock and ourselves: numbers 2 to 5
 * of the native protocol's section 5, in its order. The first that fails counts. They cost
 * a hash and two points at most, and stand before the signature's check, which costs more.
 * @module
 */
import { equalBytes } from '../../codec/bytes.ts'
import { MAJOR_VERSION } from '../../codec/native/handshake-bytes.ts'
import { KEY_TYPE_SECP256K1, nodeIdOf } from '../../codec/native/identity.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import type { HandshakeMessage } from '../../codec/native/messages.ts'
import type { NativeRefusal } from '../../machines/handshakes/native.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

export interface CheckedAgainst {
  readonly crypto: CryptoBackend
  readonly network: string
  readonly own: NodeIdentity
  /** The id that was dialled; undefined for the listener. */
  readonly dialledId: Uint8Array | undefined
  readonly wallMs: number
  readonly timestampToleranceMs: number
}

export function checkHandshake(
  handshake: HandshakeMessage,
  against: CheckedAgainst,
): NativeRefusal | undefined {
  return (
    checkVersion(handshake, against) ??
    checkTimestamp(handshake, against) ??
    checkId(handshake, against) ??
    checkRecipient(handshake, against)
  )
}

/** Check 2. Another minor version is no fault: the lower one applies. */
function checkVersion(
  { major, network }: HandshakeMessage,
  against: CheckedAgainst,
): NativeRefusal | undefined {
  if (major !== MAJOR_VERSION) return 'version-mismatch'
  return network === against.network ? undefined : 'network-mismatch'
}

/** Check 3. Both exact limits pass. Clocks err both ways, so the future has the same limit. */
function checkTimestamp(
  { timestampMs }: HandshakeMessage,
  { wallMs, timestampToleranceMs }: CheckedAgainst,
): NativeRefusal | undefined {
  // A bigint: a stranger's 64 bits do not fit a number.
  const ageMs = BigInt(wallMs) - timestampMs
  if (ageMs > BigInt(timestampToleranceMs)) return 'expired-timestamp'
  return ageMs < -BigInt(timestampToleranceMs) ? 'future-timestamp' : undefined
}

/** Check 4. */
function checkId(
  { keyType, nodeId, publicKey, ephemeralKey }: HandshakeMessage,
  { crypto, own, dialledId }: CheckedAgainst,
): NativeRefusal | undefined {
  if (keyType !== KEY_TYPE_SECP256K1) return 'invalid-id'
  if (!equalBytes(nodeId, nodeIdOf(crypto, keyType, publicKey))) return 'invalid-id'
  if (!crypto.isPublicKey(publicKey) || !crypto.isPublicKey(ephemeralKey)) return 'invalid-id'
  if (equalBytes(nodeId, own.nodeId)) return 'own-id'
  return dialledId === undefined || equalBytes(nodeId, dialledId) ? undefined : 'unexpected-id'
}

/** Check 5. */
function checkRecipient(
  { recipientId }: HandshakeMessage,
  { own }: CheckedAgainst,
): NativeRefusal | undefined {
  return equalBytes(recipientId, own.nodeId) ? undefined : 'wrong-recipient'
}
