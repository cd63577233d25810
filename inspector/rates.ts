/**
 * What goes over connections a second: from what their counters grew by between two looks that are a
 * window apart, to a tenth. Nothing is kept of whom is gone, and no rate is over a time without looks.
 *
 * All of it stands in one array of numbers, a few for each connection: a table of 10,000 is looked at
 * several times a second, and makes no garbage.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import type { Rates } from './messages.ts'

/** What is rated, in the order in which it stands in a slot. */
const RATED = ['receivedMessages', 'sentMessages', 'receivedBytes', 'sentBytes'] as const
export type Rated = (typeof RATED)[number]

/** A slot: when it was looked at, then the counts of then, then the rates. */
const COUNTS = 1
const RATES = COUNTS + RATED.length
const SLOT = RATES + RATED.length
/** A rate of a connection that was not looked at for a window yet. */
const UNKNOWN = -1
/** What is counted over less than this makes a number that jumps: one message each two seconds is 0.5. */
export const WINDOW_MS = 2_000
const SLOTS_AT_FIRST = 64

/** A window that is longer than two looks make it has a time in it at which nobody looked. */
export const isWatched = (sinceMs: number, everyMs: number): boolean =>
  sinceMs <= WINDOW_MS + 2 * everyMs

export interface RateBook {
  /** @param nowMs monotonic */
  of(connection: string, counters: Readonly<Counters>, nowMs: number): Rates
  /** One of them; -1: it is not known yet. */
  one(connection: string, counters: Readonly<Counters>, nowMs: number, of: Rated): number
  forget(connection: string): void
}

/** @param everyMs how often it is looked now, milliseconds */
export function createRateBook(everyMs: () => number): RateBook {
  const slots = new Map<string, number>()
  const free: number[] = []
  let numbers = new Float64Array(SLOTS_AT_FIRST * SLOT)

  const newSlot = (): number => {
    const at = free.pop() ?? slots.size * SLOT
    if (at + SLOT > numbers.length) {
      const larger = new Float64Array(numbers.length * 2)
      larger.set(numbers)
      numbers = larger
    }
    return at
  }

  /** Counts of now in place of those of before; the rates between the two, where time passed. */
  const note = (at: number, index: number, count: number, passedMs: number): void => {
    const before = numbers[at + COUNTS + index] ?? 0
    numbers[at + COUNTS + index] = count
    numbers[at + RATES + index] =
      passedMs > 0 ? Math.round(((count - before) * 10_000) / passedMs) / 10 : UNKNOWN
  }

  /** Where its numbers are. */
  const look = (connection: string, counters: Readonly<Counters>, nowMs: number): number => {
    const known = slots.get(connection)
    const at = known ?? newSlot()
    if (known === undefined) slots.set(connection, at)
    const sinceMs = nowMs - (numbers[at] ?? 0)
    if (known !== undefined && sinceMs < WINDOW_MS) return at
    const passedMs = known !== undefined && isWatched(sinceMs, everyMs()) ? sinceMs : 0
    numbers[at] = nowMs
    note(at, 0, counters.receivedMessages, passedMs)
    note(at, 1, counters.sentMessages, passedMs)
    note(at, 2, counters.receivedBytes, passedMs)
    note(at, 3, counters.sentBytes, passedMs)
    return at
  }

  const rateAt = (at: number, of: Rated): number =>
    numbers[at + RATES + RATED.indexOf(of)] ?? UNKNOWN

  return {
    of(connection, counters, nowMs) {
      const at = look(connection, counters, nowMs)
      const rate = (of: Rated): number | null => {
        const known = rateAt(at, of)
        return known === UNKNOWN ? null : known
      }
      return {
        receivedMessages: rate('receivedMessages'),
        sentMessages: rate('sentMessages'),
        receivedBytes: rate('receivedBytes'),
        sentBytes: rate('sentBytes'),
      }
    },
    one: (connection, counters, nowMs, of) => rateAt(look(connection, counters, nowMs), of),
    forget(connection) {
      const at = slots.get(connection)
      if (at === undefined) return
      slots.delete(connection)
      free.push(at)
    },
  }
}
