/**
 * A node's sub-protocols: whether they run, how often they were started again, and what they show of
 * themselves.
 * @module
 */
import type { ChildShown } from '../actors/child.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildView, Inside } from '../supervisor/inside.ts'
import type { ChildRow, ChildrenAnswer, Progress } from './messages.ts'
import { isWatched, WINDOW_MS } from './rates.ts'

/** Parts of what is being fetched that one answer shows. */
const WINDOW_MAX = 100

export const childRow = ({ name, restart, restarts, state }: ChildView): ChildRow => ({
  ...{ child: name, restart, state, restarts },
})

/** What it throws is its own matter: it is looked at from outside, and shows nothing. */
function shownBy(child: ChildView): ChildShown {
  try {
    return child.shown()
  } catch {
    return {}
  }
}

const progressOf = ({ progress = [] }: ChildShown): readonly Progress[] =>
  progress.map(({ done, total, what, window }) => ({
    ...{ what, done, total: total ?? null },
    window: window
      .slice(0, WINDOW_MAX)
      .map(({ connection, from, is, to }) => ({ from, to, is, connection: connection ?? null })),
  }))

/** A look that counted: rates are from it to the next that does. */
interface Seen {
  readonly atMs: number
  readonly totals: Readonly<Record<string, number>>
  readonly perSecond: Readonly<Record<string, number>>
}

/**
 * @returns reads them
 * @param nowMs monotonic
 * @param everyMs how often it is looked now, milliseconds
 */
export function createChildrenView<T extends ProtocolTypes>(
  inside: Pick<Inside<T>, 'children'>,
  nowMs: () => number,
  everyMs: () => number,
): () => ChildrenAnswer {
  const seen = new Map<string, Seen>()

  const perSecondOf = (
    name: string,
    totals: Readonly<Record<string, number>>,
  ): Readonly<Record<string, number>> => {
    const atMs = nowMs()
    const before = seen.get(name)
    const sinceMs = atMs - (before?.atMs ?? atMs)
    if (before !== undefined && sinceMs < WINDOW_MS) return before.perSecond
    const perSecond: Record<string, number> = {}
    if (before !== undefined && isWatched(sinceMs, everyMs())) {
      for (const [total, count] of Object.entries(totals)) {
        // One that was started again counts from nothing.
        const grown = Math.max(0, count - (before.totals[total] ?? count))
        perSecond[total] = Math.round((grown * 10_000) / sinceMs) / 10
      }
    }
    seen.set(name, { atMs, totals, perSecond })
    return perSecond
  }

  return () => ({
    view: 'children',
    children: inside.children().map((child) => {
      const shown = shownBy(child)
      const { counts = {}, totals = {} } = shown
      return {
        ...childRow(child),
        counts: { ...counts, ...totals },
        perSecond: perSecondOf(child.name, totals),
        progress: progressOf(shown),
      }
    }),
  })
}
