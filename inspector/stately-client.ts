/**
 * A node that sends its events to a viewer elsewhere: to the relay of `@statelyai/inspect`, or one that
 * is hosted by oneself. It connects again whenever the viewer is gone, and then tells of all that is
 * there. What it shows leaves this process: whom the node is connected with, and where its charts stand.
 * @module
 */
import { WebSocket } from 'ws'
import type { ProtocolTypes } from '../machines/session.ts'
import { INSPECTOR_LIMITS } from './limits.ts'
import { attachStately } from './stately.ts'
import type { StatelyOptions } from './stately.ts'
import { socketRoom } from './stately-room.ts'

export interface StatelyClientOptions<T extends ProtocolTypes> extends Omit<
  StatelyOptions<T>,
  'room' | 'send'
> {
  /** `ws://localhost:8080` is where the package's own relay is by default. */
  readonly url: string
  /** The first wait before it connects again; each one is twice as long, up to half a minute. */
  readonly retryMs?: number
}

const RETRY_MS = 1_000
const RETRY_MS_MAX = 30_000
const { messageBytesMax, requestMs, unreadBytesMax } = INSPECTOR_LIMITS

/** @returns ends it */
export function connectStately<T extends ProtocolTypes>(
  options: StatelyClientOptions<T>,
): () => void {
  const { retryMs = RETRY_MS, url, ...shown } = options
  let isOver = false
  let waitMs = retryMs
  let timer: NodeJS.Timeout | undefined
  let socket: WebSocket | undefined
  let detach = (): void => undefined

  const leave = (): void => {
    detach()
    detach = () => undefined
  }

  const open = (): void => {
    const opened = new WebSocket(url, {
      handshakeTimeout: requestMs,
      maxPayload: messageBytesMax,
      perMessageDeflate: false,
    })
    socket = opened
    opened.on('open', () => {
      waitMs = retryMs
      const room = socketRoom(opened, unreadBytesMax)
      detach = attachStately<T>({
        ...{ ...shown, room },
        send(event) {
          if (opened.readyState !== WebSocket.OPEN) return
          opened.send(JSON.stringify(event), room.onTaken)
          // A tree with holes would lie: a viewer that is too slow is told all of it anew.
          if (opened.bufferedAmount > unreadBytesMax) opened.terminate()
        },
      })
    })
    // That it is closed follows, and is what counts.
    opened.on('error', () => undefined)
    opened.on('close', () => {
      leave()
      if (isOver) return
      timer = setTimeout(open, waitMs)
      timer.unref()
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)
    })
  }

  open()
  return () => {
    isOver = true
    clearTimeout(timer)
    leave()
    socket?.terminate()
  }
}
