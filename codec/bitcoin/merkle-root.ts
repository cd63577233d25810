/**
 * The root over the hashes of a block's transactions: pairs are hashed, and what stands alone is paired
 * with itself. So a list whose end is said twice has the root of the list that says it once
 * (CVE-2012-2459), which has to be told apart from the original.
 * @module
 */
import { doubleSha256, HASH_BYTES, ZERO_HASH } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

export interface MerkleRoot {
  readonly hash: Uint8Array
  /** Two neighbours that were both there are equal: another list has the same root. */
  readonly isMutated: boolean
}

/** Of no leaves it is zero. */
export function merkleRoot(leaves: readonly Uint8Array[], sha256: Sha256): MerkleRoot {
  const packed = new Uint8Array(leaves.length * HASH_BYTES)
  leaves.forEach((leaf, index) => packed.set(leaf, index * HASH_BYTES))
  return merkleRootOfPacked(packed, sha256)
}

/** As `merkleRoot`, of leaves that lie one behind the other: of a block there may be many. */
export function merkleRootOfPacked(leaves: Uint8Array, sha256: Sha256): MerkleRoot {
  const leafCount = leaves.length / HASH_BYTES
  if (leafCount === 0) return { hash: ZERO_HASH, isMutated: false }
  // One piece of memory for each level in turn, and room for one that stands alone.
  const level = new Uint8Array(leaves.length + HASH_BYTES)
  level.set(leaves)
  let isMutated = false
  for (let count = leafCount; count > 1; count = (count + 1) >> 1) {
    for (let pair = 0; pair + 1 < count; pair += 2) {
      isMutated ||= areEqual(level, pair * HASH_BYTES)
    }
    if (count % 2 === 1) {
      level.copyWithin(count * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES)
    }
    for (let pair = 0; pair < count; pair += 2) {
      const at = pair * HASH_BYTES
      const both = level.subarray(at, at + 2 * HASH_BYTES)
      level.set(doubleSha256(sha256, both), at / 2)
    }
  }
  return { hash: level.slice(0, HASH_BYTES), isMutated }
}

/** The hash at `at`, and the one behind it. */
function areEqual(level: Uint8Array, at: number): boolean {
  for (let index = at; index < at + HASH_BYTES; index++) {
    if (level[index] !== level[index + HASH_BYTES]) return false
  }
  return true
}
