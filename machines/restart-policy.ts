/**
 * Restart intensity, OTP's way: how many restarts within a period are borne before the supervisor
 * gives up. A pure function of a list of times; whoever supervises keeps the list.
 * @module
 */

export interface RestartIntensity {
  /** So many restarts within the period are borne; one more is too many. 0 bears none. */
  readonly count: number
  readonly withinMs: number
}

export interface RestartRecord {
  /** The restarts within the period, this one included, oldest first. At most `count` + 1. */
  readonly times: readonly number[]
  /** This restart is one too many: the failure goes up instead. */
  readonly exceeded: boolean
  /** Which restart within the period this is, from 1 on. */
  readonly nth: number
  /** What the child kept may be what makes it fail: this incarnation starts without it. */
  readonly fresh: boolean
}

/** Two restarts get what the child kept; a third failure in one period makes that state suspect. */
const FRESH_FROM = 3

/**
 * A restart exactly `withinMs` ago still counts, as in OTP's supervisor.
 * `times` is what the last call gave, an empty list at first; `nowMs` never goes back.
 */
export function recordRestart(
  times: readonly number[],
  nowMs: number,
  { count, withinMs }: RestartIntensity,
): RestartRecord {
  const within = times.filter((timeMs) => nowMs - timeMs <= withinMs)
  const nth = within.length + 1
  return {
    // Past the limit the caller escalates; if it does not, the list must not grow all the same.
    times: [...within, nowMs].slice(-(count + 1)),
    exceeded: nth > count,
    nth,
    fresh: nth >= FRESH_FROM,
  }
}
