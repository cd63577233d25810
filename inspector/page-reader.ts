/**
 * A page at the server: what it asks goes to the source, what the source answers goes to it, and what it
 * was too slow for is said.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'
import { isLastAnswer } from './last-answer.ts'
import type { Answer, InspectorMessage } from './messages.ts'
import { QUERIES_MAX } from './queries.ts'
import { createReader } from './reader.ts'
import type { Reader } from './reader.ts'
import type { InspectorSource } from './source.ts'

export interface PageReaderOptions {
  readonly socket: WebSocket
  readonly limits: InspectorLimits
  readonly source: InspectorSource
  readonly hello: Extract<InspectorMessage, { readonly kind: 'hello' }>
  onClosed(): void
}

/** One for each query that a page may have, as many times as it could ask anew while it is behind. */
const OWED_MAX = 4 * QUERIES_MAX

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The source says of it that it is none of its messages.
    return undefined
  }
}

/** An answer is told to all who asked for it: the longest part of its text is made once. */
const answerTexts = new WeakMap<Answer, string>()

function textOf(message: InspectorMessage): string {
  if (message.kind !== 'answer') return JSON.stringify(message)
  const { answer, ...others } = message
  const text = answerTexts.get(answer) ?? JSON.stringify(answer)
  answerTexts.set(answer, text)
  return `${JSON.stringify(others).slice(0, -1)},"answer":${text}}`
}

/** The last word to a query: nothing is looked at for it any more. */
const isLastWord = (message: InspectorMessage): boolean =>
  message.kind === 'refused' || (message.kind === 'answer' && isLastAnswer(message.answer))

export function servePage(options: PageReaderOptions): Reader {
  const { hello, limits, socket, source } = options
  let shed = 0
  /** Last words that did not fit: unlike all others, no later one makes up for them. */
  const owed: string[] = []

  /** As soon as what was written before is taken: perhaps nothing else will be said. */
  const payOwed = (): void => {
    for (;;) {
      const [first] = owed
      if (first === undefined || !reader.write(first, payOwed)) return
      owed.shift()
    }
  }

  const write = (message: InspectorMessage): void => {
    payOwed()
    if (shed > 0) {
      const told: InspectorMessage = { kind: 'shed', answers: shed }
      if (reader.write(JSON.stringify(told), payOwed)) shed = 0
    }
    if (reader.write(textOf(message), payOwed)) return
    if (!isLastWord(message)) shed++
    else if (owed.push(textOf(message)) > OWED_MAX) {
      reader.close('later', 'this page read too slowly')
    }
  }

  const reader = createReader({
    ...{ socket, limits },
    onText(text) {
      session.ask(parsed(text))
    },
    onClosed() {
      owed.length = 0
      session.close()
      options.onClosed()
    },
  })
  const session = source.open(write)
  write(hello)
  return reader
}
