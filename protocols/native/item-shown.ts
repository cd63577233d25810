/**
 * What the items' sub-protocol shows of itself: how much it holds, and of each origin that something is
 * missing of how far it has come and which ranges it asks whom for.
 * @module
 */
import type { ChildProgress, ChildShown } from '../../actors/child.ts'
import { NO_RUNS, numbersIn, uniteRuns } from '../../actors/runs.ts'
import type { Runs } from '../../actors/runs.ts'
import type { AskedRange, Pulls, Wanted } from './item-pulls.ts'
import type { ItemStore } from './item-store.ts'

/** Origins that are shown: as many as a page has room for. */
const ORIGINS_MAX = 16
/** Of an origin's 64 hexadecimal digits. */
const NAME_LENGTH = 12

export interface ShownItems {
  readonly store: Pick<ItemStore, 'held' | 'sizes'>
  readonly pulls: Pick<Pulls, 'asked'>
  /** By connection. */
  readonly wanted: ReadonlyMap<string, Wanted>
}

function wantedOf(wanted: ReadonlyMap<string, Wanted>, origin: string): Runs {
  let runs = NO_RUNS
  for (const theirs of wanted.values()) runs = uniteRuns(runs, theirs.get(origin) ?? NO_RUNS)
  return runs
}

function progressOf(
  origin: string,
  asked: readonly AskedRange[],
  { store, wanted }: ShownItems,
): ChildProgress {
  const held = store.held(origin)
  const known = uniteRuns(held, wantedOf(wanted, origin))
  return {
    what: `items of ${origin.slice(0, NAME_LENGTH)}`,
    done: Number(numbersIn(held)),
    total: Number(numbersIn(known)),
    window: asked
      .filter((range) => range.origin === origin)
      .map(({ connection, first, last }) => ({
        ...{ from: Number(first), to: Number(last) + 1, is: 'asked', connection },
      })),
  }
}

export function shownItems(of: ShownItems): ChildShown {
  const asked = of.pulls.asked()
  const origins = new Set(asked.map(({ origin }) => origin))
  for (const theirs of of.wanted.values()) {
    for (const origin of theirs.keys()) {
      if (origins.size < ORIGINS_MAX) origins.add(origin)
    }
  }
  return {
    counts: { ...of.store.sizes(), asked: asked.length },
    progress: [...origins].slice(0, ORIGINS_MAX).map((origin) => progressOf(origin, asked, of)),
  }
}
