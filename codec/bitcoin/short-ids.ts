/**
 * Short ids of compact blocks (BIP 152, version 2): 48 bits of a keyed hash of what names a transaction
 * with its witness. The key comes from the header and a number of the sender's, so that nobody can make
 * transactions beforehand that share an id in every node.
 * @module
 */
import { viewOf } from '../bytes.ts'
import type { BlockHeader } from './block-header.ts'
import { transactionsOf } from './block.ts'
import type { Block } from './block.ts'
import { SHORT_ID_BYTES } from './compact-blocks.ts'
import type { CompactBlockMessage } from './compact-blocks.ts'
import type { Sha256 } from './hashes.ts'
import { sipHash, sipHashKeyOf } from './siphash.ts'
import type { SipHashKey } from './siphash.ts'
import { witnessIdOf } from './transaction.ts'
import type { Transaction } from './transaction.ts'

const KEY_BYTES = 16
const WORD_UNIT = 0x1_0000_0000

export function shortIdKeyOf(header: BlockHeader, nonce: bigint, sha256: Sha256): SipHashKey {
  const nonceBytes = new Uint8Array(8)
  viewOf(nonceBytes).setBigUint64(0, nonce, true)
  // Once, and not twice as everywhere else.
  return sipHashKeyOf(sha256(header.raw, nonceBytes).subarray(0, KEY_BYTES))
}

/** A number of 48 bits. */
export function shortIdOf(key: SipHashKey, witnessId: Uint8Array): number {
  const { low, high } = sipHash(key, witnessId)
  return (high & 0xffff) * WORD_UNIT + low
}

export const shortIdCountOf = ({ shortIds }: CompactBlockMessage): number =>
  shortIds.length / SHORT_ID_BYTES

/** 0 beyond the last. */
export function shortIdAt({ shortIds }: CompactBlockMessage, index: number): number {
  const at = index * SHORT_ID_BYTES
  if (!(at >= 0 && at + SHORT_ID_BYTES <= shortIds.length)) return 0
  const view = viewOf(shortIds)
  return view.getUint16(at + 4, true) * WORD_UNIT + view.getUint32(at, true)
}

/** The block as its sender says it: the coinbase in full, for nobody else has seen it. */
export function createCompactBlock(
  block: Block,
  nonce: bigint,
  sha256: Sha256,
): CompactBlockMessage {
  const { header } = block
  const key = shortIdKeyOf(header, nonce, sha256)
  const [coinbase, ...others] = transactionsOf(block)
  const shortIds = new Uint8Array(others.length * SHORT_ID_BYTES)
  const view = viewOf(shortIds)
  others.forEach((transaction, index) => {
    const { low, high } = sipHash(key, witnessIdOf(transaction, sha256))
    view.setUint32(index * SHORT_ID_BYTES, low, true)
    view.setUint16(index * SHORT_ID_BYTES + 4, high & 0xffff, true)
  })
  const prefilled = coinbase === undefined ? [] : [{ index: 0, transaction: coinbase }]
  return { type: 'cmpctblock', header, nonce, shortIds, prefilled }
}

/** A place of the block: what stands in it, or the short id of what belongs there. */
export type CompactPlace = Transaction | number

/**
 * The places of the block in order, or undefined where there can be no such block: one without any
 * transaction, an empty transaction, a place that neither list reaches. That is worth a peer its name.
 */
export function compactLayout(message: CompactBlockMessage): readonly CompactPlace[] | undefined {
  const { header, prefilled } = message
  const shortIdCount = shortIdCountOf(message)
  // Core takes a header without a target for none at all.
  if (header.bits === 0 || shortIdCount + prefilled.length === 0) return undefined
  const places: CompactPlace[] = []
  let used = 0
  for (const { index, transaction } of prefilled) {
    const isEmpty = transaction.inputCount === 0 && transaction.outputCount === 0
    if (isEmpty) return undefined
    while (places.length < index && used < shortIdCount) places.push(shortIdAt(message, used++))
    if (places.length !== index) return undefined
    places.push(transaction)
  }
  while (used < shortIdCount) places.push(shortIdAt(message, used++))
  return places
}
