/**
 * What an address is worth by what is known of it: whether it may be forgotten, how likely it is
 * chosen, whether a newer sight of it is news. The numbers are those that the largest network of
 * this kind has run with for a decade.
 * @module
 */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** It stands for never: no time in the book is less than 1. */
export const NEVER_MS = 0
/** Where a Date ends: above it nothing was meant by a time. */
export const TIME_MS_MAX = 8_640_000_000_000_000
/** What a stored count of failures holds. */
export const FAILURES_MAX = 0xffff_ffff

/** An address that was tried just now is never forgotten: its answer may be on the way. */
const JUST_TRIED_MS = MINUTE_MS
/** A clock may be wrong by so much; who is seen later than that is made up. */
const FUTURE_MS_MAX = 10 * MINUTE_MS
/** Not seen by anyone for so long. */
const HORIZON_MS = 30 * DAY_MS
/** Failures in a row after which an address that never answered is given up. */
const FAILURES_WITHOUT_SUCCESS = 3
/** Failures in a row after which one that did is given up, if its success is long ago. */
const FAILURES_SINCE_SUCCESS = 10
const SUCCESS_FORGOTTEN_MS = 7 * DAY_MS

/** An address tried so recently is chosen a hundred times less often. */
const RECENT_ATTEMPT_MS = 10 * MINUTE_MS
const RECENT_ATTEMPT_CHANCE = 0.01
/** Each failure takes a third of the chance, up to eight: an outage of ours must not bury anyone. */
const FAILURE_CHANCE = 0.66
const FAILURES_COUNTED = 8

/** Somebody online is announced all day: a sight is news only when it is so much newer. */
const ONLINE_MS = DAY_MS
const NEWS_ONLINE_MS = HOUR_MS
const NEWS_OFFLINE_MS = DAY_MS
/** The end of a connection is a sight, if the last one is older than this. */
const CONNECTED_MS = 20 * MINUTE_MS

/** While an old address succeeded, or failed, within this time, that decides about its place. */
const REPLACEMENT_MS = 4 * HOUR_MS
/** How long an attempt is given to become a success. */
const PROBE_MS = MINUTE_MS
/** A newcomer waits no longer than this for the old address to be probed. */
const UNPROBED_MS = 40 * MINUTE_MS

/** What is known of an address. Times are Unix milliseconds or `NEVER_MS`. */
export interface Quality {
  seenMs: number
  succeededMs: number
  attemptedMs: number
  /** The last attempt that was counted as a failure until it succeeds. */
  countedMs: number
  failures: number
}

/** A time of ours or a stranger's as a whole number that can be stored; never `NEVER_MS`. */
export const wholeMs = (ms: number): number =>
  Math.min(TIME_MS_MAX, Math.max(NEVER_MS + 1, Math.trunc(ms))) || NEVER_MS + 1

const isWithin = (ms: number, limitMs: number, nowMs: number): boolean =>
  ms !== NEVER_MS && nowMs - ms < limitMs

/** Whether its place may be given to any other, and nobody is told of it. */
export function isTerrible(quality: Quality, nowMs: number): boolean {
  const { seenMs, succeededMs, attemptedMs, failures } = quality
  if (attemptedMs !== NEVER_MS && nowMs - attemptedMs <= JUST_TRIED_MS) return false
  if (seenMs - nowMs > FUTURE_MS_MAX || nowMs - seenMs > HORIZON_MS) return true
  if (succeededMs === NEVER_MS) return failures >= FAILURES_WITHOUT_SUCCESS
  return nowMs - succeededMs > SUCCESS_FORGOTTEN_MS && failures >= FAILURES_SINCE_SUCCESS
}

/** Powers by multiplication, which every engine rounds alike. */
const CHANCE_OF_FAILURES: readonly number[] = Array.from({ length: FAILURES_COUNTED }).reduce<
  number[]
>((powers) => [...powers, (powers.at(-1) ?? 1) * FAILURE_CHANCE], [1])

/** From above 0 to 1: how likely it is taken when the draw fell on it. */
export function chanceOf({ attemptedMs, failures }: Quality, nowMs: number): number {
  const chance = CHANCE_OF_FAILURES[Math.min(failures, FAILURES_COUNTED)] ?? 1
  return isWithin(attemptedMs, RECENT_ATTEMPT_MS, nowMs) ? chance * RECENT_ATTEMPT_CHANCE : chance
}

/** The sight that is kept when one is offered: the old one unless the other is much newer. */
export function newerSightMs(
  keptMs: number,
  offered: { readonly seenMs: number; readonly penaltyMs: number },
  nowMs: number,
): number {
  const newsMs = nowMs - offered.seenMs < ONLINE_MS ? NEWS_ONLINE_MS : NEWS_OFFLINE_MS
  const isNews = keptMs < offered.seenMs - newsMs - offered.penaltyMs
  return isNews ? wholeMs(offered.seenMs - offered.penaltyMs) : keptMs
}

export const isSightAtEnd = (keptMs: number, nowMs: number): boolean =>
  nowMs - keptMs > CONNECTED_MS

export type Verdict = 'keep' | 'replace' | 'probe' | 'wait'

/** Who gets the place in tried that an old address holds and a newcomer wants. */
export function verdictOn(old: Quality, newcomer: Quality, nowMs: number): Verdict {
  if (isWithin(old.succeededMs, REPLACEMENT_MS, nowMs)) return 'keep'
  if (isWithin(old.attemptedMs, REPLACEMENT_MS, nowMs)) {
    return nowMs - old.attemptedMs > PROBE_MS ? 'replace' : 'wait'
  }
  return nowMs - newcomer.succeededMs > UNPROBED_MS ? 'replace' : 'probe'
}
