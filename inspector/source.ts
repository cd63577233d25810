/**
 * One node, or several, as a page sees them: whoever has a source asks for views in plain JSON and gets
 * answers in plain JSON, so that it is the same in this process, over a WebSocket, and over a channel to
 * another process. Types only.
 * @module
 */
import type { AnswerMessage, InspectorMessage } from './messages.ts'

export type SourceMessage = AnswerMessage | Extract<InspectorMessage, { readonly kind: 'refused' }>

export interface InspectorSource {
  /** Somebody begins to look. `onMessage` takes the message and returns; what it throws ends the session. */
  open(onMessage: (message: SourceMessage) => void): InspectorSession
}

export interface InspectorSession {
  /** A `PageMessage` as it came from outside: what is none is refused. */
  ask(given: unknown): void
  /** Nothing is told afterwards. */
  close(): void
}
