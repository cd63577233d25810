/**
 * A page at the server: what it asks goes to the source, what the source answers goes to it, and what it
 * was too slow for is said.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'
import type { Answer, InspectorMessage } from './messages.ts'
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

export function servePage(options: PageReaderOptions): Reader {
  const { hello, limits, socket, source } = options
  let shed = 0

  const write = (message: InspectorMessage): void => {
    if (shed > 0) {
      const told: InspectorMessage = { kind: 'shed', answers: shed }
      if (reader.write(JSON.stringify(told))) shed = 0
    }
    if (!reader.write(textOf(message))) shed++
  }

  const reader = createReader({
    ...{ socket, limits },
    onText(text) {
      session.ask(parsed(text))
    },
    onClosed() {
      session.close()
      options.onClosed()
    },
  })
  const session = source.open(write)
  write(hello)
  return reader
}
