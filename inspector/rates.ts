/**
 * What goes over connections a second: from what their counters grew by between two looks. Nothing is
 * kept of whom nobody looks at.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import type { Rates } from './messages.ts'

type Counted = Pick<Counters, 'receivedBytes' | 'receivedMessages' | 'sentBytes' | 'sentMessages'>

interface Seen {
  atMs: number
  receivedMessages: number
  sentMessages: number
  receivedBytes: number
  sentBytes: number
  rates: Rates
}

/** Two looks that are closer make a number that jumps. */
const APART_MS = 200

const UNKNOWN: Rates = {
  ...{ receivedMessages: null, sentMessages: null },
  ...{ receivedBytes: null, sentBytes: null },
}

export interface RateBook {
  /** @param nowMs monotonic */
  of(counters: Readonly<Counters>, nowMs: number): Rates
}

export function createRateBook(): RateBook {
  /** Of connections that live: it goes with them. */
  const seen = new WeakMap<object, Seen>()

  const note = (
    one: Counted,
    { receivedBytes, receivedMessages, sentBytes, sentMessages }: Counted,
  ) => Object.assign(one, { receivedBytes, receivedMessages, sentBytes, sentMessages })

  return {
    of(counters, nowMs) {
      const before = seen.get(counters)
      if (before === undefined) {
        const { receivedBytes, receivedMessages, sentBytes, sentMessages } = counters
        const now = { receivedBytes, receivedMessages, sentBytes, sentMessages }
        seen.set(counters, { ...now, atMs: nowMs, rates: UNKNOWN })
        return UNKNOWN
      }
      const seconds = (nowMs - before.atMs) / 1_000
      if (seconds * 1_000 < APART_MS) return before.rates
      const rate = (name: keyof Counted): number =>
        Math.round((counters[name] - before[name]) / seconds)
      before.rates = {
        receivedMessages: rate('receivedMessages'),
        sentMessages: rate('sentMessages'),
        receivedBytes: rate('receivedBytes'),
        sentBytes: rate('sentBytes'),
      }
      before.atMs = nowMs
      note(before, counters)
      return before.rates
    },
  }
}
