/**
 * A page at the server: what it asks goes to the source, what the source answers goes to it, and what it
 * was too slow for is said.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'
import type { InspectorMessage } from './messages.ts'
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

export function servePage(options: PageReaderOptions): Reader {
  const { hello, limits, socket, source } = options
  let shed = 0

  const write = (message: InspectorMessage): void => {
    if (shed > 0) {
      const told: InspectorMessage = { kind: 'shed', answers: shed }
      if (reader.write(JSON.stringify(told))) shed = 0
    }
    if (!reader.write(JSON.stringify(message))) shed++
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
