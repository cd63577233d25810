/**
 * What a node told its application, the last of it: for a page that opens when it has happened.
 * @module
 */
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { LogAnswer, LogEntry } from './messages.ts'
import { readable } from './readable.ts'

/** A screen or two. */
const ENTRIES_MAX = 200

export interface EventLog {
  note(event: SupervisorEvent, atMs: number): void
  read(): LogAnswer
}

interface Noted {
  readonly number: number
  readonly atMs: number
  readonly event: SupervisorEvent
}

const entryOf = ({ atMs, event, number }: Noted): LogEntry => {
  const { type, ...fields } = event
  const connection = 'connection' in event ? event.connection : null
  return { number, atMs, type, connection, fields: readable(fields) ?? null }
}

export function createEventLog(): EventLog {
  /** As they were told: most are forgotten before anybody looks. */
  let noted: Noted[] = []
  let count = 0
  return {
    note(event, atMs) {
      noted.push({ number: ++count, atMs, event })
      if (noted.length >= ENTRIES_MAX * 2) noted = noted.slice(-ENTRIES_MAX)
    },
    read() {
      const last = noted.slice(-ENTRIES_MAX)
      return { view: 'log', entries: last.map(entryOf), forgotten: count - last.length }
    },
  }
}
