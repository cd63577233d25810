/**
 * One thing that a source is asked, and what it answered last.
 * @module
 */
import type { Answer, Query, Refusal, Sampled } from './messages.ts'
import type { InspectorSource } from './source.ts'

export interface AskedSource {
  readonly last: { readonly answer: Answer } | { readonly refused: Refusal } | undefined
  /** How the source looked at it, by the source's own clock; undefined before its first answer. */
  readonly sampled: Sampled | undefined
  /** So many messages came. */
  readonly answers: number
  close(): void
}

const ASKED_ID = 0

/** From now on, until it is closed. */
export function askSource(source: InspectorSource, query: Query): AskedSource {
  let last: AskedSource['last']
  let sampled: Sampled | undefined
  let answers = 0
  const session = source.open((message) => {
    answers++
    if (message.kind === 'refused') {
      last = { refused: message.refused }
      return
    }
    last = { answer: message.answer }
    sampled = message.sampled
  })
  session.ask({ kind: 'ask', id: ASKED_ID, query })
  return {
    get last() {
      return last
    },
    get sampled() {
      return sampled
    },
    get answers() {
      return answers
    },
    close: session.close,
  }
}
