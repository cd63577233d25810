/**
 * Reads an LMDB data file before LMDB does, and says what is wrong with it.
 *
 * LMDB trusts its file: it maps it and follows the page numbers in it, so garbage, a cut-off tail
 * or a torn page end the process with a signal that nobody can catch (seen with lmdb 3.5 on each of
 * them). A store that promises to set a damaged file aside has to know before. This walks every
 * tree page once, from the newest head down: bounds, kinds, page numbers, the order of keys, the
 * counted entries, and that no page is used twice, or used and free. It does not look into values:
 * those are the readers' to decode. It takes about 2 ms for a megabyte of small entries.
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import { childrenOf, Damage, freeRunsOf, isKind, leavesOf, META_BYTES } from './lmdb-layout.ts'
import { NO_PAGE, PAGE_HEADER_BYTES, pagesFor, readMeta } from './lmdb-layout.ts'
import type { Leaf, Meta, PageKind, Tree } from './lmdb-layout.ts'

/** CURSOR_STACK: a deeper tree cannot be walked by LMDB either. */
const DEPTH_MAX = 32
/**
 * Pages that were numbered and neither written nor listed as free: LMDB may lose a few when a
 * transaction gives up pages that it had just taken. It will write them when it grows.
 */
const LOST_PAGES_MAX = 1_024n

/**
 * @returns what is wrong, in words that complete "it was moved because"; `undefined`: LMDB can take
 * it. A file of no bytes is a new one. On a system with another layout nothing is checked.
 * @throws what the file system reports.
 */
export function checkLmdbFile(path: string): string | undefined {
  if (endianness() !== 'LE' || !process.arch.endsWith('64')) return undefined
  const file = openSync(path, 'r')
  try {
    const facts = fstatSync(file)
    if (!facts.isFile()) return 'it is not a file'
    if (facts.size > 0) checkFile(file, facts.size)
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  } finally {
    closeSync(file)
  }
}

function checkFile(file: number, fileBytes: number): void {
  const read = (position: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length)
    if (readSync(file, bytes, 0, length, position) !== length) {
      throw new Damage('its end is missing')
    }
    return bytes
  }
  const first = readMeta(read(0, PAGE_HEADER_BYTES + META_BYTES))
  const second = readMeta(read(first.pageBytes, PAGE_HEADER_BYTES + META_BYTES))
  if (second.pageBytes !== first.pageBytes) throw new Damage('its two heads contradict each other')
  const meta = first.transaction < second.transaction ? second : first

  const pages = createPages(meta, fileBytes, read)
  checkTree(pages, meta.free, (leaf) => {
    const list =
      leaf.content.kind === 'large' ? pages.value(leaf.content) : contentOf(leaf, 'value').bytes
    for (const { first: page, count } of freeRunsOf(list)) pages.markFree(page, count)
  })
  checkTree(pages, meta.main, (table) => {
    let lastKey: Buffer | undefined
    checkTree(pages, contentOf(table, 'table').tree, ({ key, content }) => {
      if (lastKey !== undefined && Buffer.compare(lastKey, key) >= 0) {
        throw new Damage('its keys are out of order')
      }
      lastKey = key
      if (content.kind === 'large') pages.large(content)
      else if (content.kind === 'table') throw new Damage('an entry is of an unknown kind')
    })
  })
  pages.checkEnd()
}

type Content<Kind extends Leaf['content']['kind']> = Leaf['content'] & { kind: Kind }

function contentOf<Kind extends 'value' | 'table'>({ content }: Leaf, kind: Kind): Content<Kind> {
  if (content.kind !== kind) throw new Damage('an entry is of an unknown kind')
  return content as Content<Kind>
}

function checkTree(pages: Pages, { root, depth, entryCount }: Tree, onLeaf: (leaf: Leaf) => void) {
  if (root === NO_PAGE) {
    if (depth !== 0 || entryCount !== 0n) throw new Damage('an empty table counts entries')
    return
  }
  if (depth < 1 || depth > DEPTH_MAX) throw new Damage('a table has an impossible depth')
  let counted = 0n

  function visit(number: bigint, level: number): void {
    if (level < depth) {
      for (const child of childrenOf(pages.page(number, 'branch'))) visit(child, level + 1)
      return
    }
    for (const leaf of leavesOf(pages.page(number, 'leaf'))) {
      counted += 1n
      onLeaf(leaf)
    }
  }
  visit(root, 1)
  if (counted !== entryCount) throw new Damage('a table does not have the entries that it counts')
}

/** The pages of a file, each of which belongs to one place. */
interface Pages {
  page(number: bigint, kind: PageKind): Buffer
  /** Checks a large value's pages without reading it. */
  large(value: Content<'large'>): void
  /** Also reads it. */
  value(value: Content<'large'>): Buffer
  markFree(first: bigint, count: bigint): void
  /** What lies behind the end of the file was given up before it was ever written. */
  checkEnd(): void
}

function createPages(
  meta: Meta,
  fileBytes: number,
  read: (position: number, length: number) => Buffer,
): Pages {
  const { pageBytes } = meta
  const pageCount = Math.floor(fileBytes / pageBytes)
  const isTaken = new Uint8Array(pageCount)
  let freeBehindEnd = 0n

  function take(first: bigint, count: bigint): void {
    if (first < 2n || count < 1n || first + count - 1n > meta.lastPage) {
      throw new Damage('it refers to a page that it does not have')
    }
    const end = Math.min(Number(first + count), pageCount)
    for (let page = Number(first); page < end; page++) {
      if (isTaken[page] === 1) throw new Damage('it uses a page twice')
      isTaken[page] = 1
    }
  }

  function header(number: bigint, count: bigint, kind: PageKind, length: number): Buffer {
    take(number, count)
    if (number + count > BigInt(pageCount)) throw new Damage('its end is missing')
    const page = read(Number(number) * pageBytes, length)
    if (page.readBigUInt64LE(0) !== number) throw new Damage('a page is not in its place')
    // A page from the future would be taken for one that the next transaction may change.
    if (page.readBigUInt64LE(8) > meta.transaction)
      throw new Damage('a page is newer than the file')
    if (!isKind(page, kind)) {
      throw new Damage('a page is not of the kind that its place asks for')
    }
    return page
  }

  function large({ page, pageCount: count, bytes }: Content<'large'>): void {
    if (count !== pagesFor(bytes, pageBytes)) throw new Damage('a large value has a wrong size')
    const head = header(page, count, 'large', PAGE_HEADER_BYTES)
    if (BigInt(head.readUInt32LE(20)) !== count) throw new Damage('a large value has a wrong size')
  }

  return {
    page: (number, kind) => header(number, 1n, kind, pageBytes),
    large,
    value(content) {
      large(content)
      return read(Number(content.page) * pageBytes + PAGE_HEADER_BYTES, content.bytes)
    },
    markFree(first, count) {
      take(first, count)
      const end = first + count
      const behind = first > BigInt(pageCount) ? first : BigInt(pageCount)
      if (end > behind) freeBehindEnd += end - behind
    },
    checkEnd() {
      const behindEnd = meta.lastPage + 1n - BigInt(pageCount)
      if (behindEnd > freeBehindEnd + LOST_PAGES_MAX) throw new Damage('its end is missing')
    },
  }
}
