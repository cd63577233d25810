/**
 * What of an Init and an Ack can be checked without a signature, in the specification's order; the first
 * that fails counts. Whether keys are on the curve costs a square root each; the signature, which comes
 * behind all of this, costs more than all of them together.
 * @module
 */
import { constantTimeEqual, encodeUtf8, equalBytes } from '../../codec/bytes.ts'
import type { AckMessage, InitMessage } from '../../codec/botd/messages.ts'
import type { BotdRefusal } from '../../machines/handshakes/botd.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

type Points = Pick<CryptoBackend, 'isPublicKey'>

/** As the listener. `bufferedBytes`: what came behind it. */
export function checkInit(
  { senderKey, recipientKey, ephemeralKey }: InitMessage,
  {
    bufferedBytes,
    crypto,
    ownKey,
  }: {
    readonly bufferedBytes: number
    readonly crypto: Points
    readonly ownKey: Uint8Array
  },
): BotdRefusal | undefined {
  if (![senderKey, recipientKey, ephemeralKey].every((key) => crypto.isPublicKey(key))) {
    return 'invalid-key'
  }
  if (!constantTimeEqual(recipientKey, ownKey)) return 'wrong-recipient'
  if (equalBytes(senderKey, ownKey)) return 'own-key'
  if (equalBytes(ephemeralKey, senderKey) || equalBytes(ephemeralKey, ownKey)) return 'invalid-key'
  return bufferedBytes > 0 ? 'early-bytes' : undefined
}

/** As the dialler. */
export function checkAck(
  { initId, ephemeralKey }: AckMessage,
  {
    crypto,
    ourId,
    ourKeys,
    dialledKey,
  }: {
    readonly crypto: Points
    readonly ourId: string
    /** The static one and the one of this connection. */
    readonly ourKeys: readonly Uint8Array[]
    readonly dialledKey: Uint8Array
  },
): BotdRefusal | undefined {
  if (!constantTimeEqual(encodeUtf8(initId), encodeUtf8(ourId))) return 'wrong-init-id'
  if (!crypto.isPublicKey(ephemeralKey)) return 'invalid-key'
  const isTaken = [...ourKeys, dialledKey].some((key) => equalBytes(key, ephemeralKey))
  return isTaken ? 'invalid-key' : undefined
}
