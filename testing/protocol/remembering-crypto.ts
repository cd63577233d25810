/**
 * A backend that computes nothing twice. Thousands of runs of one exchange make the same keys, and
 * the operations on the curve are most of what a run costs.
 * @module
 */
import { encodeHex } from '../../codec/bytes.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

/** Above it everything is forgotten: no exchange of a suite has so many different ones. */
const REMEMBERED_MAX = 50_000

export function rememberingCrypto(crypto: CryptoBackend): CryptoBackend {
  const remember = <Result extends Uint8Array | boolean | undefined>(
    compute: (...parts: readonly Uint8Array[]) => Result,
  ) => {
    const known = new Map<string, Result>()
    return (...parts: readonly Uint8Array[]): Result => {
      const key = parts.map(encodeHex).join()
      if (!known.has(key)) {
        if (known.size >= REMEMBERED_MAX) known.clear()
        known.set(key, compute(...parts))
      }
      const result = known.get(key)
      // Its owner may wipe it.
      return (result instanceof Uint8Array ? result.slice() : result) as Result
    }
  }
  const none = new Uint8Array(0)
  const publicKeyOf = remember((privateKey = none) => crypto.publicKeyOf(privateKey))
  const isPublicKey = remember((bytes = none) => crypto.isPublicKey(bytes))
  const secretOf = remember((own = none, theirs = none) => crypto.sharedX(own, theirs))
  // Our public key changes no result: it is no part of what is remembered.
  const sharedX: CryptoBackend['sharedX'] = (own, theirs) => secretOf(own, theirs)
  const sign = remember((message = none, own = none) => crypto.sign(message, own))
  const verify = remember((message = none, signature = none, theirs = none) =>
    crypto.verify(message, signature, theirs),
  )
  return { ...crypto, isPublicKey, publicKeyOf, sharedX, sign, verify }
}
