/**
 * Those who look at one node: what each of them asked, and its answers, all made in one go at the pace
 * of the node.
 * @module
 */
import type { Answer, Query, Refusal } from './messages.ts'
import { createPace } from './pace.ts'
import type { Timing } from './pace.ts'
import { pageMessageOf, QUERIES_MAX } from './queries.ts'
import type { InspectorSession, InspectorSource, SourceMessage } from './source.ts'

export type Looked =
  | { readonly answer: Answer; readonly isLast?: boolean }
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
  /** A query is asked. */
  open(query: Query): Look
}

interface Asked {
  readonly look: Look
  /** When it was answered last, in the pace's time. */
  answeredMs: number | undefined
}

/** Two answers to one query are so far apart at least, but for what timers are early by. */
const EARLY_MS = 20

export interface Looking extends InspectorSource {
  /** How often it is looked now, milliseconds. */
  readonly everyMs: number
}

export function createLooking(options: LookingOptions): Looking {
  const { timing } = options
  /** Each says whether one of its queries waits. */
  const sessions = new Set<() => boolean>()
  const pace = createPace(timing, () => {
    let waits = false
    for (const look of [...sessions]) waits = look() || waits
    return waits
  })

  const open = (onMessage: (message: SourceMessage) => void): InspectorSession => {
    const asked = new Map<number, Asked>()
    let isOpen = true

    const drop = (id: number): void => {
      asked.get(id)?.look.close()
      asked.delete(id)
    }

    const close = (): void => {
      isOpen = false
      sessions.delete(lookAtAll)
      for (const id of [...asked.keys()]) drop(id)
      if (sessions.size === 0) pace.end()
    }

    const tell = (message: SourceMessage): void => {
      if (!isOpen) return
      try {
        onMessage(message)
      } catch {
        // Whoever cannot take it looks no more; its owner knows what it threw.
        close()
      }
    }

    const refuse = (id: number | null, refused: Refusal): void => {
      tell({ kind: 'refused', id, refused })
    }

    const readOf = ({ look }: Asked): Looked => {
      try {
        return look.read()
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        return { refused: { why: 'failed', message } }
      }
    }

    /** Whether it waits. */
    const answer = (id: number, one: Asked): boolean => {
      const nowMs = timing.nowMs()
      const { answeredMs } = one
      if (answeredMs !== undefined && nowMs - answeredMs < pace.everyMs - EARLY_MS) return false
      const looked = readOf(one)
      if ('waits' in looked) return true
      one.answeredMs = nowMs
      if ('refused' in looked) {
        drop(id)
        refuse(id, looked.refused)
        return false
      }
      const sinceMs = answeredMs === undefined ? null : Math.round(nowMs - answeredMs)
      const sampled = { atMs: options.wallMs(), sinceMs, everyMs: pace.everyMs }
      if (looked.isLast === true) drop(id)
      tell({ kind: 'answer', id, sampled, answer: looked.answer })
      return false
    }

    function lookAtAll(): boolean {
      let waits = false
      for (const [id, one] of [...asked]) waits = answer(id, one) || waits
      return waits
    }

    sessions.add(lookAtAll)
    pace.begin()
    return {
      ask(given) {
        if (!isOpen) return
        const message = pageMessageOf(given)
        if ('refused' in message) {
          refuse(message.id, message.refused)
          return
        }
        drop(message.id)
        if (message.kind === 'drop') return
        if (asked.size >= QUERIES_MAX) {
          const many = `a page looks at ${String(QUERIES_MAX)} things at most`
          refuse(message.id, { why: 'too-many-queries', message: many })
          return
        }
        asked.set(message.id, { look: options.open(message.query), answeredMs: undefined })
        pace.soon()
      },
      close,
    }
  }
  return {
    open,
    get everyMs() {
      return pace.everyMs
    },
  }
}
