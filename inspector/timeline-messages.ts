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
  /** What was opened, as bytes. */
  | { readonly do: 'bytes' }
  /** `journal`: the name of the journal's file beside the test. */
  | { readonly do: 'fork'; readonly step: number; readonly journal: string }

export interface TimelineAnswers {
  readonly open: Omit<JournalOpened, 'file' | 'journal'>
  readonly at: Moment
  readonly bytes: Uint8Array
  /** The test. */
  readonly fork: string
}

export type TimelineAnswer = TimelineAnswers[keyof TimelineAnswers]

/** One answer a request, in their order. */
export type TimelineReply = { readonly answer: TimelineAnswer } | { readonly refused: string }
