/**
 * One LMDB data file with its named databases: reads, and commits one after the other. The only
 * file that knows the `lmdb` package, which is loaded when a store opens and not before.
 *
 * `overlappingSync` is off: a commit then ends when its pages and its head are on the medium, in
 * that order, so that "committed" is "durable" and the file is whole at every moment. The commit
 * runs on a thread of the package's; the loop goes on. `eventTurnBatching` is off: it keeps a
 * promise of its own that nobody can catch, and a failed commit would end the process (lmdb 3.5).
 * @module
 */
import type { Database, open } from 'lmdb'
import { STORE_TABLES_MAX, StoreError } from '../world/store.ts'
import { copyOf, keyBytes, keyText } from './batch.ts'
import type { OwnBatch } from './batch.ts'
import type { OrderedRange } from './ordered-table.ts'

export interface LmdbFile {
  readonly tableNames: ReadonlySet<string>
  get(table: string, key: string): Uint8Array | undefined
  /**
   * Holds a snapshot of the file until it is walked to its end or left: do not keep it open. The
   * values are not the caller's to hand on.
   */
  walk(table: string, range: OrderedRange): Iterable<readonly [key: string, value: Uint8Array]>
  /** All batches in one transaction. Resolves when it is on the medium; never call it twice at once. */
  commit(batches: readonly OwnBatch[]): Promise<void>
  close(): Promise<void>
}

type Table = Database<Uint8Array, Uint8Array>

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const
/** Smallest key there is: LMDB wants a beginning to stop at when it walks backwards. */
const FIRST_KEY = '\0'

/** @throws {StoreError} 'failed' when the package cannot be loaded, and what LMDB reports. */
export async function openLmdbFile(path: string): Promise<LmdbFile> {
  const openRoot = await loadOpen()
  const root = openRoot<Uint8Array, Uint8Array>({
    path,
    noSubdir: true,
    maxDbs: STORE_TABLES_MAX,
    overlappingSync: false,
    eventTurnBatching: false,
    ...OWNER_ONLY,
    ...BINARY,
  })
  const tables = new Map<string, Table>()
  const tableNames = new Set<string>()

  /** Creating one is a transaction that waits for the medium; it happens once in a table's life. */
  function openTable(name: string): Table {
    const known = tables.get(name)
    if (known !== undefined) return known
    const table = root.openDB<Uint8Array, Uint8Array>(name, BINARY)
    tables.set(name, table)
    tableNames.add(name)
    return table
  }

  try {
    for (const key of [...root.getKeys({ start: keyBytes(FIRST_KEY) })]) {
      // LMDB keeps the names with the zero byte that ends them in C.
      openTable(keyText(key).replace(/\0$/, ''))
    }
  } catch (error) {
    await root.close()
    throw error
  }

  return {
    tableNames,
    get(table, key) {
      const value = tables.get(table)?.getBinary(keyBytes(key))
      return value && copyOf(value)
    },
    *walk(table, { from = '', before, reverse }) {
      const first = keyBytes(from === '' ? FIRST_KEY : from)
      if (before === '') return
      const end = before === undefined ? undefined : keyBytes(before)
      const range = reverse
        ? {
            ...(end && { start: end, exclusiveStart: true }),
            end: first,
            inclusiveEnd: true,
            reverse,
          }
        : { start: first, ...(end && { end }) }
      for (const { key, value } of tables.get(table)?.getRange(range) ?? []) {
        yield [keyText(key), value] as const
      }
    },
    async commit(batches) {
      const changes = batches.flatMap((batch) =>
        batch.changes.map((change) => ({ ...change, to: openTable(change.table) })),
      )
      const written = root.batch(() => {
        for (const { to, key, value } of changes) {
          // Each returns the promise of the whole batch, which is awaited below.
          if (value === undefined) void to.remove(keyBytes(key))
          else void to.put(keyBytes(key), value)
        }
      })
      try {
        await written
      } catch (error) {
        throw await causeOf(error)
      }
    },
    close: () => root.close(),
  }
}

/** Read by the engine, though its type does not list it: the mode of the files that it makes. */
const OWNER_ONLY: object = { permissionsMode: 0o600 }

async function loadOpen(): Promise<typeof open> {
  try {
    return (await import('lmdb')).open
  } catch (error) {
    throw new StoreError(
      'failed',
      `the package "lmdb" cannot be loaded on this system (${process.platform}-${process.arch})`,
      { cause: error },
    )
  }
}

/** A failed commit names its cause through a promise that rejects, too. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}
