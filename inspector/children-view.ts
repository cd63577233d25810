/**
 * A node's sub-protocols: whether they run, how often they were started again, and what they show of
 * themselves.
 * @module
 */
import type { ChildShown } from '../actors/child.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildView, Inside } from '../supervisor/inside.ts'
import type { ChildRow, ChildrenAnswer, Progress } from './messages.ts'

/** Two looks that are closer make a number that jumps. */
const APART_MS = 200
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

interface Seen {
  readonly atMs: number
  readonly totals: Readonly<Record<string, number>>
  readonly perSecond: Readonly<Record<string, number>>
}

/** @returns reads them; `nowMs` is monotonic */
export function createChildrenView<T extends ProtocolTypes>(
  inside: Pick<Inside<T>, 'children'>,
  nowMs: () => number,
): () => ChildrenAnswer {
  const seen = new Map<string, Seen>()

  const perSecondOf = (
    name: string,
    totals: Readonly<Record<string, number>>,
  ): Readonly<Record<string, number>> => {
    const atMs = nowMs()
    const before = seen.get(name)
    if (before !== undefined && atMs - before.atMs < APART_MS) return before.perSecond
    const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1_000
    const perSecond: Record<string, number> = {}
    for (const [total, count] of Object.entries(totals)) {
      const grown = count - (before?.totals[total] ?? count)
      // One that was started again counts from nothing.
      perSecond[total] = seconds === 0 ? 0 : Math.max(0, Math.round((grown / seconds) * 10) / 10)
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
