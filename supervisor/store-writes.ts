/**
 * Who writes to the store, and who hears when it is on the medium. Batches are numbered here, for the
 * whole node, so that one answer settles all before it.
 * @module
 */
import type { StepLoop } from '../world/step-loop.ts'
import { StoreError } from '../world/store.ts'
import type { Store, StoreChange, StoreFault } from '../world/store.ts'

export type Settled = (outcome: 'durable' | 'failed') => void

export interface StoreWrites {
  /** One batch. `settled` hears of it in a later step, once. */
  write(changes: readonly StoreChange[], settled?: Settled): void
  /** Every batch up to this one is on the medium. */
  durable(batch: number): void
  /** This batch and all after it never will be. */
  failed(batch: number): void
  /** Batches of which somebody wants to hear. */
  readonly waiting: number
  /** Nobody hears of anything any more. */
  stop(): void
}

export interface StoreWritesOptions {
  readonly store: Pick<Store, 'write'>
  readonly loop: Pick<StepLoop, 'atEndOfTurn'>
  /** The store did not take it. */
  onRefused(batch: number, fault: StoreFault): void
}

export function createStoreWrites({ store, loop, onRefused }: StoreWritesOptions): StoreWrites {
  /** In the order of their numbers. */
  const waiting = new Map<number, Settled>()
  let lastBatch = 0

  const settle = (isMeant: (batch: number) => boolean, outcome: 'durable' | 'failed'): void => {
    for (const [batch, settled] of [...waiting]) {
      if (!isMeant(batch)) continue
      waiting.delete(batch)
      settled(outcome)
    }
  }

  return {
    write(changes, settled) {
      if (changes.length === 0 && settled === undefined) return
      const batch = ++lastBatch
      if (settled !== undefined) waiting.set(batch, settled)
      try {
        store.write(batch, changes)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        onRefused(batch, error.fault)
        // Whoever waits is told as by an answer, in a later step.
        loop.atEndOfTurn(() => {
          settle((other) => other === batch, 'failed')
        })
      }
    },
    durable(batch) {
      settle((other) => other <= batch, 'durable')
    },
    failed(batch) {
      settle((other) => other >= batch, 'failed')
    },
    get waiting() {
      return waiting.size
    },
    stop() {
      waiting.clear()
    },
  }
}
