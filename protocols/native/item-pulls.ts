/**
 * Asking neighbours for the items that they hold and this node lacks: of each neighbour one range at
 * a time, of each number one neighbour at a time, and no more at once than is being checked.
 *
 * A locator tells what a neighbour holds *or once held*, so that a range may bring less than it asks
 * for, or nothing: after a deadline others are asked, and it again later.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import {
  NO_RUNS,
  numbersIn,
  pairsOf,
  removeFromRuns,
  runCount,
  runsHave,
  runsWithout,
  uniteRuns,
} from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { LocatorEntry } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { ItemStore } from './item-store.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

const U64_MAX = 0xffff_ffff_ffff_ffffn
/** Numbers asked for and not settled, of all neighbours: four whole ranges, at most 64 MiB. */
const PULLED_MAX = 1_024
/** Runs of numbers that one neighbour holds and we lack. About 1 MB; what is above it is told again. */
const WANTED_RUNS_MAX = 4_096
/** Origins that are looked at for the next range; the others come next time. */
const LOOKED_AT_MAX = 256
/** What a neighbour did not give it is asked for again after so long: it may have got it meanwhile. */
const NOT_GIVEN_MS = 60_000
/** Of one neighbour; the oldest go first, and are asked for sooner. */
const NOT_GIVEN_ORIGINS_MAX = 256
const NOT_GIVEN_RUNS_MAX = 64
/** For a whole range: whoever gives an item now and then does not keep the others waiting. */
const RANGE_MS_MAX = 60_000
/** Who had nothing to be asked for is not looked at again so soon: looking costs with what it claims. */
const IDLE_MS = 1_000
/** A silent range is taken for so many more numbers each time: a million are passed in 12 ranges. */
const SILENT_DOUBLINGS_MAX = 40
/** Half of what a neighbour takes: see `RANGES_PER_WINDOW_MAX`. */
const RANGES_ASKED_MAX = 500
const RANGES_WINDOW_MS = 10_000

/** By origin, what a neighbour holds and we lacked when it said so. */
export type Wanted = Map<string, Runs>

interface Asked {
  readonly origin: string
  /** The next number that may come: they come in their order. */
  next: bigint
  readonly last: bigint
  readonly startedMs: number
  /** When something came for it, or when it was asked. */
  lastMs: number
  isSilent: boolean
}

interface NotGiven {
  runs: Runs
  readonly untilMs: number
}

interface Neighbour {
  readonly wanted: Wanted
  asked: Asked | undefined
  readonly notGiven: Map<string, NotGiven>
  /** Ranges in a row that brought nothing, or too little. */
  silent: number
  idleUntilMs: number
}

/** What a neighbour is asked for and has not given yet. */
export interface AskedRange {
  readonly connection: string
  readonly origin: string
  readonly first: bigint
  readonly last: bigint
}

export interface Pulls {
  asked(): readonly AskedRange[]
  onActive(connection: string): void
  onGone(connection: string): void
  onLocator(connection: string, origins: readonly LocatorEntry[]): void
  /** Whether it was asked of this neighbour. If so it is on its way until it is settled. */
  onItem(connection: string, origin: string, number: bigint): boolean
  /** What came of an item on its way. Not kept: others may be asked for it. */
  settle(connection: string, origin: string, number: bigint, isKept: boolean): void
  /** Asks for nothing for a while: what came could not be kept. */
  pause(): void
}

export interface PullOptions {
  readonly store: Pick<ItemStore, 'fits' | 'known'>
  readonly limits: Pick<NativeLimits, 'locatorEveryMs' | 'rangeItemsMax' | 'rangeMs'>
  /** By connection: outlives an incarnation, for nobody says twice what it holds. */
  readonly wanted: Map<string, Wanted>
  /** Numbers of an origin that nobody is asked for now. */
  unwanted(origin: string): Runs
  /** Whether items of this origin are taken at all. */
  takes(origin: string): boolean
  /** Whether none are taken now. What is held of them is remembered: nobody says it twice. */
  isBarred(origin: string): boolean
}

type Tools = Pick<ChildTools<NativeTypes>, 'after' | 'isHeld' | 'monotonicMs' | 'send'>

