/**
 * How a transport answers: later, never inside the call that asked. On a real platform `setImmediate`
 * is the way; under test a delivery queue is, so that the order is the same in every run and nothing
 * happens until the test says so.
 * @module
 */
import { PeerloomError } from '../world/errors.ts'

/** Runs the function once the present call is over; in the order of asking. */
export type Later = (run: () => void) => void

/** Runs the function once, after so many milliseconds; returns what calls it off. */
export type After = (afterMs: number, run: () => void) => () => void

/** On the platform's timers. */
export const systemAfter: After = (afterMs, run) => {
  const timeout = setTimeout(run, afterMs)
  return () => {
    clearTimeout(timeout)
  }
}

export interface DeliveryQueue {
  readonly later: Later
  /** How many deliveries wait. */
  readonly pending: number
  /** Runs the next delivery; false when there is none. */
  deliver(): boolean
  /**
   * Delivers until nothing waits; returns how many deliveries that took.
   * @throws {Error} `deliveriesMax` were made and there are still more: something goes round in circles
   */
  run(deliveriesMax?: number): number
}

/** A transfer of 1 MiB a byte at a time takes about two million; what goes in circles takes more. */
const DELIVERIES_MAX = 10_000_000

/** Above this many, and when they are the greater part, the places of what was delivered are given back. */
const SPENT_PLACES_MAX = 1_024

export function createDeliveryQueue(): DeliveryQueue {
  let waiting: ((() => void) | undefined)[] = []
  let next = 0

  const deliver = (): boolean => {
    const run = waiting[next]
    if (run === undefined) return false
    waiting[next++] = undefined
    const mostAreSpent = next > SPENT_PLACES_MAX && next * 2 > waiting.length
    if (next === waiting.length || mostAreSpent) {
      waiting = waiting.slice(next)
      next = 0
    }
    run()
    return true
  }

  return {
    later: (run) => {
      waiting.push(run)
    },
    get pending() {
      return waiting.length - next
    },
    deliver,
    run(deliveriesMax = DELIVERIES_MAX) {
      let count = 0
      while (deliver()) {
        count++
        if (count >= deliveriesMax && waiting.length > next) {
          throw new Error(`after ${count} deliveries there is still more to deliver`)
        }
      }
      return count
    },
  }
}

/** What stands in for the way in until `start` was called: an order of calls that is our own fault. */
export function notStarted(): never {
  throw new Error('start was not called')
}

/**
 * Takes the way in, once: a second node would take the first one's inputs.
 * @throws {PeerloomError} `bad-argument`: it was taken
 */
export function enteredBy<Input>(
  before: (input: Input) => void,
  enter: (input: Input) => void,
): (input: Input) => void {
  if (before !== notStarted) {
    throw new PeerloomError(
      'bad-argument',
      'this part of the world belongs to a node already: each node has its own',
    )
  }
  return enter
}
