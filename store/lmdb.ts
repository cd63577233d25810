/**
 * The store on a file: LMDB in a data folder that has one owner.
 *
 * LMDB shows a write only once it is committed, and its one way to commit at once stops the loop
 * for as long as the medium takes. So batches are committed on a thread, and until then they are
 * laid over what the file shows (`pending.ts`). One transaction is out at a time and takes all that
 * waits: order is kept, no batch is split, and a slow medium makes transactions larger, not the
 * loop slower. When one fails, nothing after it is tried: a later batch must not stand without an
 * earlier one. What waits is bounded by whoever writes, who gets each batch reported.
 * @module
 */
import { StoreError } from '../world/store.ts'
import type { Store, StoreEntry, StoreFault } from '../world/store.ts'
import { copyOf, keyBytes } from './batch.ts'
import type { OwnBatch, OwnRange } from './batch.ts'
import { openDataFolder } from './data-folder.ts'
import type { DataFolder, DataFolderOptions } from './data-folder.ts'
import { storeOver } from './engine.ts'
import type { Engine, EngineReport } from './engine.ts'
import { faultOf, storeErrorOf } from './faults.ts'
import { openLmdbFile } from './lmdb-file.ts'
import type { LmdbFile } from './lmdb-file.ts'
import { createPending, mergeWalks } from './pending.ts'
import { checkTables } from './tables.ts'

export type LmdbStoreOptions = DataFolderOptions

/**
 * One transaction takes whole batches up to about this size: LMDB holds its pages in memory until
 * it commits. A single larger batch is one transaction all the same.
 */
const TRANSACTION_BYTES_MAX = 16 * 1024 * 1024
/**
 * A walk reads so much at once and holds no snapshot in between: LMDB cannot reuse pages that a
 * snapshot may still need. Large enough that positioning is a small part of the work.
 */
const CHUNK_ENTRIES_MAX = 256
const CHUNK_BYTES_MAX = 1024 * 1024

/** @param folder made with mode 0700 when it is not there. */
export function lmdbStore(folder: string, options: LmdbStoreOptions = {}): Store {
  return storeOver(lmdbEngine(folder, options), setImmediate)
}

interface Open {
  readonly home: DataFolder
  readonly file: LmdbFile
}

interface Chunk {
  readonly entries: readonly StoreEntry[]
  readonly rest: OwnRange | undefined
}

function lmdbEngine(folder: string, options: LmdbStoreOptions): Engine {
  const pending = createPending()
  const tableNames = new Set<string>()
  let queue: OwnBatch[] = []
  let report: EngineReport | undefined
  let open: Open | undefined
  let work: 'none' | 'opening' | 'scheduled' | 'committing' | 'releasing' = 'none'
  let closing = false
  let broken: StoreFault | undefined

  async function start(): Promise<Open> {
    const home = await openDataFolder(folder, options)
    try {
      return { home, file: await openLmdbFile(home.dataFile) }
    } catch (error) {
      await home.release()
      throw error
    }
  }

  function opened(made: Open): void {
    open = made
    for (const name of made.file.tableNames) tableNames.add(name)
    report?.opened(made.home.setAside)
    proceed()
  }

  /** The one place that decides what is done next. */
  function proceed(): void {
    work = 'none'
    if (open === undefined) return
    if (queue.length > 0) {
      // A turn's batches go together.
      work = 'scheduled'
      setImmediate(commitNext, open)
    } else if (closing) {
      work = 'releasing'
      release(open).then(
        () => report?.closed(broken),
        (error: unknown) => report?.closed(broken ?? faultOf(error)),
      )
    }
  }

  function commitNext({ file, home }: Open): void {
    work = 'committing'
    const group = takeGroup(queue)
    commit(file, home, group).then(
      () => {
        queue = queue.slice(group.length)
        pending.settle(group)
        report?.durable(group.at(-1)?.number ?? 0)
        proceed()
      },
      (error: unknown) => {
        queue = []
        pending.clear()
        broken = faultOf(error)
        report?.failed(group[0]?.number ?? 0, broken)
        proceed()
      },
    )
  }

  /** Merges a piece in one go, so that no commit comes between its two halves. */
  function readChunk(file: LmdbFile, table: string, range: OwnRange): Chunk {
    const entries: StoreEntry[] = []
    let bytes = 0
    const walk = mergeWalks(file.walk(table, range), pending.walk(table, range), range.reverse)
    for (const [key, value] of walk) {
      entries.push([keyBytes(key), copyOf(value)])
      bytes += value.length
      if (entries.length === range.limit) break
      if (entries.length === CHUNK_ENTRIES_MAX || bytes >= CHUNK_BYTES_MAX) {
        return { entries, rest: behind(range, key, entries.length) }
      }
    }
    return { entries, rest: undefined }
  }

  function reading<Result>(read: (file: LmdbFile) => Result): Result {
    if (open === undefined) throw new StoreError('closed', 'the store is closed')
    try {
      return read(open.file)
    } catch (error) {
      throw storeErrorOf(error, `the data folder ${folder}`)
    }
  }

  return {
    open(told) {
      report = told
      work = 'opening'
      start().then(opened, (error: unknown) => {
        work = 'none'
        if (closing) told.closed()
        else told.refused(storeErrorOf(error, `the data folder ${folder}`))
      })
    },
    get(table, key) {
      const waiting = pending.get(table, key)
      if (waiting !== undefined) return waiting === null ? undefined : copyOf(waiting)
      return reading((file) => file.get(table, key))
    },
    *range(table, range) {
      let rest: OwnRange | undefined = range.limit > 0 ? range : undefined
      while (rest !== undefined) {
        const part = rest
        const chunk = reading((file) => readChunk(file, table, part))
        yield* chunk.entries
        rest = chunk.rest
      }
    },
    write(batch) {
      checkTables(tableNames, batch.changes)
      if (broken !== undefined) {
        report?.failed(batch.number, broken)
        return
      }
      for (const { table } of batch.changes) tableNames.add(table)
      pending.add(batch)
      queue.push(batch)
      if (work === 'none') proceed()
    },
    close() {
      closing = true
      if (work === 'none') proceed()
    },
  }
}

/** The oldest batches, whole, for one transaction. */
function takeGroup(queue: readonly OwnBatch[]): readonly OwnBatch[] {
  let bytes = 0
  const end = queue.findIndex((batch) => {
    bytes += batch.bytes
    return bytes > TRANSACTION_BYTES_MAX
  })
  return end === -1 ? queue.slice() : queue.slice(0, Math.max(end, 1))
}

function behind(range: OwnRange, key: string, count: number): OwnRange {
  const limit = range.limit - count
  // A zero byte more is the next key in the order.
  return range.reverse ? { ...range, before: key, limit } : { ...range, from: `${key}\0`, limit }
}

async function commit(file: LmdbFile, home: DataFolder, group: readonly OwnBatch[]): Promise<void> {
  try {
    await file.commit(group)
  } catch (error) {
    // A full medium is worth telling from a broken one, and only the folder can tell.
    if (faultOf(error) === 'failed') {
      await home.probeGrowth(group.reduce((sum, batch) => sum + batch.bytes, 0))
    }
    throw error
  }
}

async function release({ home, file }: Open): Promise<void> {
  try {
    await file.close()
  } finally {
    await home.release()
  }
}