export function createPulls(tools: Tools, options: PullOptions): Pulls {
  const { isBarred, limits, store, takes, unwanted } = options
  const neighbours = new Map<string, Neighbour>()
  /** By origin: asked for and not settled. */
  const onTheWay = new Map<string, Runs>()
  const rates = createRates(RANGES_WINDOW_MS, RANGES_ASKED_MAX)
  let onTheWayCount = 0
  let isArmed = false
  let isSoon = false
  let pausedUntilMs = -Infinity

  const setOnTheWay = (origin: string, runs: Runs): void => {
    const before = onTheWay.get(origin) ?? NO_RUNS
    onTheWayCount += Number(numbersIn(runs) - numbersIn(before))
    if (runs.length === 0) onTheWay.delete(origin)
    else onTheWay.set(origin, runs)
  }

  const release = (origin: string, first: bigint, last: bigint): void => {
    if (first > last) return
    setOnTheWay(origin, runsWithout(onTheWay.get(origin) ?? NO_RUNS, [first, last]))
  }

  const noteNotGiven = (
    neighbour: Neighbour,
    origin: string,
    first: bigint,
    last: bigint,
  ): void => {
    if (first > last) return
    const { notGiven } = neighbour
    const nowMs = tools.monotonicMs()
    const known = notGiven.get(origin)
    const isOver = known === undefined || known.untilMs <= nowMs
    const runs = uniteRuns(isOver ? NO_RUNS : known.runs, [first, last])
    notGiven.delete(origin)
    notGiven.set(origin, {
      runs: runs.slice(-2 * NOT_GIVEN_RUNS_MAX),
      untilMs: isOver ? nowMs + NOT_GIVEN_MS : known.untilMs,
    })
    for (const oldest of notGiven.keys()) {
      if (notGiven.size <= NOT_GIVEN_ORIGINS_MAX) break
      notGiven.delete(oldest)
    }
  }

  const notGivenBy = ({ notGiven }: Neighbour, origin: string): Runs => {
    const known = notGiven.get(origin)
    if (known === undefined) return NO_RUNS
    if (known.untilMs > tools.monotonicMs()) return known.runs
    notGiven.delete(origin)
    return NO_RUNS
  }

  /** Once for all that was settled in a turn. */
  const askSoon = (): void => {
    if (isSoon) return
    isSoon = true
    tools.after(0, () => {
      isSoon = false
      askAll()
    })
  }

  /** Something is wanted that nobody can be asked for at this moment. */
  const arm = (): void => {
    if (isArmed) return
    isArmed = true
    tools.after(limits.locatorEveryMs, () => {
      isArmed = false
      askAll()
    })
  }

  /** What to ask this neighbour for next. */
  function choose(neighbour: Neighbour): readonly [string, bigint, bigint] | undefined {
    const { wanted } = neighbour
    // Each once: one that is put behind the others stands in the map again.
    const some: [string, Runs][] = []
    for (const entry of wanted) {
      if (some.length === LOOKED_AT_MAX) break
      some.push(entry)
    }
    for (const [origin, theirs] of some) {
      const lacking = runsWithout(theirs, store.known(origin))
      wanted.delete(origin)
      if (lacking.length === 0 || !takes(origin)) continue
      // Behind the others: next time it is their turn.
      wanted.set(origin, lacking)
      if (isBarred(origin)) continue
      let free = runsWithout(lacking, onTheWay.get(origin) ?? NO_RUNS)
      free = runsWithout(free, unwanted(origin))
      free = runsWithout(free, notGivenBy(neighbour, origin))
      for (const [first, last] of pairsOf(free)) {
        if (store.fits(origin, first)) return [origin, first, last]
      }
    }
    return undefined
  }

  function ask(connection: string, neighbour: Neighbour): void {
    if (neighbour.asked !== undefined || neighbour.wanted.size === 0) return
    const nowMs = tools.monotonicMs()
    const room = PULLED_MAX - onTheWayCount
    // Whoever settles an item asks again.
    if (room <= 0) return
    const isResting = nowMs < pausedUntilMs || nowMs < neighbour.idleUntilMs
    const chosen = isResting ? undefined : choose(neighbour)
    if (chosen === undefined) {
      if (!isResting) neighbour.idleUntilMs = nowMs + IDLE_MS
      if (neighbour.wanted.size > 0) arm()
      return
    }
    const [origin, first, lastOfRun] = chosen
    // Who was silent holds less of what all have together, each time half as much.
    const trusted = Math.floor(limits.rangeItemsMax / 2 ** Math.min(neighbour.silent, 30))
    const countMax = BigInt(Math.max(1, Math.min(trusted, room)))
    const last = first + countMax - 1n < lastOfRun ? first + countMax - 1n : lastOfRun
    const originId = decodeHex(origin) ?? new Uint8Array()
    const isTooOften = rates.count(connection, nowMs) >= RANGES_ASKED_MAX
    if (
      isTooOften ||
      tools.send(connection, { type: 'range', originId, first, last }) !== 'queued'
    ) {
      arm()
      return
    }
    rates.note(connection, nowMs)
    const times = { startedMs: nowMs, lastMs: nowMs }
    const asked: Asked = { origin, next: first, last, ...times, isSilent: true }
    neighbour.asked = asked
    // Behind the others: whoever was asked least lately comes first.
    neighbours.delete(connection)
    neighbours.set(connection, neighbour)
    setOnTheWay(origin, uniteRuns(onTheWay.get(origin) ?? NO_RUNS, [first, last]))
    watch(connection, neighbour, asked, limits.rangeMs)
  }

  function watch(connection: string, neighbour: Neighbour, asked: Asked, afterMs: number): void {
    tools.after(afterMs, () => {
      if (neighbour.asked !== asked) return
      const nowMs = tools.monotonicMs()
      const untilMs = Math.min(asked.lastMs + limits.rangeMs, asked.startedMs + RANGE_MS_MAX)
      // It cannot give anything while it is us who do not read.
      const restMs = tools.isHeld(connection) ? limits.rangeMs : untilMs - nowMs
      if (restMs > 0) {
        watch(connection, neighbour, asked, restMs)
        return
      }
      const { last, next, origin } = asked
      neighbour.asked = undefined
      release(origin, next, last)
      neighbour.silent++
      const doublings = asked.isSilent ? Math.min(neighbour.silent - 1, SILENT_DOUBLINGS_MAX) : 0
      // The range of somebody silent is short: what is passed over grows all the same.
      const passed = doublings > 0 ? BigInt(limits.rangeItemsMax) : last - next + 1n
      const end = next + (passed << BigInt(doublings)) - 1n
      noteNotGiven(neighbour, origin, next, end < U64_MAX ? end : U64_MAX)
      askOthers()
    })
  }

  function askAll(): void {
    for (const [connection, neighbour] of [...neighbours]) ask(connection, neighbour)
  }

  /** What one was asked for can be had of the others. */
  function askOthers(): void {
    for (const neighbour of neighbours.values()) neighbour.idleUntilMs = 0
    askAll()
  }

  return {
    asked: () =>
      [...neighbours].flatMap(([connection, { asked }]) =>
        asked === undefined
          ? []
          : [{ connection, origin: asked.origin, first: asked.next, last: asked.last }],
      ),
    onActive(connection) {
      const wanted: Wanted = options.wanted.get(connection) ?? new Map<string, Runs>()
      options.wanted.set(connection, wanted)
      const neighbour: Neighbour = {
        wanted,
        asked: undefined,
        notGiven: new Map(),
        silent: 0,
        idleUntilMs: 0,
      }
      neighbours.set(connection, neighbour)
      ask(connection, neighbour)
    },
    onGone(connection) {
      const asked = neighbours.get(connection)?.asked
      neighbours.delete(connection)
      options.wanted.delete(connection)
      rates.forget(connection)
      if (asked === undefined) return
      release(asked.origin, asked.next, asked.last)
      askOthers()
    },
    onLocator(connection, origins) {
      const neighbour = neighbours.get(connection)
      if (neighbour === undefined) return
      const { wanted } = neighbour
      neighbour.idleUntilMs = 0
      let wantedRuns = 0
      for (const runs of wanted.values()) wantedRuns += runCount(runs)
      for (const { originId, runs } of origins) {
        const origin = encodeHex(originId)
        wantedRuns -= runCount(wanted.get(origin) ?? NO_RUNS)
        wanted.delete(origin)
        const lacking = takes(origin) ? runsWithout(runs, store.known(origin)) : NO_RUNS
        if (lacking.length === 0 || wantedRuns + runCount(lacking) > WANTED_RUNS_MAX) continue
        wantedRuns += runCount(lacking)
        wanted.set(origin, lacking)
      }
      ask(connection, neighbour)
    },
    onItem(connection, origin, number) {
      const neighbour = neighbours.get(connection)
      const asked = neighbour?.asked
      if (neighbour === undefined || asked?.origin !== origin) return false
      if (number < asked.next || number > asked.last) return false
      release(origin, asked.next, number - 1n)
      noteNotGiven(neighbour, origin, asked.next, number - 1n)
      asked.next = number + 1n
      asked.lastMs = tools.monotonicMs()
      asked.isSilent = false
      if (number === asked.last) {
        neighbour.silent = 0
        neighbour.asked = undefined
        askSoon()
      }
      return true
    },
    settle(connection, origin, number, isKept) {
      const runs = onTheWay.get(origin) ?? NO_RUNS
      if (runsHave(runs, number)) setOnTheWay(origin, removeFromRuns(runs, number))
      const neighbour = neighbours.get(connection)
      if (!isKept && neighbour !== undefined) noteNotGiven(neighbour, origin, number, number)
      askSoon()
    },
    pause() {
      pausedUntilMs = tools.monotonicMs() + limits.locatorEveryMs
    },
  }
}
