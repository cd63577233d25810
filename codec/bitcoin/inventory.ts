/**
 * What a node has, wants, and does not have: inv, getdata, notfound. Each is a list of kinds and hashes.
 * A kind that is not known is for the reader of the list to pass over.
 * @module
 */
import { readU32le } from '../reader.ts'
import { WireError } from '../wire-error.ts'
import { writeCompactSize } from '../varint.ts'
import { writeU32le } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { checkAtMost, readCount, readHash, writeHash } from './fields.ts'
import type { PayloadCodec, PayloadReader } from './fields.ts'
import { HASH_BYTES } from './hashes.ts'
import { violation } from './violation.ts'

/** MAX_INV_SZ. */
export const INVENTORY_COUNT_MAX = 50_000
/** MAX_PEER_TX_ANNOUNCEMENTS and MAX_BLOCKS_IN_TRANSIT_PER_PEER: nobody asks for more at once. */
export const NOT_FOUND_COUNT_MAX = 5_016

/** MSG_...: which of them may stand in which list is not the codec's. */
export const INVENTORY_KINDS = {
  transaction: 1,
  block: 2,
  filteredBlock: 3,
  compactBlock: 4,
  /** BIP 339: by the hash that counts the witness. */
  witnessTransactionId: 5,
  transactionWithWitness: 0x4000_0001,
  blockWithWitness: 0x4000_0002,
} as const

export interface InventoryEntry {
  /** One of `INVENTORY_KINDS`, or any other number of 32 bits. */
  readonly kind: number
  readonly hash: Uint8Array
}

type InventoryCommand = 'inv' | 'getdata' | 'notfound'

interface Inventory<Type extends InventoryCommand> {
  readonly type: Type
  readonly entries: readonly InventoryEntry[]
}

export type InventoryMessages = { readonly [Type in InventoryCommand]: Inventory<Type> }

const ENTRY_BYTES = 4 + HASH_BYTES

function readEntries(reader: PayloadReader, count: number): readonly InventoryEntry[] {
  const entries: InventoryEntry[] = []
  for (let index = 0; index < count; index++) {
    entries.push({ kind: readU32le(reader), hash: readHash(reader) })
  }
  return entries
}

const writeEntries =
  (countMax: number) =>
  (writer: Writer, { entries }: Inventory<InventoryCommand>): void => {
    writeCompactSize(writer, checkAtMost(entries.length, countMax))
    for (const { kind, hash } of entries) {
      writeU32le(writer, kind)
      writeHash(writer, hash)
    }
  }

const inventoryCodec = <Type extends 'inv' | 'getdata'>(
  type: Type,
): PayloadCodec<Inventory<Type>> => ({
  read(reader) {
    // A list that is not there whole is malformed, however long it says to be: as Core has it.
    const count = readCount(reader, ENTRY_BYTES)
    if (count > INVENTORY_COUNT_MAX) return violation(type, 'too-many-inventories')
    return { type, entries: readEntries(reader, count) }
  },
  write: writeEntries(INVENTORY_COUNT_MAX),
  payloadBytesMax: 3 + INVENTORY_COUNT_MAX * ENTRY_BYTES,
})

export const INVENTORY_CODECS: {
  readonly [Type in InventoryCommand]: PayloadCodec<InventoryMessages[Type]>
} = {
  inv: inventoryCodec('inv'),
  getdata: inventoryCodec('getdata'),
  notfound: {
    read(reader) {
      const count = readCount(reader, ENTRY_BYTES)
      if (count > NOT_FOUND_COUNT_MAX) throw new WireError('skip', 'out-of-range')
      return { type: 'notfound', entries: readEntries(reader, count) }
    },
    write: writeEntries(NOT_FOUND_COUNT_MAX),
    payloadBytesMax: 3 + NOT_FOUND_COUNT_MAX * ENTRY_BYTES,
  },
}
