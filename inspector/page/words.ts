/**
 * Numbers, lengths of time and names as the page writes them.
 * @module
 */
import type { MessageEntry, StaleNode } from '../messages.ts'
import { timeOf } from '../timeline.ts'

const COUNT = new Intl.NumberFormat('en')
const SHORT = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

const TENTHS = new Intl.NumberFormat('en', { maximumFractionDigits: 1, useGrouping: false })

/** A field that may be a port or a time: no marks between its digits. */
export const numberWords = (value: number): string => TENTHS.format(value)

export const countWords = (count: number): string => COUNT.format(count)

/** `1 node`, `2 nodes`. */
export const manyWords = (count: number, one: string): string =>
  `${COUNT.format(count)} ${one}${count === 1 ? '' : 's'}`

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function bytesWords(bytes: number): string {
  let amount = bytes
  let place = 0
  while (amount >= 1_000 && place < UNITS.length - 1) {
    amount /= 1_024
    place++
  }
  return `${SHORT.format(amount)} ${UNITS[place] ?? ''}`
}

/** One write holds several messages: each that was sent is told by estimate, but for what a session encoded itself. */
export const messageBytesWords = (
  direction: MessageEntry['direction'],
  type: string,
  bytes: number,
): string =>
  direction === 'sent' && type !== 'raw' ? `about ${bytesWords(bytes)}` : bytesWords(bytes)

/** A second's. */
export function rateWords(rate: number | null): string {
  if (rate === null) return '–'
  return rate === 0 ? '0' : rate < 0.1 ? '<0.1' : SHORT.format(rate)
}

export const bytesRateWords = (rate: number | null): string =>
  rate === null ? '–' : `${bytesWords(Math.round(rate))}/s`

const STEPS = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'm', ms: 60_000 },
  { unit: 's', ms: 1_000 },
] as const

/** `350 ms`, `12 s`, `3 m 5 s`, `2 d 4 h`. */
export function lengthWords(ms: number): string {
  if (ms < 1_000) return `${String(Math.max(0, Math.round(ms)))} ms`
  const first = STEPS.findIndex((step) => ms >= step.ms)
  const [large, small] = [STEPS[first], STEPS[first + 1]]
  if (large === undefined) return ''
  const rest = Math.floor((ms % large.ms) / (small?.ms ?? 1))
  const whole = `${String(Math.floor(ms / large.ms))} ${large.unit}`
  return small === undefined || rest === 0 ? whole : `${whole} ${String(rest)} ${small.unit}`
}

/** What is left, to a tenth of a second where that is little. */
export const leftWords = (ms: number): string =>
  ms < 60_000 ? `${(Math.max(0, ms) / 1_000).toFixed(1)} s` : lengthWords(ms)

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** Never an invalid date, which throws where it is written. */
export const dateOf = (atMs: number): Date => new Date(timeOf(atMs))

/** `12:00:07.250` of the person's day. */
export function timeWords(atMs: number): string {
  const date = dateOf(atMs)
  return `${CLOCK.format(date)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** Of a node that tells nothing now. */
export function staleWords({ is, node, sinceMs }: StaleNode): string {
  const since = timeWords(sinceMs).slice(0, 8)
  return is === 'gone'
    ? `${node} is gone since ${since}: this is what it was`
    : `${node} is not answering since ${since}: what is shown of it is of then`
}

/** The ends of a long key or identity. */
export const shortName = (name: string): string =>
  name.length <= 20 ? name : `${name.slice(0, 8)}…${name.slice(-6)}`

/** An address with whatever is long in it, such as an identity, cut to its ends. */
export const shortAddress = (address: string): string =>
  address.replaceAll(/[0-9A-Za-z]{24,}/g, shortName)
