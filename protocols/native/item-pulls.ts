/**
 * Asking neighbours for the items that they hold and this node lacks: of each neighbour one range at
 * a time, of each number one neighbour at a time, and no more than is being checked.
 *
 * A locator tells what a neighbour holds *or once held*, so that a range may bring less than it asks
 * for, or nothing. Where what is held begins only the neighbour knows: one that passed over numbers
 * is asked for all that follow, of which it gives the first that it holds.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import {
  addToRuns,
  NO_RUNS,
  pairsOf,
  removeFromRuns,
  runCount,
  runsWithout,
  uniteRuns,
} from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { ItemMessage, LocatorEntry } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { AGAIN_MS } from './item-locators.ts'
import type { ItemStore } from './item-store.ts'
import { NATIVE_LIMITS } from './limits.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'
import { addAside, createSetAside, isNothingAside, noteGiven } from './item-set-aside.ts'
import { noteSilent, runsAside, silentTimes, takeDue } from './item-set-aside.ts'
import type { SetAside } from './item-set-aside.ts'

/** Items that were asked for and are being checked, of all neighbours: as many as four lanes hold. */
const CHECKED_BYTES_MAX = 64 * 1024 * 1024
/**
 * And so many: with the slowest cryptography their signatures take some three seconds, for which those of
 * handshakes and broadcasts wait behind them.
 */
const CHECKED_ITEMS_MAX = 1_024
/** What an item takes beside its payload: key, signature, ids, and its places in the tables. */
const ITEM_EXTRA_BYTES = 1_024
/** Runs of numbers that one neighbour holds and we lack. About 1 MB; for the rest see `hearAgain`. */
const WANTED_RUNS_MAX = 4_096
/** Origins that are looked at for the next range; the others come next time. */
const LOOKED_AT_MAX = 256
/** Whoever gives an item now and then keeps what it was asked for from the others for no longer. */
const RESERVED_MS_MAX = 60_000
/** Who had nothing to be asked for is not looked at again so soon: looking costs with what it claims. */
const IDLE_MS = 1_000
/** Ranges of one neighbour that were given up and may yet be answered: as many as wait there. */
const LATE_RANGES_MAX = NATIVE_LIMITS.rangesQueuedMax
/** Halvings of a range that leave one number, whatever the limit. */
const HALVINGS_MAX = 30
/** Half of what a neighbour takes. */
const RANGES_ASKED_MAX = NATIVE_LIMITS.rangesPerWindowMax / 2

/** By origin, what a neighbour holds and we lacked when it said so. */
export type Wanted = Map<string, Runs>

interface Asked {
  readonly origin: string
  /** The next number that may come: they come in their order. */
  next: bigint
  readonly last: bigint
  /** Of the numbers from `next` on, those that nobody else is asked for. */
  reserved: number
  /** Items that may still come. */
  left: number
  readonly startedMs: number
  /** When something came for it, or when it was asked. */
  lastMs: number
  isSilent: boolean
}

interface Neighbour {
  readonly wanted: Wanted
  asked: Asked | undefined
  /** What it was asked for before and may still give: a line that stood still brings all of it at once. */
  readonly late: Asked[]
  readonly setAside: SetAside
  /** What it was asked for last began with numbers that it passed over. */
  isPassingOver: boolean
  idleUntilMs: number
  /** When there was last no room for what it said. */
  leftOutMs: number | undefined
}

/** What a neighbour is asked for and has not given yet. */
export interface AskedRange {
  readonly connection: string
  readonly origin: string
  readonly first: bigint
  readonly last: bigint
}

/** What came of an item. `attached`: it is being checked already, as it came from somebody else. */
export type Outcome = 'attached' | 'kept' | 'not-kept'

type Came = Pick<ItemMessage, 'hopsLeft' | 'number' | 'payload'>

