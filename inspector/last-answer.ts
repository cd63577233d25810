/**
 * Which answer to a query is its last.
 * @module
 */
import type { Answer } from './messages.ts'

/** A connection that is closed is told of once more, and then not again. */
export const isLastAnswer = (answer: Answer): boolean =>
  answer.view === 'connection' && answer.closed !== null
