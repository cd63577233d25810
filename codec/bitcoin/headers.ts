/**
 * Messages about the chain without its blocks: where somebody stands (a locator), and the headers that
 * follow from there.
 * @module
 */
import { readU32le } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { writeU32le, writeU8 } from '../writer.ts'
import { BLOCK_HEADER_BYTES, readBlockHeader, writeBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { checkAtMost, readCount, readHash, readHashes, SIZE_MAX } from './fields.ts'
import { writeHash, writeHashes } from './fields.ts'
import type { PayloadCodec } from './fields.ts'
import { HASH_BYTES } from './hashes.ts'
import { violation } from './violation.ts'

/** MAX_LOCATOR_SZ. */
export const LOCATOR_COUNT_MAX = 101
/** MAX_HEADERS_RESULTS. */
export const HEADERS_COUNT_MAX = 2_000

interface LocatorMessage<Type extends 'getheaders' | 'getblocks'> {
  readonly type: Type
  /** Nobody reads it; Core writes its protocol version. */
  readonly version: number
  /** The newest first. Empty: only the block `stop` is meant. */
  readonly locator: readonly Uint8Array[]
  /** Zero: as many as there are. */
  readonly stop: Uint8Array
}

export interface HeadersMessage {
  readonly type: 'headers'
  readonly headers: readonly BlockHeader[]
}

export interface HeaderMessages {
  readonly getheaders: LocatorMessage<'getheaders'>
  readonly getblocks: LocatorMessage<'getblocks'>
  readonly headers: HeadersMessage
}

const locatorCodec = <Type extends 'getheaders' | 'getblocks'>(
  type: Type,
): PayloadCodec<LocatorMessage<Type>> => ({
  read(reader) {
    const version = readU32le(reader)
    const count = readCount(reader, HASH_BYTES, HASH_BYTES)
    if (count > LOCATOR_COUNT_MAX) return violation(type, 'locator-too-long')
    return { type, version, locator: readHashes(reader, count), stop: readHash(reader) }
  },
  write(writer, { version, locator, stop }) {
    writeU32le(writer, version)
    writeHashes(writer, locator, LOCATOR_COUNT_MAX)
    writeHash(writer, stop)
  },
  payloadBytesMax: 4 + 1 + (LOCATOR_COUNT_MAX + 1) * HASH_BYTES,
})

export const HEADER_CODECS: {
  readonly [Type in keyof HeaderMessages]: PayloadCodec<HeaderMessages[Type]>
} = {
  getheaders: locatorCodec('getheaders'),
  getblocks: locatorCodec('getblocks'),
  headers: {
    read(reader) {
      const count = readCompactSize(reader, SIZE_MAX)
      // Unlike the others: too many are too many, whether or not they are there.
      if (count > HEADERS_COUNT_MAX) return violation('headers', 'too-many-headers')
      const headers: BlockHeader[] = []
      for (let index = 0; index < count; index++) {
        headers.push(readBlockHeader(reader))
        // The transactions of a block, of which a header has none. What is said is not looked at.
        readCompactSize(reader, SIZE_MAX)
      }
      return { type: 'headers', headers }
    },
    write(writer, { headers }) {
      writeCompactSize(writer, checkAtMost(headers.length, HEADERS_COUNT_MAX))
      for (const header of headers) {
        writeBlockHeader(writer, header)
        writeU8(writer, 0)
      }
    },
    payloadBytesMax: 3 + HEADERS_COUNT_MAX * (BLOCK_HEADER_BYTES + 1),
  },
}
