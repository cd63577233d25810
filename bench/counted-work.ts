/**
 * What the contenders count alike: messages that arrive, and messages that come back.
 * @module
 */
import type { Part, Tell } from './contender.ts'
import { now } from './figures.ts'

/** The part of a receiver. `arrived` is to be called with each message. */
export function countArrivals(tell: Tell): { readonly arrived: () => void; readonly part: Part } {
  let count = 0
  let expected = Infinity
  return {
    arrived() {
      if (++count === expected) tell({ type: 'arrived', total: count })
    },
    part: {
      order(total) {
        expected = total
        if (count >= total) tell({ type: 'arrived', total: count })
      },
    },
  }
}

/** The part of an asker. `answered` is to be called with each message that is back. */
export function timeAnswers(
  tell: Tell,
  ask: () => void,
): { readonly answered: () => void; readonly part: Part } {
  let left = 0
  let before = 0
  return {
    answered() {
      if (--left > 0) ask()
      else tell({ type: 'done', micros: now() - before })
    },
    part: {
      order(count) {
        left = count
        before = now()
        ask()
      },
    },
  }
}
