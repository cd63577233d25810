/**
 * A source over a channel of plain values to another process: on one side whoever has the source serves
 * it, on the other something stands in for it. The channel keeps the order and loses nothing; when it
 * ends, so does every session. Where the other process stands still, neither side lets what it says pile up.
 * @module
 */
import type { FlightAbout } from './flight-timeline.ts'
import { isLastAnswer } from './last-answer.ts'
import { createPacedOrders } from './paced-orders.ts'
import type { SendOrder } from './paced-orders.ts'
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
/** Answers to one query, sent and not taken from this process: what follows is left out, up to the last one. */
const UNTAKEN_ANSWERS_MAX = 2

export interface ServedSource {
  take(message: ToSource): void
  /** Nobody looks any more. */
  stop(): void
}

/** @param send into the channel; it calls `onTaken` once the message has left this process, or cannot any more */
export function serveSource(
  source: InspectorSource,
  send: (message: FromSource, onTaken: () => void) => void,
  flight: (connection: string) => SentFlight | undefined = () => undefined,
): ServedSource {
  const sessions = new Map<number, InspectorSession>()
  const close = (session: number): void => {
    sessions.get(session)?.close()
    sessions.delete(session)
  }
  /** Tells a session what it is told. */
  const teller = (session: number) => {
    /** Of each of its queries. */
    const untaken = new Map<number | null, number>()
    return (told: SourceMessage): void => {
      const count = untaken.get(told.id) ?? 0
      const isFollowed = told.kind === 'answer' && !isLastAnswer(told.answer)
      if (isFollowed && count >= UNTAKEN_ANSWERS_MAX) return
      untaken.set(told.id, count + 1)
      send({ session, told }, () => {
        const left = (untaken.get(told.id) ?? 1) - 1
        if (left === 0) untaken.delete(told.id)
        else untaken.set(told.id, left)
      })
    }
  }
  return {
    take(message) {
      const { session } = message
      switch (message.look) {
        case 'open': {
          close(session)
          sessions.set(session, source.open(teller(session)))
          return
        }
        case 'ask':
          sessions.get(session)?.ask(message.asked)
          return
        case 'close':
          close(session)
          return
        case 'flight':
          send({ session, flight: flight(message.connection) ?? null }, () => undefined)
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

export function remoteSource(send: SendOrder): RemoteSource {
  const orders = createPacedOrders(send)
  const sessions = new Map<number, (message: SourceMessage) => void>()
  const flights = new Map<number, (flight: SentFlight | undefined) => void>()
  let nextSession = 1
  return {
    open(onMessage) {
      const session = nextSession++
      sessions.set(session, onMessage)
      orders.put({ look: 'open', session })
      return {
        ask(asked) {
          if (!sessions.has(session) || orders.put({ look: 'ask', session, asked })) return
          const message = 'the node does not answer, and enough waits for it'
          onMessage({ kind: 'refused', id: null, refused: { why: 'too-many-queries', message } })
        },
        close() {
          if (sessions.delete(session)) orders.put({ look: 'close', session })
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
          orders.forget(session)
          resolve(flight)
        }
        const deadline = setTimeout(settle, FLIGHT_MS, undefined)
        flights.set(session, settle)
        orders.put({ look: 'flight', session, connection })
      }),
  }
}
