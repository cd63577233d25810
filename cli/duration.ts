/**
 * Durations in the words of a command line: so many seconds, or a whole number and a unit.
 * @module
 */
import { InvalidArgumentError } from 'commander'
import { msOfSeconds, msOfUnits, TIMER_SECONDS_MAX, waitOf } from '../actors/written-times.ts'

/** Milliseconds. */
function parseSeconds(text: string, secondsMax: number): number {
  const ms = msOfSeconds(text)
  if (Number(text) <= secondsMax && ms >= 1) return ms
  throw new InvalidArgumentError(`It is no number of seconds up to ${String(secondsMax)}.`)
}

/** Milliseconds. */
export function parseDuration(text: string, msMax: number): number {
  const ms = msOfUnits(text)
  if (ms >= 1 && ms <= msMax) return ms
  throw new InvalidArgumentError('it is a whole number and a unit, such as 90s, 10m or 1h.')
}

/** Milliseconds, of either form. If nothing else is said, what a timer can wait for. */
export function parseWait(text: string, secondsMax = TIMER_SECONDS_MAX): number {
  if (!/[a-z]$/.test(text)) return parseSeconds(text, secondsMax)
  const ms = waitOf(text, secondsMax * 1_000)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(
    `It is no number of seconds up to ${String(secondsMax)}, and no whole number and a unit, such as 90s, 10m or 1h.`,
  )
}
