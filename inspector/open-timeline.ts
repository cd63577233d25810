/**
 * Any recording of ours as a timeline, by what stands at its beginning.
 * @module
 */
import { decodeHead } from '../journal/head.ts'
import { isFlightFile } from '../journal/flight-file.ts'
import { connectionTimeline } from './connection-timeline.ts'
import { flightTimeline } from './flight-timeline.ts'
import type { FlightAbout } from './flight-timeline.ts'
import { nodeTimeline } from './node-timeline.ts'
import type { Timeline } from './timeline.ts'

/** @throws {JournalError | FlightFileError} what is wrong with it, and where */
export function openTimeline(bytes: Uint8Array, about: FlightAbout): Timeline {
  if (isFlightFile(bytes)) return flightTimeline(bytes, about)
  return decodeHead(bytes).kind === 'node' ? nodeTimeline(bytes) : connectionTimeline(bytes)
}
