/**
 * A client of `@statelyai/inspect` at the server: it gets the three events as they happen. Actors that are
 * there are told of as fast as it reads. One that is too slow for what happens is closed, not skipped: a tree
 * with holes would lie. When it connects again it is told of all that is there.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'
import { createReader } from './reader.ts'
import type { Reader } from './reader.ts'
import type { StatelyRoom } from './stately.ts'
import type { StatelyEvent } from './stately-events.ts'
import { socketRoom } from './stately-room.ts'

/** Attaches a receiver to the nodes that are shown; returns how to detach it. */
export type StatelyAttach = (send: (event: StatelyEvent) => void, room: StatelyRoom) => () => void

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
  const room = socketRoom(socket, limits.unreadBytesMax)
  detach = attach((event) => {
    // JSON leaves out what is undefined; the package reads it so.
    if (reader.write(JSON.stringify(event), room.onTaken)) return
    reader.close('later', 'this client read too slowly')
  }, room)
  // What was there already was more than it takes: there was nothing to detach then.
  if (reader.isClosed) detach()
  return reader
}
