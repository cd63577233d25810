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

export interface SetAside {
  readonly isEmpty: boolean
  /** Numbers of this origin that the neighbour is not asked for. */
  of(origin: string): Runs
  add(origin: string, first: bigint, last: bigint, nowMs: number): void
  /** Times in a row that nothing came of asking for this origin. */
  silent(origin: string): number
  noteSilent(origin: string, nowMs: number): void
  /** Something came that was kept. */
  noteGiven(origin: string): void
  /** The next one whose time is over, which is set aside no more. */
  takeDue(nowMs: number): readonly [origin: string, runs: Runs] | undefined
}

export function createSetAside(): SetAside {
  /** In the order in which their time is over. */
  const entries = new Map<string, Entry>()
  let count = 0

  /** An entry without runs takes a place as well. */
  const sizeOf = ({ runs }: Entry): number => Math.max(1, runCount(runs))

  const remove = (origin: string): void => {
    const entry = entries.get(origin)
    if (entry === undefined) return
    count -= sizeOf(entry)
    entries.delete(origin)
  }

  const set = (origin: string, entry: Entry): void => {
    const known = entries.get(origin)
    // One whose time begins anew is the last one whose time is over.
    if (known?.untilMs !== entry.untilMs) remove(origin)
    else count -= sizeOf(known)
    entries.set(origin, entry)
    count += sizeOf(entry)
    for (const oldest of entries.keys()) {
      if (count <= SET_ASIDE_RUNS_MAX) return
      remove(oldest)
    }
  }

  const entryOf = (origin: string, nowMs: number): Entry => {
    const known = entries.get(origin) ?? { runs: NO_RUNS, untilMs: 0, silent: 0 }
    return known.runs.length > 0 ? known : { ...known, untilMs: nowMs + SET_ASIDE_MS }
  }

  return {
    get isEmpty() {
      return entries.size === 0
    },
    of: (origin) => entries.get(origin)?.runs ?? NO_RUNS,
    add(origin, first, last, nowMs) {
      if (first > last) return
      const entry = entryOf(origin, nowMs)
      const runs = uniteRuns(entry.runs, [first, last]).slice(-2 * RUNS_PER_ORIGIN_MAX)
      set(origin, { ...entry, runs })
    },
    silent: (origin) => entries.get(origin)?.silent ?? 0,
    noteSilent(origin, nowMs) {
      const entry = entryOf(origin, nowMs)
      set(origin, { ...entry, silent: entry.silent + 1 })
    },
    noteGiven(origin) {
      const entry = entries.get(origin)
      if (entry === undefined || entry.silent === 0) return
      if (entry.runs.length === 0) remove(origin)
      else set(origin, { ...entry, silent: 0 })
    },
    takeDue(nowMs) {
      for (const [origin, entry] of entries) {
        if (entry.untilMs > nowMs) return undefined
        remove(origin)
        if (entry.runs.length === 0) continue
        set(origin, { ...entry, runs: NO_RUNS, untilMs: nowMs + SET_ASIDE_MS })
        return [origin, entry.runs]
      }
      return undefined
    },
  }
}
