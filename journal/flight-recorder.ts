/**
 * The flight recorder: the last things that happened to each connection of a node, always at hand when
 * one has ended and nobody was watching. No payload and no key is in it, unless payloads are asked for.
 *
 * It is a watcher of the observation port and nothing else: it cannot act, and what it does not want
 * is not built.
 * @module
 */
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { FlightEntry, FlightHappening, FlightOptions } from '../supervisor/flight-contract.ts'
import type { FlightRecorder, FlightSubject } from '../supervisor/flight-contract.ts'
import { PeerloomError } from '../world/errors.ts'
import type { Observation, ObservationKind } from '../world/observation.ts'
import { createFlightNames } from './flight-names.ts'
import { clearRing, createFlightRing, pushEntry, readEntries } from './flight-ring.ts'
import type { FlightRing, RingEntry } from './flight-ring.ts'
import { createPayloadFlights } from './flight-payloads.ts'
import type { PayloadFlights } from './flight-payloads.ts'

/** With 32 bytes each up to 2 KiB a connection: a handshake, what was said last, and how it ended. */
export const FLIGHT_ENTRIES = 64
/** Up to 128 KiB a connection: more is a recording, and that has files. */
const FLIGHT_ENTRIES_MAX = 4_096
/** Closed connections whose entries are kept: 200 KiB of the usual size. */
const FLIGHTS_CLOSED_MAX = 100

const KINDS: readonly ObservationKind[] = ['event', 'message', 'refused', 'transition', 'written']

const CODES = [
  'connection',
  'session',
  'root',
  'received',
  'sent',
  'refused',
  'event',
  'closed',
] as const
const codeOf = (name: (typeof CODES)[number]): number => CODES.indexOf(name)
const [RECEIVED, SENT, REFUSED, EVENT] = [3, 4, 5, 6] as const
const CLOSED = codeOf('closed')

type ClosedEvent = Extract<SupervisorEvent, { readonly type: 'connection.closed' }>
type ClosedEntry = Pick<
  Extract<FlightHappening, { readonly kind: 'closed' }>,
  'counters' | 'detail' | 'phase' | 'reason'
>

interface Flight {
  readonly ring: FlightRing
  /** What does not fit an entry. */
  closed: ClosedEntry | undefined
}

/** The port tells the supervisor's events by their type alone. */
const isClosing = (event: { readonly type: string }): event is ClosedEvent =>
  event.type === 'connection.closed'

function subjectOf(event: { readonly type: string }): string | undefined {
  if ('connection' in event && typeof event.connection === 'string') return event.connection
  return 'where' in event && typeof event.where === 'string' ? event.where : undefined
}

const closedEntryOf = (event: ClosedEvent): ClosedEntry => ({
  reason: event.reason,
  detail: event.detail,
  phase: event.phase,
  counters: {
    receivedMessages: event.receivedMessages,
    handledMessages: event.handledMessages,
    dropped: event.dropped,
    receivedBytes: event.receivedBytes,
    sentBytes: event.sentBytes,
  },
})

/** @throws {PeerloomError} `bad-argument`: a number of entries that is none */
function checkedEntries({ entries = FLIGHT_ENTRIES }: FlightOptions): number {
  if (Number.isSafeInteger(entries) && entries > 0 && entries <= FLIGHT_ENTRIES_MAX) return entries
  throw new PeerloomError(
    'bad-argument',
    `the flight recorder keeps 1 to ${FLIGHT_ENTRIES_MAX} entries`,
  )
}