export interface Pulls {
  asked(): readonly AskedRange[]
  onActive(connection: string): void
  onGone(connection: string): void
  onLocator(connection: string, origins: readonly LocatorEntry[]): void
  /**
   * Whether it was asked of this neighbour: if so, it is on its way until it is settled. There may be
   * no room for it: then it is asked for again.
   */
  onItem(connection: string, origin: string, item: Came): 'asked' | 'no-room' | 'unasked'
  /** What came of an item on its way. Not kept: others may be asked for it. */
  settle(connection: string, origin: string, item: Came, outcome: Outcome): void
  /** One that nobody was asked for is looked at no more: nor is what was asked for and waited with it. */
  release(origin: string, number: bigint): void
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

const runsIn = (wanted: Wanted): number => {
  let count = 0
  for (const runs of wanted.values()) count += runCount(runs)
  return count
}

const isIn = ({ last, next, origin }: Asked, of: string, { number }: Came): boolean =>
  origin === of && next <= number && number <= last

function count(asked: Asked, number: bigint): void {
  asked.next = number + 1n
  asked.left--
}

const isOver = ({ last, left, next }: Asked): boolean => next > last || left === 0

const bytesOf = ({ payload }: Came): number => payload.length + ITEM_EXTRA_BYTES

export function createPulls(tools: Tools, options: PullOptions): Pulls {
  const { isBarred, limits, store, takes, unwanted } = options
  const neighbours = new Map<string, Neighbour>()
  /** By origin: what came and is being checked. */
  const checked = new Map<string, Runs>()
  const rates = createRates(NATIVE_LIMITS.syncWindowMs, RANGES_ASKED_MAX)
  /** What an answer may bring of more numbers than it brings items: others may bear more than we. */
  const answerItemsMax = Math.max(limits.rangeItemsMax, NATIVE_LIMITS.rangeItemsMax)
  let checkedBytes = 0
  let checkedItems = 0
  let isArmed = false
  let isSoon = false
  let pausedUntilMs = -Infinity

  /** Numbers that come from somebody, or came. */
  const onTheWay = (origin: string): Runs => {
    let runs = checked.get(origin) ?? NO_RUNS
    for (const { asked } of neighbours.values()) {
      if (asked?.origin !== origin || asked.reserved === 0) continue
      const end = asked.next + BigInt(asked.reserved) - 1n
      runs = uniteRuns(runs, [asked.next, end < asked.last ? end : asked.last])
    }
    return runs
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

  const release = (origin: string, number: bigint): void => {
    const before = checked.get(origin)
    if (before === undefined) return
    const runs = removeFromRuns(before, number)
    if (runs.length === 0) checked.delete(origin)
    else checked.set(origin, runs)
  }

  /** Remembers of a neighbour what came of its item. */
  const note = (
    { setAside, wanted }: Neighbour,
    origin: string,
    number: bigint,
    outcome: Outcome,
  ): void => {
    const nowMs = tools.monotonicMs()
    if (outcome === 'not-kept') noteSilent(setAside, origin, nowMs)
    if (outcome === 'kept') noteGiven(setAside, origin)
    else addAside(setAside, origin, number, number, nowMs)
    const theirs = wanted.get(origin) ?? NO_RUNS
    // What is not lacking any more makes room for what was left out.
    if (runsWithout(theirs, store.known(origin)).length === 0) wanted.delete(origin)
  }

  /** Of one origin, what to ask this neighbour for next. */
  function firstFree(
    { setAside, wanted }: Neighbour,
    origin: string,
  ): readonly [string, bigint, bigint] | undefined {
    const theirs = wanted.get(origin) ?? NO_RUNS
    wanted.delete(origin)
    const lacking = runsWithout(
      runsWithout(theirs, store.known(origin)),
      runsAside(setAside, origin),
    )
    if (lacking.length === 0 || !takes(origin)) return undefined
    // Behind the others: next time it is their turn.
    wanted.set(origin, lacking)
    if (isBarred(origin)) return undefined
    const free = runsWithout(runsWithout(lacking, onTheWay(origin)), unwanted(origin))
    for (const [first, last] of pairsOf(free)) {
      if (store.fits(origin, first)) return [origin, first, last]
    }
    return undefined
  }

  /** What to ask this neighbour for next: what it did not give before, only where there is nothing else. */
  function choose(neighbour: Neighbour): readonly [string, bigint, bigint] | undefined {
    const { setAside, wanted } = neighbour
    // Each once: one that is put behind the others stands in the map again.
    const some: string[] = []
    for (const origin of wanted.keys()) {
      if (some.length === LOOKED_AT_MAX) break
      some.push(origin)
    }
    for (const origin of some) {
      const chosen = firstFree(neighbour, origin)
      if (chosen !== undefined) return chosen
    }
    for (let looked = 0; looked < LOOKED_AT_MAX; looked++) {
      const due = takeDue(setAside, tools.monotonicMs())
      if (due === undefined) return undefined
      const [origin, runs] = due
      wanted.set(origin, uniteRuns(wanted.get(origin) ?? NO_RUNS, runs))
      const chosen = firstFree(neighbour, origin)
      if (chosen !== undefined) return chosen
    }
    return undefined
  }

  /** Once there is room for what was left out: to whom nothing is told, everything is told again. */
  function hearAgain(connection: string, neighbour: Neighbour, nowMs: number): void {
    const { leftOutMs = nowMs, wanted } = neighbour
    const isRoom = wanted.size <= WANTED_RUNS_MAX / 2 && runsIn(wanted) <= WANTED_RUNS_MAX / 2
    const isTold =
      isRoom &&
      nowMs - leftOutMs >= AGAIN_MS &&
      tools.send(connection, { type: 'locator', origins: [] }) === 'queued'
    if (isTold) neighbour.leftOutMs = undefined
    else arm()
  }

  function ask(connection: string, neighbour: Neighbour): void {
    const { setAside, wanted } = neighbour
    const nowMs = tools.monotonicMs()
    if (neighbour.leftOutMs !== undefined) hearAgain(connection, neighbour, nowMs)
    if (neighbour.asked !== undefined || (wanted.size === 0 && isNothingAside(setAside))) return
    // Whoever settles an item asks again.
    if (checkedBytes >= CHECKED_BYTES_MAX || checkedItems >= CHECKED_ITEMS_MAX) return
    const isResting = nowMs < pausedUntilMs || nowMs < neighbour.idleUntilMs
    const chosen = isResting ? undefined : choose(neighbour)
    if (chosen === undefined) {
      if (!isResting) neighbour.idleUntilMs = nowMs + IDLE_MS
      if (wanted.size > 0 || !isNothingAside(setAside)) arm()
      return
    }
    const [origin, first, lastOfRun] = chosen
    // Who gave nothing of it before holds less of it back from the others, each time half as much.
    const halvings = Math.min(silentTimes(setAside, origin), HALVINGS_MAX)
    const reserved = Math.max(1, Math.floor(limits.rangeItemsMax / 2 ** halvings))
    const lastReserved = first + BigInt(reserved) - 1n
    const isWide = neighbour.isPassingOver || lastReserved >= lastOfRun
    const last = isWide ? lastOfRun : lastReserved
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
    const asked: Asked = {
      ...{ origin, next: first, last, reserved, left: answerItemsMax },
      ...{ startedMs: nowMs, lastMs: nowMs, isSilent: true },
    }
    neighbour.asked = asked
    // Behind the others: whoever was asked least lately comes first.
    neighbours.delete(connection)
    neighbours.set(connection, neighbour)
    watch(connection, neighbour, asked, limits.rangeMs)
  }

  function watch(connection: string, neighbour: Neighbour, asked: Asked, afterMs: number): void {
    tools.after(afterMs, () => {
      if (neighbour.asked !== asked) return
      const nowMs = tools.monotonicMs()
      const reservedMs = asked.startedMs + RESERVED_MS_MAX - nowMs
      if (reservedMs <= 0 && asked.reserved > 0) {
        asked.reserved = 0
        askOthers()
      }
      // It cannot give anything while it is us who do not read.
      const restMs = tools.isHeld(connection)
        ? limits.rangeMs
        : asked.lastMs + limits.rangeMs - nowMs
      if (restMs > 0) {
        const nextMs = asked.reserved > 0 ? Math.min(restMs, reservedMs) : restMs
        watch(connection, neighbour, asked, nextMs)
        return
      }
      const { last, next, origin } = asked
      neighbour.asked = undefined
      neighbour.late.push(asked)
      if (neighbour.late.length > LATE_RANGES_MAX) neighbour.late.shift()
      // Who gave something may have more behind it: it is asked from there on.
      if (asked.isSilent) {
        addAside(neighbour.setAside, origin, next, last, nowMs)
        noteSilent(neighbour.setAside, origin, nowMs)
        neighbour.isPassingOver = true
      }
      askOthers()
    })
  }

  function takeAnswer(neighbour: Neighbour, asked: Asked, { number }: Came): void {
    const nowMs = tools.monotonicMs()
    addAside(neighbour.setAside, asked.origin, asked.next, number - 1n, nowMs)
    if (asked.isSilent) neighbour.isPassingOver = number > asked.next
    asked.reserved = Math.max(0, asked.reserved - 1)
    asked.lastMs = nowMs
    asked.isSilent = false
    count(asked, number)
    if (!isOver(asked)) return
    neighbour.asked = undefined
    askSoon()
  }

  function takeLate({ late }: Neighbour, origin: string, item: Came): boolean {
    const index = late.findIndex((asked) => isIn(asked, origin, item))
    const asked = late[index]
    if (asked === undefined) return false
    count(asked, item.number)
    if (isOver(asked)) late.splice(index, 1)
    return true
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
        late: [],
        setAside: createSetAside(),
        isPassingOver: false,
        idleUntilMs: 0,
        leftOutMs: undefined,
      }
      neighbours.set(connection, neighbour)
      ask(connection, neighbour)
    },
    onGone(connection) {
      const asked = neighbours.get(connection)?.asked
      neighbours.delete(connection)
      options.wanted.delete(connection)
      rates.forget(connection)
      if (asked !== undefined) askOthers()
    },
    onLocator(connection, origins) {
      const neighbour = neighbours.get(connection)
      if (neighbour === undefined) return
      const { setAside, wanted } = neighbour
      neighbour.idleUntilMs = 0
      let wantedRuns = runsIn(wanted)
      for (const { originId, runs } of origins) {
        const origin = encodeHex(originId)
        wantedRuns -= runCount(wanted.get(origin) ?? NO_RUNS)
        wanted.delete(origin)
        if (!takes(origin)) continue
        const lacking = runsWithout(
          runsWithout(runs, store.known(origin)),
          runsAside(setAside, origin),
        )
        if (lacking.length === 0) continue
        if (wantedRuns + runCount(lacking) > WANTED_RUNS_MAX) {
          neighbour.leftOutMs = tools.monotonicMs()
          continue
        }
        wantedRuns += runCount(lacking)
        wanted.set(origin, lacking)
      }
      ask(connection, neighbour)
    },
    onItem(connection, origin, item) {
      const neighbour = neighbours.get(connection)
      // An answer has no hops left; what has some is passed on, and may overtake an answer.
      if (neighbour === undefined || item.hopsLeft > 0) return 'unasked'
      const { asked } = neighbour
      const isTimely = asked !== undefined && isIn(asked, origin, item)
      if (isTimely) takeAnswer(neighbour, asked, item)
      else if (!takeLate(neighbour, origin, item)) return 'unasked'
      if (checkedBytes >= CHECKED_BYTES_MAX) return 'no-room'
      // Many ranges of each neighbour may come late, all at once.
      if (!isTimely && checkedItems >= CHECKED_ITEMS_MAX) return 'no-room'
      checkedBytes += bytesOf(item)
      checkedItems++
      checked.set(origin, addToRuns(checked.get(origin) ?? NO_RUNS, item.number))
      return 'asked'
    },
    settle(connection, origin, item, outcome) {
      const { number } = item
      checkedBytes -= bytesOf(item)
      checkedItems--
      if (outcome !== 'attached') release(origin, number)
      const neighbour = neighbours.get(connection)
      if (neighbour !== undefined) note(neighbour, origin, number, outcome)
      askSoon()
    },
    release,
    pause() {
      pausedUntilMs = tools.monotonicMs() + limits.locatorEveryMs
    },
  }
}
