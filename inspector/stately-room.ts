/**
 * Room in a WebSocket for actors that were there before anybody looked, or come faster than they are read:
 * they are told of one after the other as what was written before them is taken, and none is left out.
 * @module
 */
import type { WebSocket } from 'ws'
import type { StatelyRoom } from './stately.ts'

export interface SocketRoom extends StatelyRoom {
  /** What was written has been taken from the process. */
  onTaken(): void
}

/** @param unreadBytesMax above which the socket is given up: half of it is left for what happens meanwhile */
export function socketRoom(
  socket: Pick<WebSocket, 'bufferedAmount'>,
  unreadBytesMax: number,
): SocketRoom {
  let waiting: (() => void) | undefined
  const isThere = (): boolean => socket.bufferedAmount < unreadBytesMax / 2
  return {
    isThere,
    wait(again) {
      waiting = again
    },
    onTaken() {
      const again = waiting
      if (again === undefined || !isThere()) return
      waiting = undefined
      again()
    },
  }
}
