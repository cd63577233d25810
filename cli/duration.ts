/**
 * Durations in the words of a command line: so many seconds, or a whole number and a unit.
 * @module
 */
import { InvalidArgumentError } from 'commander'

/** Timers of the platform hold 2^31 - 1 milliseconds: 24 days. */
const TIMER_SECONDS_MAX = 2_147_483
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** NaN: it has another form. */
function msOfUnits(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  return Number(digits) * (UNITS[unit] ?? NaN)
}

/** Milliseconds. */
export function parseSeconds(text: string, secondsMax = TIMER_SECONDS_MAX): number {
  const seconds = Number(text)
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(text) || seconds === 0 || seconds > secondsMax) {
    throw new InvalidArgumentError(`It is no number of seconds up to ${String(secondsMax)}.`)
  }
  return Math.max(1, Math.round(seconds * 1_000))
}

/** Milliseconds. */
export function parseDuration(text: string, msMax: number): number {
  const ms = msOfUnits(text)
  if (ms >= 1 && ms <= msMax) return ms
  throw new InvalidArgumentError('it is a whole number and a unit, such as 90s, 10m or 1h.')
}

/** Milliseconds, of either form: what a timer can wait for. */
export function parseWait(text: string): number {
  if (!/[a-z]$/.test(text)) return parseSeconds(text)
  const ms = msOfUnits(text)
  if (ms >= 1 && ms <= TIMER_SECONDS_MAX * 1_000) return ms
  throw new InvalidArgumentError(
    `It is no number of seconds up to ${String(TIMER_SECONDS_MAX)}, and no whole number and a unit, such as 90s, 10m or 1h.`,
  )
}
