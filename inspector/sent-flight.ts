/**
 * What a node's flight recorder keeps of a connection, as it goes to whoever opens it.
 * @module
 */
import { flightFile } from '../journal/flight-file.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { platformClock } from './node-source.ts'
import type { SentFlight } from './remote-source.ts'
import type { RecordedFlight } from './time-travel.ts'

type Kept = Pick<Supervisor<ProtocolTypes>, 'flightRecording'>

/** @param clock the node's, where it is not the platform's */
export function recordedFlight(
  supervisor: Kept,
  connection: string,
  clock = platformClock,
): (RecordedFlight & { readonly bytes: Uint8Array }) | undefined {
  const recording = supervisor.flightRecording(connection)
  if (recording === undefined) return undefined
  return { bytes: flightFile(recording), wallAheadMs: clock.wallMs() - clock.monotonicMs() }
}

/** The same as plain JSON, for a channel between processes. */
export function sentFlight(supervisor: Kept, connection: string): SentFlight | undefined {
  const flight = recordedFlight(supervisor, connection)
  if (flight === undefined) return undefined
  let text = ''
  for (const byte of flight.bytes) text += String.fromCharCode(byte)
  return { base64: btoa(text), wallAheadMs: flight.wallAheadMs }
}
