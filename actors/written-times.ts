/**
 * Times as people write them on a command line: so many seconds, or a whole number and a unit. One form for
 * the tools and for commands that networks bring.
 * @module
 */

/** Timers of the platform hold 2^31 - 1 milliseconds: 24 days. */
export const TIMER_SECONDS_MAX = 2_147_483
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of `90s`, `10m`, `1h`, `500ms`; NaN: it has another form. */
export function msOfUnits(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? []
  return Number(digits) * (UNITS[unit] ?? NaN)
}

/** Milliseconds of `30` or `0.5`, at least one; NaN: it has another form, or is none. */
export function msOfSeconds(text: string): number {
  const seconds = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : NaN
  return seconds > 0 ? Math.max(1, Math.round(seconds * 1_000)) : NaN
}

/** Milliseconds, of either form; undefined: it is no time from one millisecond up to that. */
export function waitOf(text: string, msMax = TIMER_SECONDS_MAX * 1_000): number | undefined {
  const ms = /[a-z]$/.test(text) ? msOfUnits(text) : msOfSeconds(text)
  return ms >= 1 && ms <= msMax ? ms : undefined
}
