/**
 * Compact blocks (BIP 152): a block as its header, short ids of transactions that the receiver is likely
 * to have, and those in full that it cannot have.
 * @module
 */
import { failReading, readBytes, readU64le, readU8 } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { writeBytes, writeU64le, writeU8 } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { readBlockHeader, writeBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { checkAtMost, PAYLOAD_BYTES_MAX, readCount, readHash, writeHash } from './fields.ts'
import type { PayloadCodec } from './fields.ts'
import { HASH_BYTES } from './hashes.ts'
import { readTransaction, skipTransactions, TRANSACTION_BYTES_MIN } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { violation } from './violation.ts'

/** Whatever is counted or numbered here has 16 bits. */
export const COMPACT_INDEX_MAX = 0xffff
/** One for each index: who answers with more was not asked for them. */
export const REQUESTED_COUNT_MAX = COMPACT_INDEX_MAX + 1
export const SHORT_ID_BYTES = 6

/** Whether whole compact blocks are wanted unasked, and which kind of them is meant. */
export interface SendCompactMessage {
  readonly type: 'sendcmpct'
  /** 0 or 1; another number is read, and costs the peer more than the message. */
  readonly announce: number
  /** Only 2 counts: short ids of what has a witness. */
  readonly version: bigint
}

export interface PrefilledTransaction {
  /** Its place in the block. In what a stranger sent it may be in none: see `compactLayout`. */
  readonly index: number
  readonly transaction: Transaction
}

export interface CompactBlockMessage {
  readonly type: 'cmpctblock'
  readonly header: BlockHeader
  /** With the header, the key of the short ids. */
  readonly nonce: bigint
  /** 6 bytes each, in the order of the places that nothing is prefilled for: see `shortIdAt`. */
  readonly shortIds: Uint8Array
  /** Ascending. */
  readonly prefilled: readonly PrefilledTransaction[]
}

export interface GetBlockTransactionsMessage {
  readonly type: 'getblocktxn'
  readonly blockHash: Uint8Array
  /** Ascending. */
  readonly indexes: readonly number[]
}

export interface BlockTransactionsMessage {
  readonly type: 'blocktxn'
  readonly blockHash: Uint8Array
  readonly transactions: readonly Transaction[]
}

export interface CompactBlockMessages {
  readonly sendcmpct: SendCompactMessage
  readonly cmpctblock: CompactBlockMessage
  readonly getblocktxn: GetBlockTransactionsMessage
  readonly blocktxn: BlockTransactionsMessage
}

function readCompactBlock(reader: Reader): CompactBlockMessage {
  const header = readBlockHeader(reader)
  const nonce = readU64le(reader)
  const shortIdCount = readCount(reader, SHORT_ID_BYTES)
  const shortIds = readBytes(reader, shortIdCount * SHORT_ID_BYTES)
  const prefilledCount = readCount(reader, 1 + TRANSACTION_BYTES_MIN)
  if (shortIdCount + prefilledCount > COMPACT_INDEX_MAX) failReading(reader, 'tooLarge')
  const prefilled: PrefilledTransaction[] = []
  let index = -1
  for (let count = 0; count < prefilledCount; count++) {
    index += readCompactSize(reader, COMPACT_INDEX_MAX) + 1
    prefilled.push({ index, transaction: readTransaction(reader) })
  }
  return { type: 'cmpctblock', header, nonce, shortIds, prefilled }
}

function writeCompactBlock(writer: Writer, message: CompactBlockMessage): void {
  const { shortIds, prefilled } = message
  const shortIdCount = shortIds.length / SHORT_ID_BYTES
  if (!Number.isInteger(shortIdCount)) throw new RangeError('short ids have 6 bytes each')
  checkAtMost(shortIdCount + prefilled.length, COMPACT_INDEX_MAX)
  writeBlockHeader(writer, message.header)
  writeU64le(writer, message.nonce)
  writeCompactSize(writer, shortIdCount)
  writeBytes(writer, shortIds)
  writeCompactSize(writer, prefilled.length)
  let next = 0
  for (const { index, transaction } of prefilled) {
    next = writeIndex(writer, index, next)
    writeBytes(writer, transaction.raw)
  }
}

/** Gives the smallest that may follow. @throws {RangeError} not ascending, or above the limit */
function writeIndex(writer: Writer, index: number, next: number): number {
  writeCompactSize(writer, checkAtMost(index, COMPACT_INDEX_MAX) - next)
  return index + 1
}

function readGetBlockTransactions(reader: Reader): GetBlockTransactionsMessage {
  const blockHash = readHash(reader)
  const count = readCount(reader, 1)
  const indexes: number[] = []
  let index = -1
  // It ends early: indexes ascend, and stop at 16 bits.
  for (let read = 0; read < count; read++) {
    index += readCompactSize(reader, COMPACT_INDEX_MAX) + 1
    if (index > COMPACT_INDEX_MAX) failReading(reader, 'tooLarge')
    indexes.push(index)
  }
  return { type: 'getblocktxn', blockHash, indexes }
}

function writeGetBlockTransactions(writer: Writer, message: GetBlockTransactionsMessage): void {
  writeHash(writer, message.blockHash)
  writeCompactSize(writer, message.indexes.length)
  let next = 0
  for (const index of message.indexes) next = writeIndex(writer, index, next)
}

export const COMPACT_BLOCK_CODECS: {
  readonly [Type in keyof CompactBlockMessages]: PayloadCodec<CompactBlockMessages[Type]>
} = {
  sendcmpct: {
    read: (reader) => ({
      type: 'sendcmpct',
      announce: readU8(reader),
      version: readU64le(reader),
    }),
    write(writer, { announce, version }) {
      writeU8(writer, checkAtMost(announce, 1))
      writeU64le(writer, version)
    },
    payloadBytesMax: 9,
  },
  cmpctblock: {
    read: readCompactBlock,
    write: writeCompactBlock,
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
  getblocktxn: {
    read: readGetBlockTransactions,
    write: writeGetBlockTransactions,
    // Every index there is, each a step of one byte: with longer steps there are fewer.
    payloadBytesMax: HASH_BYTES + 5 + REQUESTED_COUNT_MAX,
  },
  blocktxn: {
    read(reader) {
      const blockHash = readHash(reader)
      const count = readCount(reader, TRANSACTION_BYTES_MIN)
      if (count > REQUESTED_COUNT_MAX) {
        skipTransactions(reader, count)
        return violation('blocktxn', 'too-many-transactions')
      }
      const transactions: Transaction[] = []
      for (let index = 0; index < count; index++) transactions.push(readTransaction(reader))
      return { type: 'blocktxn', blockHash, transactions }
    },
    write(writer, { blockHash, transactions }) {
      writeHash(writer, blockHash)
      writeCompactSize(writer, checkAtMost(transactions.length, REQUESTED_COUNT_MAX))
      for (const { raw } of transactions) writeBytes(writer, raw)
    },
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
}
