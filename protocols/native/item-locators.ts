/**
 * Telling each neighbour which items this node holds or once held: all of it when its session begins,
 * later what has changed since it was last told.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import { LOCATOR_ORIGINS_MAX } from '../../codec/native/messages.ts'
import type { LocatorEntry } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { ItemStore } from './item-store.ts'
import type { NativeLimits } from './limits.ts'

/** Between two locators out of turn, to one neighbour: a burst of gaps is told of once. */
const OUT_OF_TURN_MS = 1_000
/**
 * A neighbour that lacks what it was told of is told all of it again, but not sooner: it may have
 * had no room to remember, or not want it.
 */
export const AGAIN_MS = 60_000

/** Of one neighbour. */
interface Told {
  /** Of the store, when it was told. Before all else: -1. */
  version: number
  lastMs: number
  /** When it was last told everything. */
  wholeMs: number
}

export interface Locators {
  onActive(connection: string): void
  onGone(connection: string): void
  /** Numbers are missing here: whoever has them says so when it hears what there is. */
  onGap(connection: string): void
  /** It lacks what is held here. */
  onLacking(connection: string): void
  /** What is held has changed. */
  onChange(): void
}

type Tools = Pick<ChildTools<NativeTypes>, 'after' | 'monotonicMs' | 'send'>

export function createLocators(
  tools: Tools,
  store: Pick<ItemStore, 'changedSince' | 'version'>,
  { locatorEveryMs }: Pick<NativeLimits, 'locatorEveryMs'>,
): Locators {
  const neighbours = new Map<string, Told>()
  let isArmed = false

  const differs = ({ version }: Told): boolean => version < store.version

  const arm = (): void => {
    if (isArmed) return
    isArmed = true
    tools.after(locatorEveryMs, () => {
      isArmed = false
      let isAnyLeft = false
      for (const [connection, told] of neighbours) {
        if (differs(told)) tell(connection, told)
        isAnyLeft ||= differs(told)
      }
      if (isAnyLeft) arm()
    })
  }

  const tell = (connection: string, told: Told): void => {
    const nowMs = tools.monotonicMs()
    const { version } = store
    const isWhole = told.version < 0
    let origins: LocatorEntry[] = []
    const send = (reached: number): boolean => {
      if (tools.send(connection, { type: 'locator', origins }) !== 'queued') return false
      told.version = reached
      told.lastMs = nowMs
      origins = []
      return true
    }
    for (const { changed, originId, runs } of store.changedSince(told.version)) {
      origins.push({ originId, runs })
      // What does not leave now leaves with the next one.
      if (origins.length === LOCATOR_ORIGINS_MAX && !send(changed)) return
    }
    const isLeft = origins.length > 0 || told.version < 0
    if (isLeft && !send(version)) return
    told.version = version
    if (isWhole) told.wholeMs = nowMs
  }

  const tellSoon = (connection: string, told: Told): void => {
    if (tools.monotonicMs() - told.lastMs >= OUT_OF_TURN_MS) tell(connection, told)
    if (differs(told)) arm()
  }

  return {
    onActive(connection) {
      const told: Told = { version: -1, lastMs: -Infinity, wholeMs: -Infinity }
      neighbours.set(connection, told)
      tellSoon(connection, told)
    },
    onGone(connection) {
      neighbours.delete(connection)
    },
    onGap(connection) {
      const told = neighbours.get(connection)
      if (told !== undefined) tellSoon(connection, told)
    },
    onLacking(connection) {
      const told = neighbours.get(connection)
      if (told === undefined) return
      const isLongAgo = tools.monotonicMs() - told.wholeMs >= AGAIN_MS
      if (!differs(told) && isLongAgo) told.version = -1
      if (differs(told)) tellSoon(connection, told)
    },
    onChange() {
      if (!isArmed && [...neighbours.values()].some(differs)) arm()
    },
  }
}
