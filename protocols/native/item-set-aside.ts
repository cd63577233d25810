/**
 * What one neighbour said that it holds or once held and then did not give: it is not asked of it
 * again for a while. Mostly that is gone for good, and the neighbour says so to nobody; but its lane
 * may have been full, or what it gave could not be kept here.
 * @module
 */
import { NO_RUNS, runCount, uniteRuns } from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'

/** What a neighbour did not give it is asked for again after so long. */
const SET_ASIDE_MS = 60_000
/** One for each origin that there may be, and some. About 2.5 MB; the oldest go first. */
const SET_ASIDE_RUNS_MAX = 10_240
/** Of one origin: as many as a locator names of it. Those of the lowest numbers go first. */
const RUNS_PER_ORIGIN_MAX = 64

interface Entry {
  readonly runs: Runs
  readonly untilMs: number
  /** Times in a row that what it was asked for of this origin was worth nothing. */
  readonly silent: number
}

/** Data and no methods, and no table before there is something in it: there is one a neighbour. */
export interface SetAside {
  /** By origin, in the order in which their time is over. */
  entries: Map<string, Entry> | undefined
  /** Places that they take. */
  count: number
}

export const createSetAside = (): SetAside => ({ entries: undefined, count: 0 })

export const isNothingAside = ({ count }: SetAside): boolean => count === 0

/** An entry without runs takes a place as well. */
const sizeOf = ({ runs }: Entry): number => Math.max(1, runCount(runs))

function remove(aside: SetAside, origin: string): void {
  const entry = aside.entries?.get(origin)
  if (entry === undefined) return
  aside.count -= sizeOf(entry)
  aside.entries?.delete(origin)
}

function set(aside: SetAside, origin: string, entry: Entry): void {
  const entries = (aside.entries ??= new Map<string, Entry>())
  const known = entries.get(origin)
  // One whose time begins anew is the last one whose time is over.
  if (known?.untilMs !== entry.untilMs) remove(aside, origin)
  else aside.count -= sizeOf(known)
  entries.set(origin, entry)
  aside.count += sizeOf(entry)
  for (const oldest of entries.keys()) {
    if (aside.count <= SET_ASIDE_RUNS_MAX) return
    remove(aside, oldest)
  }
}

function entryOf({ entries }: SetAside, origin: string, nowMs: number): Entry {
  const known = entries?.get(origin) ?? { runs: NO_RUNS, untilMs: 0, silent: 0 }
  return known.runs.length > 0 ? known : { ...known, untilMs: nowMs + SET_ASIDE_MS }
}

/** Numbers of this origin that the neighbour is not asked for. */
export const runsAside = ({ entries }: SetAside, origin: string): Runs =>
  entries?.get(origin)?.runs ?? NO_RUNS

export function addAside(
  aside: SetAside,
  origin: string,
  first: bigint,
  last: bigint,
  nowMs: number,
): void {
  if (first > last) return
  const entry = entryOf(aside, origin, nowMs)
  const runs = uniteRuns(entry.runs, [first, last]).slice(-2 * RUNS_PER_ORIGIN_MAX)
  set(aside, origin, { ...entry, runs })
}

/** Times in a row that nothing came of asking for this origin. */
export const silentTimes = ({ entries }: SetAside, origin: string): number =>
  entries?.get(origin)?.silent ?? 0

export function noteSilent(aside: SetAside, origin: string, nowMs: number): void {
  const entry = entryOf(aside, origin, nowMs)
  set(aside, origin, { ...entry, silent: entry.silent + 1 })
}

/** Something came that was kept. */
export function noteGiven(aside: SetAside, origin: string): void {
  const entry = aside.entries?.get(origin)
  if (entry === undefined || entry.silent === 0) return
  if (entry.runs.length === 0) remove(aside, origin)
  else set(aside, origin, { ...entry, silent: 0 })
}

/** The next one whose time is over, which is set aside no more. */
export function takeDue(
  aside: SetAside,
  nowMs: number,
): readonly [origin: string, runs: Runs] | undefined {
  for (const [origin, entry] of aside.entries ?? []) {
    if (entry.untilMs > nowMs) return undefined
    remove(aside, origin)
    if (entry.runs.length === 0) continue
    set(aside, origin, { ...entry, runs: NO_RUNS, untilMs: nowMs + SET_ASIDE_MS })
    return [origin, entry.runs]
  }
  return undefined
}
