/**
 * Messages of who has no blocks and wants of each what concerns it (BIP 37): a filter that says what, and
 * blocks with what passed it. Served only where it was agreed to be.
 * @module
 */
import { readU32le, readU8 } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { writeU32le, writeU8 } from '../writer.ts'
import { BLOCK_TRANSACTION_COUNT_MAX } from './block.ts'
import { readBlockHeader, writeBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { checkAtMost, emptyPayload, PAYLOAD_BYTES_MAX, readCount, readHashes } from './fields.ts'
import { readVector, writeHashes, writeVector } from './fields.ts'
import type { PayloadCodec, PayloadReader } from './fields.ts'
import { HASH_BYTES } from './hashes.ts'
import { violation } from './violation.ts'
import type { ViolatingCommand, ViolationMessage } from './violation.ts'

/** MAX_BLOOM_FILTER_SIZE. */
export const BLOOM_FILTER_BYTES_MAX = 36_000
/** MAX_HASH_FUNCS. */
export const BLOOM_FUNCTION_COUNT_MAX = 50
/** MAX_SCRIPT_ELEMENT_SIZE: what matches is never longer. */
export const BLOOM_ITEM_BYTES_MAX = 520

export interface FilterLoadMessage {
  readonly type: 'filterload'
  /** Of no bytes: everything matches. */
  readonly filter: Uint8Array
  readonly functionCount: number
  readonly tweak: number
  readonly flags: number
}

export interface FilterAddMessage {
  readonly type: 'filteradd'
  readonly item: Uint8Array
}

/** Which transactions of a block passed, and hashes that prove them. See `merkleMatches`. */
export interface MerkleBlockMessage {
  readonly type: 'merkleblock'
  readonly header: BlockHeader
  readonly transactionCount: number
  readonly hashes: readonly Uint8Array[]
  /** A bit for each node of the tree that is walked, the lowest of each byte first. */
  readonly flags: Uint8Array
}

export interface BloomFilterMessages {
  readonly filterload: FilterLoadMessage
  readonly filteradd: FilterAddMessage
  readonly filterclear: { readonly type: 'filterclear' }
  readonly merkleblock: MerkleBlockMessage
}

/** Who does not serve filters leaves at the first, whatever it holds: it is told of a damaged one as well. */
const judged =
  <Message>(command: ViolatingCommand, read: (reader: Reader) => Message | ViolationMessage) =>
  (reader: PayloadReader): Message | ViolationMessage => {
    try {
      return read(reader)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return violation(command, 'malformed')
    }
  }

function readFilterLoad(reader: Reader): FilterLoadMessage | ViolationMessage {
  const filter = readVector(reader)
  const functionCount = readU32le(reader)
  const tweak = readU32le(reader)
  const flags = readU8(reader)
  const fits = filter.length <= BLOOM_FILTER_BYTES_MAX && functionCount <= BLOOM_FUNCTION_COUNT_MAX
  if (!fits) return violation('filterload', 'filter-too-large')
  return { type: 'filterload', filter, functionCount, tweak, flags }
}

function readFilterAdd(reader: Reader): FilterAddMessage | ViolationMessage {
  const item = readVector(reader)
  if (item.length > BLOOM_ITEM_BYTES_MAX) return violation('filteradd', 'filter-item-too-long')
  return { type: 'filteradd', item }
}

export const BLOOM_FILTER_CODECS: {
  readonly [Type in keyof BloomFilterMessages]: PayloadCodec<BloomFilterMessages[Type]>
} = {
  filterload: {
    read: judged('filterload', readFilterLoad),
    write(writer, { filter, functionCount, tweak, flags }) {
      writeVector(writer, filter, BLOOM_FILTER_BYTES_MAX)
      writeU32le(writer, checkAtMost(functionCount, BLOOM_FUNCTION_COUNT_MAX))
      writeU32le(writer, tweak)
      writeU8(writer, flags)
    },
    payloadBytesMax: 3 + BLOOM_FILTER_BYTES_MAX + 4 + 4 + 1,
  },
  filteradd: {
    read: judged('filteradd', readFilterAdd),
    write: (writer, { item }) => writeVector(writer, item, BLOOM_ITEM_BYTES_MAX),
    payloadBytesMax: 3 + BLOOM_ITEM_BYTES_MAX,
  },
  filterclear: emptyPayload('filterclear'),
  merkleblock: {
    read(reader) {
      const header = readBlockHeader(reader)
      const transactionCount = readU32le(reader)
      const count = readCount(reader, HASH_BYTES)
      // More than a block has transactions prove nothing.
      if (count > BLOCK_TRANSACTION_COUNT_MAX) throw new WireError('skip', 'out-of-range')
      const hashes = readHashes(reader, count)
      return { type: 'merkleblock', header, transactionCount, hashes, flags: readVector(reader) }
    },
    write(writer, { header, transactionCount, hashes, flags }) {
      writeBlockHeader(writer, header)
      writeU32le(writer, transactionCount)
      writeHashes(writer, hashes, BLOCK_TRANSACTION_COUNT_MAX)
      writeVector(writer, flags)
    },
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
}
