/**
 * The broadcasts that came last, and what they are known under. In a flood each comes as often as a node
 * has neighbours: to compare it with the first costs a tenth of hashing it again.
 * @module
 */
import { equalBytes } from '../../codec/bytes.ts'
import type { BroadcastMessage } from '../../codec/native/messages.ts'

/**
 * As many as are being checked at once (`pendingPublicationsMax`): with those neighbours are not done
 * yet. They are held with their payloads.
 */
const KNOWN_MAX = 256
/** Of a payload: together they take at most a megabyte. To hash a larger one costs less than its copy. */
const KNOWN_PAYLOAD_BYTES_MAX = 4_096

export interface KnownPublications<Names> {
  /** What was noted with the same broadcast; the hops that are left may differ, nothing else. */
  find(message: BroadcastMessage): Names | undefined
  /** The oldest makes room. @param message in memory of its own */
  note(message: BroadcastMessage, names: Names): void
}

export function createKnownPublications<Names>(): KnownPublications<Names> {
  const known = new Map<number, { readonly message: BroadcastMessage; readonly names: Names }>()
  return {
    find(message) {
      const first = known.get(keyOf(message))
      return first !== undefined && isSame(first.message, message) ? first.names : undefined
    },
    note(message, names) {
      if (message.payload.length > KNOWN_PAYLOAD_BYTES_MAX) return
      known.set(keyOf(message), { message, names })
      if (known.size <= KNOWN_MAX) return
      const [oldest] = known.keys()
      if (oldest !== undefined) known.delete(oldest)
    },
  }
}

/** Who makes two signatures that begin alike has one of them hashed again, and nothing else. */
const keyOf = ({ signature }: BroadcastMessage): number =>
  ((signature[0] ?? 0) << 16) | ((signature[1] ?? 0) << 8) | (signature[2] ?? 0)

const isSame = (one: BroadcastMessage, other: BroadcastMessage): boolean =>
  one.sequence === other.sequence &&
  one.timestampMs === other.timestampMs &&
  one.keyType === other.keyType &&
  one.topic === other.topic &&
  equalBytes(one.signature, other.signature) &&
  equalBytes(one.originId, other.originId) &&
  equalBytes(one.originPublicKey, other.originPublicKey) &&
  equalBytes(one.payload, other.payload)
