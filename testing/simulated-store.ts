/**
 * A store whose medium is a value in a test's or a simulation's hand: it decides when batches reach
 * the medium, when the process dies, and what the medium does wrong. Nothing here reads a clock or
 * draws a chance, so that the same calls give the same answers.
 * @module
 */
import type { Later } from '../store/answers.ts'
import { copyOf } from '../store/batch.ts'
import type { OwnBatch } from '../store/batch.ts'
import { storeOver } from '../store/engine.ts'
import type { Engine, EngineReport } from '../store/engine.ts'
import { createPending, mergeWalks } from '../store/pending.ts'
import { checkTables, createTables, entriesOf } from '../store/tables.ts'
import { StoreError } from '../world/store.ts'
import type { Store, StoreFault } from '../world/store.ts'

/** What is left when a process dies. Many stores come and go on one medium, one at a time. */
export interface SimulatedMedium {
  /** A store on this medium, not opened yet. */
  store(options: SimulatedStoreOptions): SimulatedStore
  /**
   * The process of the store that is open dies: that store never answers again. Its pending batches
   * are lost but for the oldest `keptBatches`, which had reached the medium without being reported.
   */
  crash(keptBatches?: number): void
  /** The next store to open cannot read what is there, and sets it aside. */
  damage(): void
}

export interface SimulatedStore extends Store {
  /** How many batches are written and not on the medium. */
  readonly pendingBatches: number
  /** Brings the oldest pending batches onto the medium; left out: all of them. */
  commit(count?: number): void
  /** What is pending fails, and so does all that is written after. */
  fail(fault: StoreFault): void
}

export interface SimulatedStoreOptions {
  /** Runs a function at the end of the turn: `setImmediate`, or a virtual clock's. */
  readonly later: Later
  /** `asked`: by `commit` and `close` alone. `turn`: also at the end of a turn that wrote. */
  readonly commits: 'asked' | 'turn'
}

interface Process {
  /** Brings the oldest batches onto the medium without saying so. */
  keep(count: number): void
  die(): void
}

export function simulatedMedium(): SimulatedMedium {
  let tables = createTables()
  let isDamaged = false
  let owner: Process | undefined

  function store({ later, commits }: SimulatedStoreOptions): SimulatedStore {
    const pending = createPending()
    const tableNames = new Set<string>()
    let queue: OwnBatch[] = []
    let report: EngineReport | undefined
    let broken: StoreFault | undefined
    let isDead = false

    const self: Process = {
      keep(count) {
        for (const batch of queue.slice(0, count)) tables.apply(batch.changes)
      },
      die() {
        isDead = true
        queue = []
        pending.clear()
      },
    }

    function commit(count = queue.length): void {
      const group = queue.slice(0, count)
      const last = group.at(-1)
      if (last === undefined) return
      self.keep(group.length)
      queue = queue.slice(group.length)
      pending.settle(group)
      report?.durable(last.number)
    }

    function fail(fault: StoreFault): void {
      broken = fault
      const first = queue[0]
      queue = []
      pending.clear()
      if (first !== undefined) report?.failed(first.number, fault)
    }

    function alive(): void {
      if (isDead) throw new StoreError('closed', 'the process of this store has died')
    }

    const engine: Engine = {
      open(told) {
        report = told
        if (owner !== undefined) {
          told.refused(new StoreError('owned', 'another simulated process owns the medium'))
          return
        }
        owner = self
        const setAside = isDamaged ? ['the medium was emptied because it was damaged'] : []
        if (isDamaged) tables = createTables()
        isDamaged = false
        for (const name of tables.names) tableNames.add(name)
        told.opened(setAside)
      },
      get(table, key) {
        alive()
        const waiting = pending.get(table, key)
        const value = waiting === undefined ? tables.get(table, key) : waiting
        return value ? copyOf(value) : undefined
      },
      range(table, range) {
        alive()
        const walk = mergeWalks(
          tables.walk(table, range),
          pending.walk(table, range),
          range.reverse,
        )
        return entriesOf(walk, range.limit)
      },
      write(batch) {
        alive()
        checkTables(tableNames, batch.changes)
        if (broken !== undefined) {
          report?.failed(batch.number, broken)
          return
        }
        for (const { table } of batch.changes) tableNames.add(table)
        pending.add(batch)
        queue.push(batch)
        if (commits === 'turn' && queue.length === 1) later(() => commit())
      },
      close() {
        if (isDead) return
        commit()
        owner = undefined
        report?.closed(broken)
      },
    }

    const shell = storeOver(engine, later)
    return {
      ...shell,
      open: (answer) =>
        shell.open((input) => {
          if (!isDead) answer(input)
        }),
      get pendingBatches() {
        return queue.length
      },
      commit,
      fail,
    }
  }

  return {
    store,
    crash(keptBatches = 0) {
      owner?.keep(keptBatches)
      owner?.die()
      owner = undefined
    },
    damage() {
      isDamaged = true
    },
  }
}
