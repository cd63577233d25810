/**
 * What is looked at, each view once however many look at it: it is made for all who asked the same, and
 * told to one after the other. Views take turns, that which waits longest first, so that none is starved
 * by those that are dear or were asked later.
 * @module
 */
import type { Answer, Query, Refusal, Sampled } from './messages.ts'
import { COST_SHARE, createPace, LOOK_MS } from './pace.ts'
import type { Timing } from './pace.ts'

export type Looked =
  | {
      readonly answer: Answer
      readonly isLast?: boolean
      /** Where it was looked at elsewhere: when, and how often. What is left out is here and now. */
      readonly sampled?: Partial<Sampled>
    }
  | { readonly refused: Refusal }
  /** There is nothing to tell yet: it is looked again soon. */
  | { readonly waits: true }

/** What is looked at for one query, for as long as it is asked. */
export interface Look {
  /** Within the turn of looking; what it throws is told as `failed`, and the query is dropped. */
  read(): Looked
  close(): void
}

export interface LookingOptions {
  readonly timing: Timing
  wallMs(): number
  /** A query is asked, by one or several. */
  open(query: Query): Look
}

export type Told =
  | { readonly answer: Answer; readonly sampled: Sampled; readonly isLast: boolean }
  | { readonly refused: Refusal }

export interface SharedViews {
  /** Returns how to look at it no more. */
  look(query: Query, tell: (told: Told) => void): () => void
  /** How long a round of all views takes now, milliseconds: so often each of them is made. */
  readonly everyMs: number
}

interface Looker {
  tell(told: Told): void
  /** When that was made which it was told last, in the pace's time. */
  toldMs: number | undefined
}

interface Made {
  readonly looked: Exclude<Looked, { readonly waits: true }>
  /** In the pace's time. */
  readonly atMs: number
  readonly wallMs: number
}

interface View {
  readonly look: Look
  readonly lookers: Set<Looker>
  made: Made | undefined
  /** Who were not told yet what was made last. */
  readonly untold: Set<Looker>
  /** Since when it waits for its turn, in the pace's time. */
  sinceMs: number
  /** What making and telling it took, in the turns of one round. */
  costMs: number
  /** As far as it has come in this round. */
  spentMs: number
}

/** What a turn may take that comes four times a second. */
const TURN_MS_MAX = LOOK_MS / COST_SHARE
/** A page that opens is answered in one turn: its first views take some ten milliseconds of a large node. */
const FIRST_TURN_MS_MAX = 50
/** Two answers to one query are so far apart at least, but for what timers are early by. */
const EARLY_MS = 20

export function createSharedViews({ open, timing, wallMs }: LookingOptions): SharedViews {
  const views = new Map<string, View>()
  let everyMs = LOOK_MS

  const readOf = ({ look }: View): Looked => {
    try {
      return look.read()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { refused: { why: 'failed', message } }
    }
  }

  const isFresh = ({ made }: View, nowMs: number): boolean =>
    made !== undefined && nowMs - made.atMs < LOOK_MS - EARLY_MS

  const tellOne = ({ atMs, looked, wallMs: madeMs }: Made, looker: Looker): void => {
    if ('refused' in looked) {
      looker.tell({ refused: looked.refused })
      return
    }
    const { answer, isLast = false, sampled } = looked
    const sinceMs = looker.toldMs === undefined ? null : Math.round(atMs - looker.toldMs)
    looker.toldMs = atMs
    const pace = { everyMs: Math.max(everyMs, sampled?.everyMs ?? 0), sinceMs }
    looker.tell({ answer, isLast, sampled: { atMs: madeMs, ...sampled, ...pace } })
  }

  /** Whether there is nothing to tell yet. */
  const make = (view: View): boolean => {
    const atMs = timing.nowMs()
    const looked = readOf(view)
    if ('waits' in looked) return true
    view.made = { looked, atMs, wallMs: wallMs() }
    for (const looker of view.lookers) view.untold.add(looker)
    return false
  }

  /** One view, until the turn is over: at least one step. Whether it waits. */
  const serve = (view: View, turnEndMs: number): boolean => {
    const startMs = timing.nowMs()
    const waits = view.untold.size === 0 && make(view)
    for (const looker of view.untold) {
      view.untold.delete(looker)
      if (view.made !== undefined) tellOne(view.made, looker)
      if (timing.nowMs() >= turnEndMs) break
    }
    const endMs = timing.nowMs()
    view.spentMs += endMs - startMs
    if (view.untold.size > 0) return false
    // One that waits has had its turn, too: it holds up none behind it, and what it takes is not added up.
    view.sinceMs = endMs
    view.costMs = view.spentMs
    view.spentMs = 0
    return waits
  }

  const pace = createPace(timing, () => {
    const nowMs = timing.nowMs()
    const due = [...views.values()]
      .filter((view) => view.untold.size > 0 || !isFresh(view, nowMs))
      .toSorted((one, other) => one.sinceMs - other.sinceMs)
    let waits = false
    for (const [place, view] of due.entries()) {
      // Whoever looked at it may be gone since the turn began.
      if (view.lookers.size === 0) continue
      const endMs = nowMs + (view.made === undefined ? FIRST_TURN_MS_MAX : TURN_MS_MAX)
      if (place > 0 && timing.nowMs() >= endMs) continue
      waits = serve(view, endMs) || waits
    }
    const costMs = [...views.values()].reduce(
      (sum, view) => sum + Math.max(view.costMs, view.spentMs),
      0,
    )
    everyMs = Math.max(LOOK_MS, Math.round(costMs * COST_SHARE))
    return waits
  })

  const viewOf = (key: string, query: Query): View => {
    const known = views.get(key)
    if (known !== undefined) return known
    const view: View = {
      ...{ look: open(query), lookers: new Set(), made: undefined, untold: new Set() },
      ...{ sinceMs: timing.nowMs(), costMs: 0, spentMs: 0 },
    }
    views.set(key, view)
    return view
  }

  return {
    look(query, tell) {
      if (views.size === 0) pace.begin()
      // Queries are made anew from what was asked: equal ones have their fields in one order.
      const key = JSON.stringify(query)
      const view = viewOf(key, query)
      const looker: Looker = { tell, toldMs: undefined }
      view.lookers.add(looker)
      // Who comes right after it was made is told the same.
      if (isFresh(view, timing.nowMs())) view.untold.add(looker)
      pace.soon()
      return () => {
        if (!view.lookers.delete(looker)) return
        view.untold.delete(looker)
        if (view.lookers.size > 0) return
        views.delete(key)
        view.look.close()
        if (views.size === 0) pace.end()
      }
    },
    get everyMs() {
      return everyMs
    },
  }
}
