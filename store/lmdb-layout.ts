/**
 * The layout of an LMDB data file, as far as `lmdb-check.ts` needs it: data version 2 (`mdb.c` of
 * the `lmdb` package: MDB_meta, MDB_db, MDB_page_header, MDB_node, MDB_ovpage, MDB_IDL) with 64-bit
 * little-endian numbers. Decodes bytes and their bounds; what they mean together is checked there.
 * @module
 */

/** What is wrong with the file, in words that complete "it was moved because". */
export class Damage extends Error {}

export const PAGE_HEADER_BYTES = 24
export const META_BYTES = 168
const DATABASE_BYTES = 48
const NODE_HEADER_BYTES = 8
const LARGE_REFERENCE_BYTES = 24
/** MDB_MAGIC and MDB_DATA_VERSION. */
const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
/** P_INVALID: the root of an empty tree. */
export const NO_PAGE = 0xffff_ffff_ffff_ffffn
/** Half of what a process can address on the usual 64-bit systems (47 bits): no map is larger. */
const MAP_BYTES_MAX = 1n << 46n

/**
 * Bits of a page's flags that say what it is, and P_LOOSE, which no written page has; the others
 * are LMDB's bookkeeping in memory and are not read again.
 */
const KIND = 0x406f
const KINDS: Readonly<Record<PageKind, number>> = { branch: 1, leaf: 2, large: 4, meta: 8 }
const NODE_IS_LARGE = 1
const NODE_IS_TABLE = 2
/** MDB_REVERSEKEY to MDB_REVERSEDUP: other orders, several values for a key. */
const FOREIGN_TABLE_FLAGS = 0x76
const INTEGER_KEY = 0x08
/**
 * What a head may say of the file as a whole: MDB_TRACK_METRICS, MDB_SAFE_RESTORE, MDB_NOSUBDIR,
 * and the order of the table of free pages. LMDB refuses the others, and does not survive that.
 */
const FILE_FLAGS = 0x0400 | 0x0800 | 0x4000 | INTEGER_KEY

export type PageKind = 'branch' | 'leaf' | 'large' | 'meta'

export interface Tree {
  readonly depth: number
  readonly flags: number
  readonly entryCount: bigint
  readonly root: bigint
}

export interface Meta {
  readonly pageBytes: number
  /** Pages that may be used again, by the transaction that left them. */
  readonly free: Tree
  /** The named tables. */
  readonly main: Tree
  readonly lastPage: bigint
  readonly transaction: bigint
}

/** One entry of a leaf. */
export interface Leaf {
  readonly key: Buffer
  readonly content:
    | { readonly kind: 'value'; readonly bytes: Buffer }
    | { readonly kind: 'table'; readonly tree: Tree }
    | {
        readonly kind: 'large'
        readonly page: bigint
        readonly pageCount: bigint
        readonly bytes: number
      }
}

export function readMeta(page: Buffer): Meta {
  const meta = page.subarray(PAGE_HEADER_BYTES)
  if (!isKind(page, 'meta') || meta.readUInt32LE(0) !== MAGIC) {
    throw new Damage('it does not begin like a data file')
  }
  if ((meta.readUInt32LE(4) & 0xffff) !== DATA_VERSION) {
    throw new Damage('it has a data version that this release does not read')
  }
  if (meta.readBigUInt64LE(16) > MAP_BYTES_MAX) throw new Damage('it has an impossible size')
  const pageBytes = meta.readUInt32LE(24)
  // MIN_PAGESIZE and MAX_PAGESIZE.
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
    throw new Damage('it has an impossible page size')
  }
  const free = readTree(meta.subarray(24))
  const main = readTree(meta.subarray(24 + DATABASE_BYTES))
  if ((free.flags & INTEGER_KEY) === 0 || (free.flags & ~FILE_FLAGS) !== 0) {
    throw new Damage('it is a data file of another kind')
  }
  if ((main.flags & INTEGER_KEY) !== 0) throw new Damage('a table is of an unknown kind')
  const lastPage = meta.readBigUInt64LE(120)
  return { pageBytes, free, main, lastPage, transaction: meta.readBigUInt64LE(128) }
}

