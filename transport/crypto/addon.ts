/**
 * The fastest backend: the optional package `secp256k1` (libsecp256k1, prebuilt) for the curve,
 * node:crypto for the rest.
 *
 * The package's main entry falls back to a JavaScript curve where the native part does not load;
 * that would be slower than node:crypto and not constant in time, so the native part is asked for
 * by its own path.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import type { CryptoBackend } from '../../world/crypto.ts'
import { checkPrivateKey, hasCompressedForm, hasLowSignatureForm, isPrivateKey } from './guards.ts'
import { hasNodePrimitives, nodePrimitives } from './node.ts'

const NATIVE_PART = 'secp256k1/bindings.js'

/** The part of the package's interface that is used. */
interface Addon {
  contextRandomize(seed: Uint8Array): void
  publicKeyVerify(publicKey: Uint8Array): boolean
  publicKeyCreate(privateKey: Uint8Array, compressed: boolean, output: Uint8Array): Uint8Array
  ecdsaSign(
    digest: Uint8Array,
    privateKey: Uint8Array,
    options: object,
    output: Uint8Array,
  ): { readonly signature: Uint8Array }
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  ecdh(
    publicKey: Uint8Array,
    privateKey: Uint8Array,
    options: { readonly hashfn: (x: Uint8Array, y: Uint8Array) => Uint8Array },
    output: Uint8Array,
  ): Uint8Array
}

const FUNCTIONS = [
  'contextRandomize',
  'publicKeyVerify',
  'publicKeyCreate',
  'ecdsaSign',
  'ecdsaVerify',
  'ecdh',
] as const

const isAddon = (loaded: unknown): loaded is Addon =>
  typeof loaded === 'object' &&
  loaded !== null &&
  FUNCTIONS.every((name) => typeof Reflect.get(loaded, name) === 'function')

/** The backend, or why there is none: the package is not installed, or not for this platform. */
export type AddonLoad =
  | { readonly backend: CryptoBackend; readonly fault?: undefined }
  | { readonly backend?: undefined; readonly fault: unknown }

/** libsecp256k1 asks for the x coordinate as the shared secret by handing the point to this. */
const RAW_X = { hashfn: (x: Uint8Array) => x } as const

/** `load` stands in for `require` in tests. */
export function loadAddonCrypto(
  load: (path: string) => unknown = createRequire(import.meta.url),
): AddonLoad {
  let loaded: unknown
  try {
    loaded = load(NATIVE_PART)
  } catch (fault) {
    return { fault }
  }
  if (!isAddon(loaded)) return { fault: new Error('secp256k1 lacks a function that is needed') }
  if (!hasNodePrimitives()) return { fault: new Error('node:crypto lacks a cipher that is needed') }
  return { backend: createAddonCrypto(loaded) }
}

/** Undefined where the package is absent. */
export const addonCrypto = (): CryptoBackend | undefined => loadAddonCrypto().backend

function createAddonCrypto(addon: Addon): CryptoBackend {
  // Blinds the private-key operations against side channels; results do not depend on it.
  addon.contextRandomize(randomBytes(32))

  const isPublicKey = (bytes: Uint8Array): boolean =>
    hasCompressedForm(bytes) && addon.publicKeyVerify(bytes)

  return {
    ...nodePrimitives,
    name: 'node+secp256k1',
    isPrivateKey,
    publicKeyOf(privateKey) {
      checkPrivateKey(privateKey)
      return addon.publicKeyCreate(privateKey, true, new Uint8Array(33))
    },
    isPublicKey,
    sharedX(privateKey, publicKey) {
      checkPrivateKey(privateKey)
      if (!isPublicKey(publicKey)) return undefined
      return addon.ecdh(publicKey, privateKey, RAW_X, new Uint8Array(32))
    },
    sign(message, privateKey) {
      checkPrivateKey(privateKey)
      const digest = nodePrimitives.sha256(message)
      // The library's own nonce function is RFC 6979, and it gives the low S.
      return addon.ecdsaSign(digest, privateKey, {}, new Uint8Array(64)).signature
    },
    verify(message, signature, publicKey) {
      if (!hasLowSignatureForm(signature) || !hasCompressedForm(publicKey)) return false
      const digest = nodePrimitives.sha256(message)
      try {
        return addon.ecdsaVerify(signature, digest, publicKey)
      } catch {
        // The forms are right, so what is left to fail is the curve's equation; to ask for it before
        // would be a tenth of each verification.
        return false
      }
    },
  }
}
