/**
 * Those who look at one node: what each of them asked, by numbers of its own, and what it is told.
 * @module
 */
import type { Refusal } from './messages.ts'
import { pageMessageOf, QUERIES_MAX } from './queries.ts'
import { createSharedViews } from './shared-views.ts'
import type { LookingOptions, Told } from './shared-views.ts'
import type { InspectorSession, InspectorSource, SourceMessage } from './source.ts'

export interface Looking extends InspectorSource {
  /** How often each view is made now, milliseconds. */
  readonly everyMs: number
}

export function createLooking(options: LookingOptions): Looking {
  const views = createSharedViews(options)

  const open = (onMessage: (message: SourceMessage) => void): InspectorSession => {
    /** How to look at each no more. */
    const asked = new Map<number, () => void>()
    let isOpen = true

    const drop = (id: number): void => {
      asked.get(id)?.()
      asked.delete(id)
    }

    const close = (): void => {
      isOpen = false
      for (const id of [...asked.keys()]) drop(id)
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

    const take = (id: number, told: Told): void => {
      if ('refused' in told) {
        drop(id)
        refuse(id, told.refused)
        return
      }
      const { answer, isLast, sampled } = told
      if (isLast) drop(id)
      tell({ kind: 'answer', id, sampled, answer })
    }

    return {
      ask(given) {
        if (!isOpen) return
        const message = pageMessageOf(given)
        if ('refused' in message) {
          refuse(message.id, message.refused)
          return
        }
        const { id } = message
        drop(id)
        if (message.kind === 'drop') return
        if (asked.size >= QUERIES_MAX) {
          const many = `a page looks at ${String(QUERIES_MAX)} things at most`
          refuse(id, { why: 'too-many-queries', message: many })
          return
        }
        const leave = views.look(message.query, (told) => {
          take(id, told)
        })
        asked.set(id, leave)
      },
      close,
    }
  }
  return {
    open,
    get everyMs() {
      return views.everyMs
    },
  }
}
