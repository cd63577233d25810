/**
 * Messages about filters that a node makes of each block, so that who asks for them tells nobody what it
 * looks for (BIP 157). What a filter holds (BIP 158) is bytes here.
 * @module
 */
import { readU32le, readU8 } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { writeU32le, writeU8 } from '../writer.ts'
import { PAYLOAD_BYTES_MAX, readCount, readHash, readHashes, readVector } from './fields.ts'
import { writeHash, writeHashes, writeVector } from './fields.ts'
import type { PayloadCodec } from './fields.ts'
import { doubleSha256, HASH_BYTES } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

/** The only kind there is. */
export const BASIC_FILTER = 0
/** MAX_GETCFHEADERS_SIZE. */
export const FILTER_HEADER_COUNT_MAX = 2_000
/** One for a thousand blocks: enough for 190 years of a block in ten minutes. Ours; BIP 157 has none. */
export const FILTER_CHECKPOINT_COUNT_MAX = 10_000

interface FilterRangeMessage<Type extends 'getcfilters' | 'getcfheaders'> {
  readonly type: Type
  readonly filterKind: number
  readonly startHeight: number
  /** Of the last block that is meant. */
  readonly stopHash: Uint8Array
}

export interface FilterMessage {
  readonly type: 'cfilter'
  readonly filterKind: number
  readonly blockHash: Uint8Array
  readonly filter: Uint8Array
}

export interface FilterHeadersMessage {
  readonly type: 'cfheaders'
  readonly filterKind: number
  readonly stopHash: Uint8Array
  /** Of the block before the first: with it and the hashes all headers are computed. */
  readonly previousHeader: Uint8Array
  readonly filterHashes: readonly Uint8Array[]
}

export interface GetFilterCheckpointsMessage {
  readonly type: 'getcfcheckpt'
  readonly filterKind: number
  readonly stopHash: Uint8Array
}

export interface FilterCheckpointsMessage {
  readonly type: 'cfcheckpt'
  readonly filterKind: number
  readonly stopHash: Uint8Array
  /** Of the filters at the heights 1,000, 2,000 and so on. */
  readonly filterHeaders: readonly Uint8Array[]
}

export interface BlockFilterMessages {
  readonly getcfilters: FilterRangeMessage<'getcfilters'>
  readonly cfilter: FilterMessage
  readonly getcfheaders: FilterRangeMessage<'getcfheaders'>
  readonly cfheaders: FilterHeadersMessage
  readonly getcfcheckpt: GetFilterCheckpointsMessage
  readonly cfcheckpt: FilterCheckpointsMessage
}

/** What `cfheaders` has of each filter. */
export const filterHashOf = (filter: Uint8Array, sha256: Sha256): Uint8Array =>
  doubleSha256(sha256, filter)

/** A chain of its own beside that of the blocks; before the first block there is zero. */
export const filterHeaderOf = (
  filterHash: Uint8Array,
  previousHeader: Uint8Array,
  sha256: Sha256,
): Uint8Array => doubleSha256(sha256, filterHash, previousHeader)

const rangeCodec = <Type extends 'getcfilters' | 'getcfheaders'>(
  type: Type,
): PayloadCodec<FilterRangeMessage<Type>> => ({
  read: (reader) => ({
    type,
    filterKind: readU8(reader),
    startHeight: readU32le(reader),
    stopHash: readHash(reader),
  }),
  write(writer, { filterKind, startHeight, stopHash }) {
    writeU8(writer, filterKind)
    writeU32le(writer, startHeight)
    writeHash(writer, stopHash)
  },
  payloadBytesMax: 1 + 4 + HASH_BYTES,
})

export const BLOCK_FILTER_CODECS: {
  readonly [Type in keyof BlockFilterMessages]: PayloadCodec<BlockFilterMessages[Type]>
} = {
  getcfilters: rangeCodec('getcfilters'),
  cfilter: {
    read: (reader) => ({
      type: 'cfilter',
      filterKind: readU8(reader),
      blockHash: readHash(reader),
      filter: readVector(reader),
    }),
    write(writer, { filterKind, blockHash, filter }) {
      writeU8(writer, filterKind)
      writeHash(writer, blockHash)
      writeVector(writer, filter)
    },
    payloadBytesMax: PAYLOAD_BYTES_MAX,
  },
  getcfheaders: rangeCodec('getcfheaders'),
  cfheaders: {
    read(reader) {
      const filterKind = readU8(reader)
      const stopHash = readHash(reader)
      const previousHeader = readHash(reader)
      const count = readCount(reader, HASH_BYTES)
      // Nobody may ask for so many.
      if (count > FILTER_HEADER_COUNT_MAX) throw new WireError('skip', 'out-of-range')
      const filterHashes = readHashes(reader, count)
      return { type: 'cfheaders', filterKind, stopHash, previousHeader, filterHashes }
    },
    write(writer, { filterKind, stopHash, previousHeader, filterHashes }) {
      writeU8(writer, filterKind)
      writeHash(writer, stopHash)
      writeHash(writer, previousHeader)
      writeHashes(writer, filterHashes, FILTER_HEADER_COUNT_MAX)
    },
    payloadBytesMax: 1 + 2 * HASH_BYTES + 3 + FILTER_HEADER_COUNT_MAX * HASH_BYTES,
  },
  getcfcheckpt: {
    read: (reader) => ({
      type: 'getcfcheckpt',
      filterKind: readU8(reader),
      stopHash: readHash(reader),
    }),
    write(writer, { filterKind, stopHash }) {
      writeU8(writer, filterKind)
      writeHash(writer, stopHash)
    },
    payloadBytesMax: 1 + HASH_BYTES,
  },
  cfcheckpt: {
    read(reader) {
      const filterKind = readU8(reader)
      const stopHash = readHash(reader)
      const count = readCount(reader, HASH_BYTES)
      if (count > FILTER_CHECKPOINT_COUNT_MAX) throw new WireError('skip', 'out-of-range')
      return { type: 'cfcheckpt', filterKind, stopHash, filterHeaders: readHashes(reader, count) }
    },
    write(writer, { filterKind, stopHash, filterHeaders }) {
      writeU8(writer, filterKind)
      writeHash(writer, stopHash)
      writeHashes(writer, filterHeaders, FILTER_CHECKPOINT_COUNT_MAX)
    },
    payloadBytesMax: 1 + HASH_BYTES + 3 + FILTER_CHECKPOINT_COUNT_MAX * HASH_BYTES,
  },
}
