/**
 * Blocks: a header and transactions, as the bytes that they came in. What is asked here is whether the
 * transactions are those that the header means; whether they may stand in a chain is asked elsewhere.
 * @module
 */
import { equalBytes } from '../bytes.ts'
import { expectEnd } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { writeCompactSize } from '../varint.ts'
import { createWriter, writeBytes, writtenBytes } from '../writer.ts'
import { merkleRootOf, readBlockHeader, writeBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { createPayloadReader, PAYLOAD_BYTES_MAX, readCount } from './fields.ts'
import { doubleSha256, HASH_BYTES, ZERO_HASH } from './hashes.ts'
import type { Sha256 } from './hashes.ts'
import { merkleRoot } from './merkle-root.ts'
import { bytesWithoutWitness, hasWitness, isCoinbase, readTransaction } from './transaction.ts'
import { TRANSACTION_BYTES_MIN, transactionIdOf, weightOf, withoutWitness } from './transaction.ts'
import { witnessIdOf } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { outputsOf, witnessOf } from './transaction-parts.ts'

/** MAX_BLOCK_WEIGHT. */
export const BLOCK_WEIGHT_MAX = 4_000_000

export interface Block {
  /** All of it: a view. The header and the transactions are views of the same bytes. */
  readonly raw: Uint8Array
  readonly header: BlockHeader
  readonly transactions: readonly Transaction[]
}

/** Reads up to its end, and no further. @throws {WireError} */
export function readBlock(reader: Reader): Block {
  const start = reader.offset
  const header = readBlockHeader(reader)
  const count = readCount(reader, TRANSACTION_BYTES_MIN)
  const transactions: Transaction[] = []
  for (let index = 0; index < count; index++) transactions.push(readTransaction(reader))
  return { raw: reader.bytes.subarray(start, reader.offset), header, transactions }
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
  const writer = createWriter(PAYLOAD_BYTES_MAX)
  writeBlockHeader(writer, header)
  writeCompactSize(writer, transactions.length)
  for (const { raw } of transactions) writeBytes(writer, raw)
  return decodeBlock(writtenBytes(writer))
}

/** What is sent to who does not ask for the witness. */
export const blockWithoutWitness = ({ header, transactions, raw }: Block): Block =>
  transactions.some(hasWitness)
    ? createBlock(header, transactions.map(withoutWitness))
    : { raw, header, transactions }

/** BIP 141: header and count are outside of the witness. */
export function blockWeightOf({ raw, transactions }: Block): number {
  let inside = 0
  let weight = 0
  for (const transaction of transactions) {
    inside += transaction.raw.length
    weight += weightOf(transaction)
  }
  return 4 * (raw.length - inside) + weight
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
 * @param isWitnessChecked whether witnesses count at the block's height
 */
export function isMutatedBlock(block: Block, sha256: Sha256, isWitnessChecked: boolean): boolean {
  const { header, transactions } = block
  const ids = transactions.map((transaction) => transactionIdOf(transaction, sha256))
  const root = merkleRoot(ids, sha256)
  if (root.isMutated || !equalBytes(root.hash, merkleRootOf(header))) return true
  const [first] = transactions
  if (first === undefined || !isCoinbase(first)) {
    return transactions.some((one) => bytesWithoutWitness(one) === MISTAKABLE_BYTES)
  }
  const commitment = isWitnessChecked ? witnessCommitmentOf(first) : undefined
  if (commitment === undefined) return transactions.some(hasWitness)
  const [[reserved, ...more] = []] = witnessOf(first)
  if (reserved?.length !== HASH_BYTES || more.length > 0) return true
  const witnessIds = transactions.map((one) => witnessIdOf(one, sha256))
  const witnessRoot = merkleRoot([ZERO_HASH, ...witnessIds.slice(1)], sha256)
  return !equalBytes(doubleSha256(sha256, witnessRoot.hash, reserved), commitment)
}
