/**
 * What every store has in common: the contract of `world/store.ts` over an engine that does the
 * storing. It holds the order of calls, the checks, the copies at the door and the way of the
 * answers; an engine sees only checked and owned values, while it is open.
 * @module
 */
import { StoreError } from '../world/store.ts'
import type { Store, StoreEntry, StoreFault, StoreInput } from '../world/store.ts'
import { createAnswers } from './answers.ts'
import type { Answers, Later } from './answers.ts'
import { checkKey, checkTable, ownBatch, ownRange } from './batch.ts'
import type { OwnBatch, OwnRange } from './batch.ts'

/** What an engine tells. It may do so inside a call; the answer leaves later. */
export interface EngineReport {
  opened(setAside: readonly string[]): void
  refused(error: StoreError): void
  durable(batch: number): void
  failed(batch: number, fault: StoreFault): void
  /** Everything is released. */
  closed(fault?: StoreFault): void
}

export interface Engine {
  open(report: EngineReport): void
  /** Bytes that the caller may keep and change. */
  get(table: string, key: string): Uint8Array | undefined
  range(table: string, range: OwnRange): Iterable<StoreEntry>
  /** @throws {RangeError} for one table too many; the batch has then changed nothing. */
  write(batch: OwnBatch): void
  /** After `opened`, or before it: then an opening under way is taken back. Never after `refused`. */
  close(): void
}

type Phase = 'new' | 'opening' | 'open' | 'refused' | 'closing' | 'closed'

/** @param later the end of the turn; a simulation brings its own. */
export function storeOver(engine: Engine, later: Later): Store {
  let phase: Phase = 'new'
  let lastBatch = Number.NEGATIVE_INFINITY
  let answers: Answers = createAnswers(() => {}, later)

  function post(when: Phase, next: Phase, input: StoreInput): void {
    if (phase !== when) return
    phase = next
    answers.post(input)
  }

  function serving(): void {
    if (phase === 'open') return
    const past = phase === 'new' || phase === 'opening' ? 'not open yet' : 'closed'
    throw new StoreError('closed', `the store is ${past}`)
  }

  /** Walking on is a read like any other. */
  function* walk(entries: Iterable<StoreEntry>): Generator<StoreEntry> {
    for (const entry of entries) {
      yield entry
      serving()
    }
  }

  return {
    open(answer) {
      if (phase !== 'new') throw new StoreError('closed', 'a store is opened once')
      phase = 'opening'
      answers = createAnswers((input) => {
        if (input.kind === 'store.opened') phase = 'open'
        answer(input)
      }, later)
      engine.open({
        opened: (setAside) => post('opening', 'opening', { kind: 'store.opened', setAside }),
        refused: ({ fault, message }) =>
          post('opening', 'refused', { kind: 'store.refused', fault, message }),
        durable: (batch) => post('open', 'open', { kind: 'store.durable', batch }),
        failed: (batch, fault) => post('open', 'open', { kind: 'store.failed', batch, fault }),
        closed: (fault) =>
          post('closing', 'closed', { kind: 'store.closed', ...(fault && { fault }) }),
      })
    },
    get(table, key) {
      serving()
      return engine.get(checkTable(table), checkKey(key))
    },
    range(table, range) {
      serving()
      return walk(engine.range(checkTable(table), ownRange(range)))
    },
    write(number, changes) {
      serving()
      if (!Number.isSafeInteger(number) || number <= lastBatch) {
        throw new RangeError(`batch ${number} does not follow batch ${lastBatch}`)
      }
      engine.write(ownBatch(number, changes))
      lastBatch = number
    },
    close() {
      if (phase === 'new') phase = 'closed'
      if (phase === 'closing' || phase === 'closed') return
      answers.drop()
      const before = phase
      phase = 'closing'
      if (before === 'refused') post('closing', 'closed', { kind: 'store.closed' })
      else engine.close()
    },
  }
}
