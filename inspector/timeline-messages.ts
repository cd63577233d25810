/**
 * What the process that reads a recording is asked and answers. Types only: plain data that is sent between processes.
 * @module
 */
import type { FlightAbout } from './flight-timeline.ts'
import type { JournalOpened } from './messages.ts'
import type { Moment } from './timeline.ts'

export type TimelineRequest =
  /** The first. Bytes as they are, or as base64. */
  | { readonly do: 'open'; readonly bytes: Uint8Array | string; readonly about: FlightAbout }
  | { readonly do: 'at'; readonly step: number }
  /** `journal`: the name of the journal's file beside the test. */
  | { readonly do: 'fork'; readonly step: number; readonly journal: string }

export interface TimelineAnswers {
  readonly open: Omit<JournalOpened, 'journal'>
  readonly at: Moment
  /** The test, and the recording that it reads from a file beside it; null: it reads none. */
  readonly fork: { readonly text: string; readonly bytes: Uint8Array | null }
}

export type TimelineAnswer = TimelineAnswers[keyof TimelineAnswers]

/** One answer a request, in their order. */
export type TimelineReply = { readonly answer: TimelineAnswer } | { readonly refused: string }
