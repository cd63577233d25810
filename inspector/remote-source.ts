/**
 * A source over a channel of plain values to another process: on one side whoever has the source serves
 * it, on the other something stands in for it. The channel keeps the order and loses nothing; when it
 * ends, so does every session.
 * @module
 */
import type { InspectorSession, InspectorSource, SourceMessage } from './source.ts'

/** From whoever looks. */
export type ToSource =
  | { readonly look: 'open' | 'close'; readonly session: number }
  | { readonly look: 'ask'; readonly session: number; readonly asked: unknown }

export interface FromSource {
  readonly session: number
  readonly told: SourceMessage
}

export interface ServedSource {
  take(message: ToSource): void
  /** Nobody looks any more. */
  stop(): void
}

export function serveSource(
  source: InspectorSource,
  send: (message: FromSource) => void,
): ServedSource {
  const sessions = new Map<number, InspectorSession>()
  const close = (session: number): void => {
    sessions.get(session)?.close()
    sessions.delete(session)
  }
  return {
    take(message) {
      const { session } = message
      switch (message.look) {
        case 'open': {
          close(session)
          const opened = source.open((told) => {
            send({ session, told })
          })
          sessions.set(session, opened)
          return
        }
        case 'ask':
          sessions.get(session)?.ask(message.asked)
          return
        case 'close':
          close(session)
      }
    },
    stop() {
      for (const session of [...sessions.keys()]) close(session)
    },
  }
}

export interface RemoteSource extends InspectorSource {
  take(message: FromSource): void
}

/** @param send into the channel; what cannot be sent any more is lost with it */
export function remoteSource(send: (message: ToSource) => void): RemoteSource {
  const sessions = new Map<number, (message: SourceMessage) => void>()
  let nextSession = 1
  return {
    open(onMessage) {
      const session = nextSession++
      sessions.set(session, onMessage)
      send({ look: 'open', session })
      return {
        ask(asked) {
          if (sessions.has(session)) send({ look: 'ask', session, asked })
        },
        close() {
          if (sessions.delete(session)) send({ look: 'close', session })
        },
      }
    },
    take({ session, told }) {
      sessions.get(session)?.(told)
    },
  }
}
