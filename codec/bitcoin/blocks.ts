/**
 * The messages tx and block. What is written is what was read: nothing is encoded a second time.
 * @module
 */
import { WireError } from '../wire-error.ts'
import { writeBytes } from '../writer.ts'
import { readBlock } from './block.ts'
import type { Block } from './block.ts'
import { PAYLOAD_BYTES_MAX } from './fields.ts'
import type { PayloadCodec, PayloadReader } from './fields.ts'
import { readTransaction } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { violation } from './violation.ts'
import type { ViolationMessage } from './violation.ts'

export interface TransactionMessage {
  readonly type: 'tx'
  readonly transaction: Transaction
}

export interface BlockMessage {
  readonly type: 'block'
  readonly block: Block
}

export interface BlockMessages {
  readonly tx: TransactionMessage
  readonly block: BlockMessage
}

/** Who wants no transactions leaves at the first, and does not look what it is. */
function readTransactionMessage(reader: PayloadReader): TransactionMessage | ViolationMessage {
  try {
    return { type: 'tx', transaction: readTransaction(reader) }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return violation('tx', 'malformed')
  }
}

export const BLOCK_CODECS: {
  readonly [Type in keyof BlockMessages]: PayloadCodec<BlockMessages[Type]>
} = {
  tx: {
    read: readTransactionMessage,
    write: (writer, { transaction }) => writeBytes(writer, transaction.raw),
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
  block: {
    read: (reader) => ({ type: 'block', block: readBlock(reader) }),
    write: (writer, { block }) => writeBytes(writer, block.raw),
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
}
