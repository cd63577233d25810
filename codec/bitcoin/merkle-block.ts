/**
 * What a merkleblock proves (BIP 37), and how one is made. The tree is walked from the root down: a bit
 * says whether something below matches, a hash stands where nothing does, and at the matches themselves.
 * A proof that could be read in two ways proves nothing.
 * @module
 */
import { equalBytes } from '../bytes.ts'
import { merkleRootOf } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { BLOCK_TRANSACTION_COUNT_MAX } from './block.ts'
import type { MerkleBlockMessage } from './bloom-filters.ts'
import { doubleSha256, ZERO_HASH } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

export interface MerkleMatch {
  /** The transaction's place in its block. */
  readonly index: number
  readonly transactionId: Uint8Array
}

/** How many nodes a level has, of which 0 are the leaves. */
const widthOf = (leafCount: number, level: number): number =>
  (leafCount + (1 << level) - 1) >> level

function heightOf(leafCount: number): number {
  let height = 0
  while (widthOf(leafCount, height) > 1) height++
  return height
}

/** The transactions that are proven to stand in the block, in its order; undefined: nothing is. */
export function merkleMatches(
  message: MerkleBlockMessage,
  sha256: Sha256,
): readonly MerkleMatch[] | undefined {
  const { header, transactionCount, hashes, flags } = message
  // The bound comes first: the tree is walked as deep as the count says.
  if (transactionCount === 0 || transactionCount > BLOCK_TRANSACTION_COUNT_MAX) return undefined
  if (hashes.length > transactionCount || flags.length * 8 < hashes.length) return undefined
  const matches: MerkleMatch[] = []
  let bitsUsed = 0
  let hashesUsed = 0
  let isBad = false

  function walk(level: number, position: number): Uint8Array {
    const flag = flags[bitsUsed >> 3]
    if (flag === undefined) isBad = true
    if (isBad || flag === undefined) return ZERO_HASH
    const isMarked = ((flag >> (bitsUsed++ & 7)) & 1) === 1
    if (level === 0 || !isMarked) {
      const hash = hashes[hashesUsed++]
      if (hash === undefined) isBad = true
      else if (isMarked) matches.push({ index: position, transactionId: hash })
      return hash ?? ZERO_HASH
    }
    const left = walk(level - 1, position * 2)
    const isAlone = position * 2 + 1 >= widthOf(transactionCount, level - 1)
    const right = isAlone ? left : walk(level - 1, position * 2 + 1)
    // No two transactions of a block are the same, so neither are what stands above them.
    if (!isAlone && equalBytes(left, right)) isBad = true
    return isBad ? ZERO_HASH : doubleSha256(sha256, left, right)
  }

  const root = walk(heightOf(transactionCount), 0)
  const isUsedUp = hashesUsed === hashes.length && (bitsUsed + 7) >> 3 === flags.length
  return !isBad && isUsedUp && equalBytes(root, merkleRootOf(header)) ? matches : undefined
}

/**
 * The proof for those transactions of a block for which `isMatch` says so.
 * @throws {RangeError} no transactions, or more than a proof can be about
 */
export function createMerkleBlock(
  header: BlockHeader,
  transactionIds: readonly Uint8Array[],
  isMatch: (index: number) => boolean,
  sha256: Sha256,
): MerkleBlockMessage {
  const transactionCount = transactionIds.length
  if (transactionCount === 0 || transactionCount > BLOCK_TRANSACTION_COUNT_MAX) {
    throw new RangeError(`no proof is about ${transactionCount} transactions`)
  }
  const height = heightOf(transactionCount)
  const levels = levelsOf(transactionIds, isMatch, sha256)
  const hashes: Uint8Array[] = []
  const bits: boolean[] = []

  function walk(level: number, position: number): void {
    const node = levels[level]?.[position]
    if (node === undefined) return
    bits.push(node.isMarked)
    if (level === 0 || !node.isMarked) {
      hashes.push(node.hash)
      return
    }
    walk(level - 1, position * 2)
    walk(level - 1, position * 2 + 1)
  }

  walk(height, 0)
  const flags = new Uint8Array((bits.length + 7) >> 3)
  bits.forEach((isSet, index) => {
    if (isSet) flags[index >> 3] = (flags[index >> 3] ?? 0) | (1 << (index & 7))
  })
  return { type: 'merkleblock', header, transactionCount, hashes, flags }
}

interface TreeNode {
  readonly hash: Uint8Array
  /** It matches, or something below it does. */
  readonly isMarked: boolean
}

/** The leaves first, the root last. */
function levelsOf(
  transactionIds: readonly Uint8Array[],
  isMatch: (index: number) => boolean,
  sha256: Sha256,
): readonly (readonly TreeNode[])[] {
  let level: readonly TreeNode[] = transactionIds.map((hash, index) => ({
    hash,
    isMarked: isMatch(index),
  }))
  const levels = [level]
  while (level.length > 1) {
    const above: TreeNode[] = []
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index]
      const right = level[index + 1] ?? left
      if (left === undefined || right === undefined) break
      above.push({
        hash: doubleSha256(sha256, left.hash, right.hash),
        isMarked: left.isMarked || right.isMarked,
      })
    }
    levels.push(above)
    level = above
  }
  return levels
}
