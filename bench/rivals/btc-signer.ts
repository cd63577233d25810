/**
 * The v2 handshake's shared secret of @scure/btc-signer: the one other implementation in JavaScript that
 * people use.
 * @module
 */
import { elligatorSwift } from '@scure/btc-signer/p2p.js'

/** Two that meet; a call is what one of them has to do to know the secret. */
export function sharedSecrets(): () => void {
  const own = elligatorSwift.keygen()
  const theirs = elligatorSwift.keygen()
  return () => {
    elligatorSwift.getSharedSecretBip324(
      ...([own.privateKey, theirs.publicKey, own.publicKey, true] as const),
    )
  }
}
