/**
 * Blocks: a header and transactions, as the bytes that they came in. What is asked here is whether the
 * transactions are those that the header means; whether they may stand in a chain is asked elsewhere.
 * @module
 */
import { equalBytes } from '../bytes.ts'
import { expectEnd, skipBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { createWriter, writeBytes, writtenBytes } from '../writer.ts'
import { BLOCK_HEADER_BYTES, merkleRootOf, readBlockHeader } from './block-header.ts'
import { writeBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { createPayloadReader, PAYLOAD_BYTES_MAX, readCount, SIZE_MAX } from './fields.ts'
import { doubleSha256, HASH_BYTES } from './hashes.ts'
import type { Sha256 } from './hashes.ts'
import { merkleRootOfPacked } from './merkle-root.ts'
import { bytesWithoutWitness, hasWitness, isCoinbase, readTransaction } from './transaction.ts'
import { skipTransactions, TRANSACTION_BYTES_MIN, transactionIdOf } from './transaction.ts'
import { withoutWitness, witnessIdOf } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { outputsOf, witnessOf } from './transaction-parts.ts'

/** MAX_BLOCK_WEIGHT. */
export const BLOCK_WEIGHT_MAX = 4_000_000
/** MIN_TRANSACTION_WEIGHT: an input, an output, and what stands around them. */
const TRANSACTION_WEIGHT_MIN = 240
/** Those that a block has weight for: 16,666. */
export const BLOCK_TRANSACTION_COUNT_MAX = Math.floor(BLOCK_WEIGHT_MAX / TRANSACTION_WEIGHT_MIN)

export interface Block {
  /** All of it: a view, as the header is one. */
  readonly raw: Uint8Array
  readonly header: BlockHeader
  /** They are walked once, so that they are there; and made when somebody asks: see `transactionsOf`. */
  readonly transactionCount: number
}

/** Reads up to its end, and no further. @throws {WireError} */
export function readBlock(reader: Reader): Block {
  const start = reader.offset
  const header = readBlockHeader(reader)
  const transactionCount = readCount(reader, TRANSACTION_BYTES_MIN)
  skipTransactions(reader, transactionCount)
  return { raw: reader.bytes.subarray(start, reader.offset), header, transactionCount }
}

/** @throws {WireError} not a block, or something behind it */
export function decodeBlock(bytes: Uint8Array): Block {
  const reader = createPayloadReader(bytes)
  const block = readBlock(reader)
  expectEnd(reader)
  return block
}

/** @throws {RangeError} more than a message holds */
export function createBlock(header: BlockHeader, transactions: readonly Transaction[]): Block {
  const transactionCount = transactions.length
  const writer = createWriter(PAYLOAD_BYTES_MAX)
  writeBlockHeader(writer, header)
  writeCompactSize(writer, transactionCount)
  for (const { raw } of transactions) writeBytes(writer, raw)
  return { raw: writtenBytes(writer), header, transactionCount }
}

/** In order, as views of the block. Each call makes them anew. */
export function transactionsOf(block: Block): readonly Transaction[] {
  const transactions: Transaction[] = []
  visitTransactions(block, (transaction) => transactions.push(transaction))
  return transactions
}

/** One at a time: a stranger's block may have hundreds of thousands, each of nothing. */
export function visitTransactions(
  { raw, transactionCount }: Block,
  visit: (transaction: Transaction, index: number) => void,
): void {
  const reader = createPayloadReader(raw)
  skipBytes(reader, BLOCK_HEADER_BYTES)
  readCompactSize(reader, SIZE_MAX)
  for (let index = 0; index < transactionCount; index++) visit(readTransaction(reader), index)
}

/** What is sent to who does not ask for the witness. */
export function blockWithoutWitness(block: Block): Block {
  const transactions = transactionsOf(block)
  return transactions.some(hasWitness)
    ? createBlock(block.header, transactions.map(withoutWitness))
    : block
}

/** BIP 141: header and count are outside of the witness. */
export function blockWeightOf(block: Block): number {
  let witnessBytes = 0
  visitTransactions(block, (transaction) => {
    witnessBytes += transaction.raw.length - bytesWithoutWitness(transaction)
  })
  return 4 * block.raw.length - 3 * witnessBytes
}

/** OP_RETURN, 36 bytes, and the four that say what they are (BIP 141). */
const COMMITMENT_PREFIX = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed)
const COMMITMENT_SCRIPT_BYTES_MIN = COMMITMENT_PREFIX.length + HASH_BYTES

/** What the last output that commits to witnesses commits to; undefined where there is none. */
export function witnessCommitmentOf(coinbase: Transaction): Uint8Array | undefined {
  const script = outputsOf(coinbase)
    .map((output) => output.script)
    .findLast(
      (bytes) =>
        bytes.length >= COMMITMENT_SCRIPT_BYTES_MIN &&
        equalBytes(bytes.subarray(0, COMMITMENT_PREFIX.length), COMMITMENT_PREFIX),
    )
  return script?.subarray(COMMITMENT_PREFIX.length, COMMITMENT_SCRIPT_BYTES_MIN)
}

/** In place of a transaction 64 bytes of two hashes could be meant, where no coinbase stands first. */
const MISTAKABLE_BYTES = 2 * HASH_BYTES

/**
 * Whether somebody changed the block on its way without touching the header, so that this says nothing
 * about the block that the header means.
 *
 * One of more transactions than a block can have counts as changed before anything is hashed: a stranger
 * who makes 400,000 of ten bytes each, no two of them equal, would have us hash 1.6 million times.
 * @param isWitnessChecked whether witnesses count at the block's height
 */
export function isMutatedBlock(block: Block, sha256: Sha256, isWitnessChecked: boolean): boolean {
  if (block.transactionCount > BLOCK_TRANSACTION_COUNT_MAX) return true
  const ids = new Uint8Array(block.transactionCount * HASH_BYTES)
  let coinbase: Transaction | undefined
  let isWitnessed = false
  let isMistakable = false
  visitTransactions(block, (transaction, index) => {
    if (index === 0 && isCoinbase(transaction)) coinbase = transaction
    isWitnessed ||= hasWitness(transaction)
    isMistakable ||= bytesWithoutWitness(transaction) === MISTAKABLE_BYTES
    ids.set(transactionIdOf(transaction, sha256), index * HASH_BYTES)
  })
  const root = merkleRootOfPacked(ids, sha256)
  if (root.isMutated || !equalBytes(root.hash, merkleRootOf(block.header))) return true
  if (coinbase === undefined) return isMistakable
  const commitment = isWitnessChecked ? witnessCommitmentOf(coinbase) : undefined
  if (commitment === undefined) return isWitnessed
  return !isCommitted(block, commitment, witnessOf(coinbase), sha256)
}

function isCommitted(
  block: Block,
  commitment: Uint8Array,
  coinbaseWitness: readonly (readonly Uint8Array[])[],
  sha256: Sha256,
): boolean {
  const [[reserved, ...more] = []] = coinbaseWitness
  if (reserved?.length !== HASH_BYTES || more.length > 0) return false
  const ids = new Uint8Array(block.transactionCount * HASH_BYTES)
  visitTransactions(block, (transaction, index) => {
    // The first holds what this is compared with: zero stands for it.
    if (index > 0) ids.set(witnessIdOf(transaction, sha256), index * HASH_BYTES)
  })
  const root = merkleRootOfPacked(ids, sha256)
  return equalBytes(doubleSha256(sha256, root.hash, reserved), commitment)
}
