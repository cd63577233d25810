/**
 * A client of `@statelyai/inspect` at the server: it gets the three events as they happen. One that reads
 * too slowly is closed, not skipped: a tree with holes would lie. When it connects again it is told of
 * all that is there.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'
import { createReader } from './reader.ts'
import type { Reader } from './reader.ts'
import type { StatelyEvent } from './stately-events.ts'

/** Attaches a receiver to the nodes that are shown; returns how to detach it. */
export type StatelyAttach = (send: (event: StatelyEvent) => void) => () => void

export interface StatelyReaderOptions {
  readonly socket: WebSocket
  readonly limits: InspectorLimits
  readonly attach: StatelyAttach
  onClosed(): void
}

export function serveStately({ attach, limits, onClosed, socket }: StatelyReaderOptions): Reader {
  let detach = (): void => undefined
  const reader = createReader({
    ...{ socket, limits },
    // It is a receiver: it has nothing to say.
    onText: () => undefined,
    onClosed() {
      detach()
      onClosed()
    },
  })
  detach = attach((event) => {
    // JSON leaves out what is undefined; the package reads it so.
    if (reader.write(JSON.stringify(event))) return
    reader.close('later', 'this client read too slowly')
  })
  // What was there already was more than it takes: there was nothing to detach then.
  if (reader.isClosed) detach()
  return reader
}
