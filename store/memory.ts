/**
 * The store that forgets: everything in memory, gone with the process. Its medium is the memory, so
 * a batch is durable as soon as it is written; that is still reported by a later input, because
 * whoever runs on this store must run on a file as well.
 * @module
 */
import type { Store } from '../world/store.ts'
import { copyOf } from './batch.ts'
import { storeOver } from './engine.ts'
import type { Engine, EngineReport } from './engine.ts'
import { checkTables, createTables, entriesOf } from './tables.ts'

export function memoryStore(): Store {
  const tables = createTables()
  let report: EngineReport | undefined

  const engine: Engine = {
    open(told) {
      report = told
      told.opened([])
    },
    get(table, key) {
      const value = tables.get(table, key)
      return value && copyOf(value)
    },
    range: (table, range) => entriesOf(tables.walk(table, range), range.limit),
    write({ number, changes }) {
      checkTables(tables.names, changes)
      tables.apply(changes)
      report?.durable(number)
    },
    close: () => report?.closed(),
  }
  return storeOver(engine, setImmediate)
}