export function readTree(database: Buffer): Tree {
  const flags = database.readUInt16LE(4)
  if ((flags & FOREIGN_TABLE_FLAGS) !== 0) throw new Damage('a table is of an unknown kind')
  return {
    depth: database.readUInt16LE(6),
    flags,
    entryCount: database.readBigUInt64LE(32),
    root: database.readBigUInt64LE(40),
  }
}

export function isKind(page: Buffer, kind: PageKind): boolean {
  return (page.readUInt16LE(18) & KIND) === KINDS[kind]
}

/** MDB_OVPAGES: a large value lies behind one header on pages in a row. */
export function pagesFor(valueBytes: number, pageBytes: number): bigint {
  return BigInt(Math.ceil((PAGE_HEADER_BYTES + valueBytes) / pageBytes))
}

/** The pages below a branch page. */
export function childrenOf(page: Buffer): readonly bigint[] {
  return nodesOf(page).map(
    (node) => BigInt(node.readUInt32LE(0)) | (BigInt(node.readUInt16LE(4)) << 32n),
  )
}

/** The entries of a leaf page, each within its bounds. */
export function leavesOf(page: Buffer): readonly Leaf[] {
  return nodesOf(page).map((node) => {
    const valueBytes = node.readUInt32LE(0)
    const flags = node.readUInt16LE(4)
    const keyEnd = NODE_HEADER_BYTES + node.readUInt16LE(6)
    const key = node.subarray(NODE_HEADER_BYTES, keyEnd)
    const rest = node.subarray(keyEnd)
    if ((flags === NODE_IS_LARGE ? LARGE_REFERENCE_BYTES : valueBytes) > rest.length) {
      throw new Damage('an entry leaves its page')
    }
    if (flags === NODE_IS_LARGE) {
      const [first, pageCount] = [rest.readBigUInt64LE(0), rest.readBigUInt64LE(16)]
      return { key, content: { kind: 'large', page: first, pageCount, bytes: valueBytes } }
    }
    if (flags === NODE_IS_TABLE && valueBytes === DATABASE_BYTES) {
      return { key, content: { kind: 'table', tree: readTree(rest) } }
    }
    if (flags !== 0) throw new Damage('an entry is of an unknown kind')
    return { key, content: { kind: 'value', bytes: rest.subarray(0, valueBytes) } }
  })
}

/**
 * The pages that a list of free ones names, in runs. It begins with the number of its words; a word
 * is 0 for none, a page, or -n for the n pages that begin with the one in the next word.
 */
export function freeRunsOf(list: Buffer): readonly { first: bigint; count: bigint }[] {
  const wordCount = list.length / 8 - 1
  if (!Number.isInteger(wordCount) || wordCount < 0 || list.readBigInt64LE(0) > wordCount) {
    throw new Damage('a list of free pages leaves its entry')
  }
  const runs: { first: bigint; count: bigint }[] = []
  const end = Number(list.readBigInt64LE(0))
  for (let word = 1; word <= end; word++) {
    const value = list.readBigInt64LE(8 * word)
    if (value === 0n) continue
    if (value > 0n) {
      runs.push({ first: value, count: 1n })
      continue
    }
    word += 1
    if (word > end) throw new Damage('a list of free pages leaves its entry')
    runs.push({ first: list.readBigInt64LE(8 * word), count: -value })
  }
  return runs
}

/** The nodes of a branch or leaf page, each from its header to the end of the page. */
function nodesOf(page: Buffer): readonly Buffer[] {
  const room = page.length - PAGE_HEADER_BYTES
  const lower = page.readUInt16LE(20)
  const upper = page.readUInt16LE(22)
  if (lower < 2 || lower % 2 !== 0 || lower > upper || upper > room) {
    throw new Damage('a page has impossible bounds')
  }
  return Array.from({ length: lower / 2 }, (_, index) => {
    const offset = page.readUInt16LE(PAGE_HEADER_BYTES + 2 * index)
    if (offset < upper || offset + NODE_HEADER_BYTES > room) {
      throw new Damage('an entry leaves its page')
    }
    const node = page.subarray(PAGE_HEADER_BYTES + offset)
    if (NODE_HEADER_BYTES + node.readUInt16LE(6) > node.length) {
      throw new Damage('an entry leaves its page')
    }
    return node
  })
}
