/**
 * A source over a channel of plain values to another process: on one side whoever has the source serves
 * it, on the other something stands in for it. The channel keeps the order and loses nothing; when it
 * ends, so does every session.
 * @module
 */
import type { FlightAbout } from './flight-timeline.ts'
import type { InspectorSession, InspectorSource, SourceMessage } from './source.ts'

/** From whoever looks. */
export type ToSource =
  | { readonly look: 'open' | 'close'; readonly session: number }
  | { readonly look: 'ask'; readonly session: number; readonly asked: unknown }
  /** What is kept of a connection; answered once, under the same number. */
  | { readonly look: 'flight'; readonly session: number; readonly connection: string }

export type FromSource =
  | { readonly session: number; readonly told: SourceMessage }
  /** Null: nothing is kept of it. */
  | { readonly session: number; readonly flight: SentFlight | null }

/** A `RecordedFlight` as text. */
export interface SentFlight extends FlightAbout {
  readonly base64: string
}

/** A process that is stopped answers nothing. */
const FLIGHT_MS = 5_000

export interface ServedSource {
  take(message: ToSource): void
  /** Nobody looks any more. */
  stop(): void
}

export function serveSource(
  source: InspectorSource,
  send: (message: FromSource) => void,
  flight: (connection: string) => SentFlight | undefined = () => undefined,
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
          return
        case 'flight':
          send({ session, flight: flight(message.connection) ?? null })
      }
    },
    stop() {
      for (const session of [...sessions.keys()]) close(session)
    },
  }
}

export interface RemoteSource extends InspectorSource {
  take(message: FromSource): void
  /** What is kept there of a connection; undefined where nothing is, and where nobody answers. */
  flight(connection: string): Promise<SentFlight | undefined>
}

/** @param send into the channel; what cannot be sent any more is lost with it */
export function remoteSource(send: (message: ToSource) => void): RemoteSource {
  const sessions = new Map<number, (message: SourceMessage) => void>()
  const flights = new Map<number, (flight: SentFlight | undefined) => void>()
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
    take(message) {
      if ('told' in message) sessions.get(message.session)?.(message.told)
      else flights.get(message.session)?.(message.flight ?? undefined)
    },
    flight: (connection) =>
      new Promise((resolve) => {
        const session = nextSession++
        const settle = (flight: SentFlight | undefined): void => {
          clearTimeout(deadline)
          flights.delete(session)
          resolve(flight)
        }
        const deadline = setTimeout(settle, FLIGHT_MS, undefined)
        flights.set(session, settle)
        send({ look: 'flight', session, connection })
      }),
  }
}
