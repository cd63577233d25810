/**
 * What goes over connections a second: from what their counters grew by between two looks. Nothing is
 * kept of whom nobody looks at, nor of whom is gone.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import type { Rates } from './messages.ts'

export type Rated = 'receivedMessages' | 'sentMessages' | 'receivedBytes' | 'sentBytes'

const perSecond = (count: number, ms: number): number => Math.round((count * 1_000) / ms)

/** One connection, as it was looked at last. It is written over: a table of 10,000 makes no garbage. */
interface Seen {
  atMs: number
  /** Whether it was looked at twice. */
  isRated: boolean
  readonly counts: Record<Rated, number>
  readonly rates: Record<Rated, number>
}

/** Two looks that are closer make a number that jumps. */
const APART_MS = 200

const UNKNOWN: Rates = {
  ...{ receivedMessages: null, sentMessages: null },
  ...{ receivedBytes: null, sentBytes: null },
}

export interface RateBook {
  /** @param nowMs monotonic */
  of(connection: string, counters: Readonly<Counters>, nowMs: number): Rates
  /** One of them; -1: it is not known yet. */
  one(connection: string, counters: Readonly<Counters>, nowMs: number, of: Rated): number
  forget(connection: string): void
}

export function createRateBook(): RateBook {
  const seen = new Map<string, Seen>()

  const look = (connection: string, counters: Readonly<Counters>, nowMs: number): Seen => {
    const known = seen.get(connection)
    if (known === undefined) {
      const { receivedBytes, receivedMessages, sentBytes, sentMessages } = counters
      const made: Seen = {
        ...{ atMs: nowMs, isRated: false },
        counts: { receivedMessages, sentMessages, receivedBytes, sentBytes },
        rates: { receivedMessages: 0, sentMessages: 0, receivedBytes: 0, sentBytes: 0 },
      }
      seen.set(connection, made)
      return made
    }
    const passedMs = nowMs - known.atMs
    if (passedMs < APART_MS) return known
    const { counts, rates } = known
    const { receivedBytes, receivedMessages, sentBytes, sentMessages } = counters
    // One by one, not by name: ten thousand of them are looked at in one go.
    rates.receivedMessages = perSecond(receivedMessages - counts.receivedMessages, passedMs)
    rates.sentMessages = perSecond(sentMessages - counts.sentMessages, passedMs)
    rates.receivedBytes = perSecond(receivedBytes - counts.receivedBytes, passedMs)
    rates.sentBytes = perSecond(sentBytes - counts.sentBytes, passedMs)
    counts.receivedMessages = receivedMessages
    counts.sentMessages = sentMessages
    counts.receivedBytes = receivedBytes
    counts.sentBytes = sentBytes
    known.atMs = nowMs
    known.isRated = true
    return known
  }

  return {
    of(connection, counters, nowMs) {
      const { isRated, rates } = look(connection, counters, nowMs)
      return isRated ? { ...rates } : UNKNOWN
    },
    one(connection, counters, nowMs, of) {
      const { isRated, rates } = look(connection, counters, nowMs)
      return isRated ? rates[of] : -1
    },
    forget(connection) {
      seen.delete(connection)
    },
  }
}
