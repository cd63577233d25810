/**
 * The way of a store's answers to its owner: in order, and never inside a call of the owner's.
 * @module
 */
import type { StoreInput } from '../world/store.ts'

/** Runs the function once the present turn is over. */
export type Later = (run: () => void) => void

export interface Answers {
  post(input: StoreInput): void
  /** Forgets what was posted and not yet delivered. */
  drop(): void
}

export function createAnswers(deliver: (input: StoreInput) => void, later: Later): Answers {
  let waiting: StoreInput[] = []
  let isScheduled = false

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return
    isScheduled = true
    later(deliverNext)
  }

  /** One answer a turn: whoever throws on one still gets the rest, and drop() holds for them. */
  function deliverNext(): void {
    isScheduled = false
    const input = waiting.shift()
    schedule()
    if (input !== undefined) deliver(input)
  }

  return {
    post(input) {
      // The newest durable batch says all that the ones before it say.
      if (input.kind === 'store.durable' && waiting.at(-1)?.kind === input.kind) waiting.pop()
      waiting.push(input)
      schedule()
    },
    drop() {
      waiting = []
    },
  }
}
