/**
 * Whether a broadcast or an item that a neighbour passed on can be right: sizes are the codec's; here
 * come hops, origin, time and who may speak, in the specification's order. What remains is its
 * signature, which is a job.
 * @module
 */
import { encodeHex, equalBytes } from '../../codec/bytes.ts'
import { KEY_TYPE_SECP256K1, nodeIdOf } from '../../codec/native/identity.ts'
import type { BroadcastMessage, ItemMessage } from '../../codec/native/messages.ts'
import { broadcastBytes, itemBytes, publicationIdOf } from '../../codec/native/publication-bytes.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import type { CryptoJob } from '../../world/jobs.ts'
import type { NativeLimits } from './limits.ts'

export type PublicationMessage = BroadcastMessage | ItemMessage

export interface PublicationNames {
  /** In hexadecimal: what it is known under. Every receiver computes it. */
  readonly id: string
  readonly origin: string
  readonly signed: Uint8Array
}

export interface CheckingPublications {
  readonly crypto: CryptoBackend
  readonly network: string
  readonly ownId: string
  readonly limits: Pick<NativeLimits, 'broadcastAgeMs' | 'hopsMax' | 'publicationFutureMs'>
  /** Who may take part. */
  admits(identity: string): boolean
  wallMs(): number
  banned(identity: string): number | undefined
}

/** What it is known under. It costs two hashes. */
export function namesOf(
  message: PublicationMessage,
  { crypto, network }: Pick<CheckingPublications, 'crypto' | 'network'>,
): PublicationNames {
  const signed =
    message.type === 'broadcast'
      ? broadcastBytes(crypto, network, message)
      : itemBytes(crypto, network, message)
  const id = encodeHex(publicationIdOf(crypto, signed))
  return { id, origin: encodeHex(message.originId), signed }
}

/** Before anything is computed: too many hops are dropped without a strike, for hops are not signed. */
export const hasTooManyHops = (
  { hopsLeft }: PublicationMessage,
  { limits }: Pick<CheckingPublications, 'limits'>,
): boolean => hopsLeft > limits.hopsMax

/**
 * `ignore`: nobody is to blame. `invalid`: the neighbour is, because honest nodes check before they
 * pass on. Else the job that says whether the signature is right.
 */
export function checkPublication(
  message: PublicationMessage,
  { origin, signed }: PublicationNames,
  checking: CheckingPublications,
): 'ignore' | 'invalid' | CryptoJob {
  const { crypto, limits, ownId } = checking
  const { keyType, originId, originPublicKey, signature, timestampMs } = message
  if (origin === ownId) return 'ignore'
  const ageMs = BigInt(checking.wallMs()) - timestampMs
  if (ageMs < -BigInt(limits.publicationFutureMs)) return 'ignore'
  // An item is as good as new however old it is: it is known by its number.
  if (message.type === 'broadcast' && ageMs > BigInt(limits.broadcastAgeMs)) return 'ignore'
  if (keyType !== KEY_TYPE_SECP256K1) return 'invalid'
  if (!equalBytes(originId, nodeIdOf(crypto, keyType, originPublicKey))) return 'invalid'
  if (!checking.admits(origin) || checking.banned(origin) !== undefined) return 'ignore'
  return { operation: 'verify', message: signed, signature, publicKey: originPublicKey }
}
