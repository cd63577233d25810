/**
 * What a node's flight recorder keeps of a connection, as it goes to whoever opens it.
 * @module
 */
import { flightFile } from '../journal/flight-file.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { FlightChart, FlightRecording } from '../supervisor/flight-contract.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import type { FlightAbout } from './flight-timeline.ts'
import { platformClock } from './node-source.ts'
import type { SentFlight } from './remote-source.ts'
import type { RecordedFlight } from './time-travel.ts'

type Kept = Pick<Supervisor<ProtocolTypes>, 'connections' | 'explain' | 'flightRecording'>

/** Where the charts stood when the first entry was made: entries of that have been pushed out. */
function statesBefore(
  supervisor: Kept,
  { connection, entries }: FlightRecording,
): FlightAbout['before'] {
  const firstMs = entries[0]?.atMs ?? Infinity
  const { history = [] } = supervisor.explain(connection) ?? {}
  const stood = (chart: FlightChart): string | undefined =>
    history.findLast((entry) => entry.chart === chart && entry.atMs <= firstMs)?.state
  const hasMoved = entries.some((entry) => entry.kind === 'state' && entry.chart === 'connection')
  const phase = supervisor.connections().find(({ name }) => name === connection)?.phase
  const own = stood('connection') ?? (hasMoved ? undefined : phase)
  const session = stood('session')
  return {
    ...(own === undefined ? {} : { connection: own }),
    ...(session === undefined ? {} : { session }),
  }
}

/** @param clock the node's, where it is not the platform's */
export function recordedFlight(
  supervisor: Kept,
  connection: string,
  clock = platformClock,
): (RecordedFlight & { readonly bytes: Uint8Array }) | undefined {
  const recording = supervisor.flightRecording(connection)
  if (recording === undefined) return undefined
  return {
    bytes: flightFile(recording),
    wallAheadMs: clock.wallMs() - clock.monotonicMs(),
    before: statesBefore(supervisor, recording),
  }
}

/** The same as plain JSON, for a channel between processes. */
export function sentFlight(supervisor: Kept, connection: string): SentFlight | undefined {
  const flight = recordedFlight(supervisor, connection)
  if (flight === undefined) return undefined
  let text = ''
  for (const byte of flight.bytes) text += String.fromCharCode(byte)
  const { bytes: _, ...about } = flight
  return { base64: btoa(text), ...about }
}