export function createFlightRecorder(
  subject: FlightSubject,
  options: FlightOptions | false = {},
): FlightRecorder {
  const names = createFlightNames()
  /** Of connections that live, and of the node itself. */
  const live = new Map<string, Flight>()
  /** In the order of their ends. */
  const closed = new Map<string, Flight>()
  /** Memory of flights that are forgotten: a new one takes it up. */
  let spare: FlightRing | undefined
  let entriesMax = FLIGHT_ENTRIES
  let leave: (() => void) | undefined
  let payloads: PayloadFlights | undefined
  /** Most observations are of the connection that the one before was of. */
  let lastName: string | undefined
  let lastFlight: Flight | undefined

  const flightOf = (name: string): Flight | undefined => {
    if (name === lastName) return lastFlight
    let flight = live.get(name) ?? closed.get(name)
    if (flight === undefined) {
      // Whoever is gone and forgotten is not begun anew: nothing would end it.
      if (name !== subject.node && subject.connection(name) === undefined) return undefined
      flight = { ring: spare ?? createFlightRing(entriesMax), closed: undefined }
      spare = undefined
      live.set(name, flight)
    }
    lastName = name
    lastFlight = flight
    return flight
  }

  const push = (
    name: string,
    code: number,
    first: string,
    second: string | undefined,
    amount: number,
  ): void => {
    const flight = flightOf(name)
    if (flight === undefined) return
    const other = second === undefined ? 0 : names.numberOf(second)
    pushEntry(flight.ring, subject.step().monotonicMs, code, names.numberOf(first), other, amount)
  }

  const conclude = (event: ClosedEvent): void => {
    const { connection: name } = event
    const flight = live.get(name)
    if (flight === undefined) return
    flight.closed = closedEntryOf(event)
    payloads?.closed(name)
    live.delete(name)
    closed.set(name, flight)
    const [oldest] = closed.size > FLIGHTS_CLOSED_MAX ? closed : []
    if (oldest === undefined) return
    closed.delete(oldest[0])
    payloads?.forget(oldest[0])
    if (lastName === oldest[0]) lastName = undefined
    spare = oldest[1].ring
    clearRing(spare)
  }

  const onEvent = (event: { readonly type: string }): void => {
    if (isClosing(event)) {
      push(event.connection, CLOSED, event.reason, event.detail, 0)
      conclude(event)
      return
    }
    const of = subjectOf(event)
    if (event.type === 'connection.started' && of !== undefined) payloads?.started(of)
    const isKnown = of !== undefined && flightOf(of) !== undefined
    push(isKnown ? of : subject.node, EVENT, event.type, undefined, 0)
  }

  const watcher = (observation: Observation): void => {
    switch (observation.of) {
      case 'message': {
        const { bytesOnWire, connection, direction, type } = observation
        push(connection, direction === 'received' ? RECEIVED : SENT, type, undefined, bytesOnWire)
        payloads?.message(connection, direction, observation.message)
        return
      }
      case 'written':
        push(observation.connection, SENT, observation.type, undefined, observation.bytesOnWire)
        return
      case 'transition': {
        const { chart, event, name, state } = observation
        push(name, chart === 'session' ? 1 : chart === 'connection' ? 0 : 2, event, state, 0)
        return
      }
      case 'refused':
        push(
          observation.connection,
          REFUSED,
          observation.detail,
          undefined,
          observation.bytesOnWire,
        )
        return
      case 'event':
        onEvent(observation.event)
        return
      case 'step':
      case 'effect':
      case 'timing':
        return
    }
  }

  const happeningOf = (entry: RingEntry, { closed: end }: Flight): FlightHappening => {
    const [first, second] = [names.nameOf(entry.first), names.nameOf(entry.second)]
    const code = CODES[entry.code] ?? 'event'
    switch (code) {
      case 'connection':
      case 'session':
      case 'root':
        return { kind: 'state', chart: code, event: first, state: second }
      case 'received':
      case 'sent':
        return { kind: 'message', direction: code, type: first, bytesOnWire: entry.amount }
      case 'refused':
        return { kind: 'refused', detail: first, bytesOnWire: entry.amount }
      case 'closed':
        return end === undefined ? { kind: 'event', event: first } : { kind: 'closed', ...end }
      case 'event':
        return { kind: 'event', event: first }
    }
  }

  const entriesOf = (name: string): readonly FlightEntry[] => {
    const flight = live.get(name) ?? closed.get(name)
    if (flight === undefined) return []
    return readEntries(flight.ring).map((entry) => ({
      ...{ atMs: entry.atMs, untilMs: entry.untilMs, count: entry.count },
      ...happeningOf(entry, flight),
    }))
  }

  const stop = (): void => {
    leave?.()
    leave = undefined
    payloads?.stop()
    payloads = undefined
    live.clear()
    closed.clear()
    spare = undefined
    lastName = undefined
    lastFlight = undefined
  }

  const record = (given: FlightOptions | false): void => {
    const size = given === false ? entriesMax : checkedEntries({ entries: entriesMax, ...given })
    const isOfSize = leave !== undefined && size === entriesMax
    const isOn = given !== false
    if (!isOn || !isOfSize) stop()
    if (!isOn) return
    entriesMax = size
    leave ??= subject.port.watch(watcher, {
      kinds: KINDS,
      onFault(error) {
        stop()
        subject.onFault(error)
      },
    })
    if (given.payloads !== true) {
      payloads?.stop()
      payloads = undefined
    } else payloads ??= createPayloadFlights(subject)
  }

  record(options)
  return {
    entries: entriesOf,
    recording(connection) {
      if (!live.has(connection) && !closed.has(connection)) return undefined
      return {
        protocol: subject.protocol,
        connection,
        entries: entriesOf(connection),
        ...(payloads?.of(connection) ?? { blocks: [], lost: 0 }),
      }
    },
    record,
    counts: () => ({
      flights: live.size,
      'flights-closed': closed.size,
      'flight-names': names.count,
      'flight-payload-bytes': payloads?.bytes ?? 0,
    }),
  }
}
