/**
 * What waits for a verdict: a signature that is being checked, a publication that the application
 * looks at. Whoever sends the same meanwhile is noted with it: the verdict is about all of them.
 *
 * The table outlives an incarnation of its sub-protocol; the next one asks for the verdicts anew.
 * @module
 */
import type { ChildTools } from './child.ts'
import type { ProtocolTypes } from '../machines/session.ts'

export interface PendingEntry<Content> {
  readonly key: string
  readonly content: Content
  /** Names of the connections that sent it, the first one first. Never empty. */
  readonly senders: Set<string>
}

/** In the order in which they came. */
export type PendingTable<Content> = Map<string, PendingEntry<Content>>

export interface PendingLimits {
  readonly pendingMax: number
  /** How long a verdict is waited for. */
  readonly verdictMs: number
}

export interface Pending<Content> {
  has(key: string): boolean
  /** Notes who else sent what waits under this key; false where nothing does. */
  attach(key: string, senders: Iterable<string>): boolean
  /**
   * From now on it waits; undefined: there is no place for it. Nothing may wait under the key yet.
   *
   * @param isTimed false: its time does not run before `time` is called; by then it has to be settled
   * whatever happens
   */
  hold(
    key: string,
    content: Content,
    senders: Iterable<string>,
    isTimed?: boolean,
  ): PendingEntry<Content> | undefined
  /** The time of what waits under this key begins. */
  time(key: string): void
  /** The verdict is there: what waited, or undefined where its time was over before. */
  settle(key: string): PendingEntry<Content> | undefined
}

/** @param onTimeout gets what waited for too long; it waits no more */
export function createPending<Content>(
  table: PendingTable<Content>,
  tools: Pick<ChildTools<ProtocolTypes>, 'after'>,
  { pendingMax, verdictMs }: PendingLimits,
  onTimeout: (entry: PendingEntry<Content>) => void,
): Pending<Content> {
  const cancels = new Map<string, () => void>()

  const settle = (key: string): PendingEntry<Content> | undefined => {
    cancels.get(key)?.()
    cancels.delete(key)
    const entry = table.get(key)
    table.delete(key)
    return entry
  }

  const startTimer = (key: string): void => {
    const cancel = tools.after(verdictMs, () => {
      const entry = settle(key)
      if (entry !== undefined) onTimeout(entry)
    })
    cancels.set(key, cancel)
  }

  for (const key of table.keys()) startTimer(key)

  return {
    has: (key) => table.has(key),
    attach(key, senders) {
      const entry = table.get(key)
      if (entry === undefined) return false
      for (const sender of senders) entry.senders.add(sender)
      return true
    },
    hold(key, content, senders, isTimed = true) {
      if (table.size >= pendingMax) return undefined
      const entry: PendingEntry<Content> = { key, content, senders: new Set(senders) }
      table.set(key, entry)
      if (isTimed) startTimer(key)
      return entry
    },
    time(key) {
      if (table.has(key) && !cancels.has(key)) startTimer(key)
    },
    settle,
  }
}
