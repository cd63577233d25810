/**
 * Who breaks the rules of the BOTD network in tests: sub-protocols that say what no application may, and
 * wires that write what no wire would.
 * @module
 */
import { encodeAscii } from '../../codec/bytes.ts'
import { signedBytes } from '../../codec/botd/handshake-bytes.ts'
import type { BotdMessage, InitMessage } from '../../codec/botd/messages.ts'
import type { Protocol } from '../../index.ts'
import type { BotdTypes } from '../../protocols/botd.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { rewriting } from '../support/wires.ts'

type BotdProtocol = Protocol<BotdTypes>
const crypto = nobleCrypto()

export const app = (...payload: readonly number[]): BotdMessage => ({
  type: 'app',
  id: 'a',
  topic: 'test',
  payload: Uint8Array.from(payload),
})

/** Says no confirm: its first sealed message is the application's. */
export const withoutConfirm = (protocol: BotdProtocol): BotdProtocol =>
  rewriting(protocol, (message) => (message.type === 'sessionConfirm' ? undefined : message))

/** A good Init, or one that is changed before or after it is signed. */
export function initOf(
  privateKey: Uint8Array,
  recipientKey: Uint8Array,
  change: Partial<InitMessage> = {},
  label = 'ephemeral',
): InitMessage {
  const unsigned = {
    type: 'init' as const,
    id: 'i'.repeat(32),
    senderKey: crypto.publicKeyOf(privateKey),
    recipientKey,
    ephemeralKey: crypto.publicKeyOf(crypto.sha256(encodeAscii(label))),
    ...change,
  }
  const { ephemeralKey, senderKey } = unsigned
  const signed = signedBytes(senderKey, unsigned.recipientKey, ephemeralKey)
  return { signature: crypto.sign(signed, privateKey), ...unsigned }
}
