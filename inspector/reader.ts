/**
 * One reader of the inspector: a WebSocket that is written to only as fast as it is read. What does not
 * fit is left out and counted; a reader that stays behind, says too much or is gone without a word is
 * closed.
 * @module
 */
import type { WebSocket } from 'ws'
import type { InspectorLimits } from './limits.ts'

/** Why a reader is closed, as WebSockets number it. */
const CODES = {
  /** The server goes away. */
  gone: 1001,
  /** What it sent is none of what can be said here. */
  wrong: 1008,
  /** It may try again. */
  later: 1013,
} as const

export interface Reader {
  /**
   * False: it was left out, because too much waits to be read.
   * @param onTaken once the system has taken it
   */
  write(text: string, onTaken?: () => void): boolean
  close(why: keyof typeof CODES, sentence: string): void
  readonly isClosed: boolean
}

export interface ReaderOptions {
  readonly socket: WebSocket
  readonly limits: InspectorLimits
  onText(text: string): void
  onClosed(): void
}

export function createReader({ limits, onClosed, onText, socket }: ReaderOptions): Reader {
  let isAlive = true
  let isClosed = false
  let unread: NodeJS.Timeout | undefined
  let secondMs = 0
  let messages = 0

  const heartbeat = setInterval(() => {
    if (!isAlive) {
      socket.terminate()
      return
    }
    isAlive = false
    socket.ping()
  }, limits.heartbeatMs)
  heartbeat.unref()

  const onEnd = (): void => {
    if (isClosed) return
    isClosed = true
    clearInterval(heartbeat)
    clearTimeout(unread)
    onClosed()
  }

  const close = (why: keyof typeof CODES, sentence: string): void => {
    if (isClosed) return
    // It is cut when its time for a farewell is over (`closeTimeout` of the server), also where it said one itself.
    socket.close(CODES[why], sentence)
    onEnd()
  }

  const isBehind = (): boolean => socket.bufferedAmount > limits.unreadBytesMax

  const watchUnread = (): void => {
    unread ??= setTimeout(() => {
      unread = undefined
      if (isBehind()) close('later', 'this page read too slowly')
    }, limits.unreadMs).unref()
  }

  const isTooMuch = (): boolean => {
    const nowMs = Date.now()
    if (Math.abs(nowMs - secondMs) >= 1_000) {
      secondMs = nowMs
      messages = 0
    }
    return ++messages > limits.messagesPerSecondMax
  }

  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('message', (data, isBinary) => {
    isAlive = true
    if (isClosed) return
    if (isBinary) close('wrong', 'messages are text')
    else if (isTooMuch()) close('wrong', 'too many messages')
    // Text comes as one buffer: `binaryType` is left as it is.
    else if (data instanceof Uint8Array) onText(new TextDecoder().decode(data))
  })
  socket.on('close', onEnd)
  // The platform's words; that it is closed follows.
  socket.on('error', () => {
    socket.terminate()
  })

  return {
    write(text, onTaken = () => undefined) {
      if (isClosed || socket.readyState !== socket.OPEN) return false
      if (isBehind()) {
        watchUnread()
        return false
      }
      socket.send(text, onTaken)
      return true
    },
    close,
    get isClosed() {
      return isClosed
    },
  }
}
