/**
 * What a flight recorder kept of a connection as a timeline: a step is one entry, which may stand for equal
 * things in a row.
 * @module
 */
import { readFlightFile } from '../journal/flight-file.ts'
import { flightForkTest, unforkableFlight } from '../journal/fork-to-test.ts'
import type { FlightChart, FlightEntry } from '../supervisor/flight-contract.ts'
import { clipped, createTimeline, numberOf, textOf } from './timeline.ts'
import type { Happened, Timeline } from './timeline.ts'

const CHARTS: readonly FlightChart[] = ['connection', 'session']

function happenedIn(entry: FlightEntry, of: string): readonly Happened[] {
  const { count } = entry
  switch (entry.kind) {
    case 'state': {
      const { chart } = entry
      return [{ what: 'state', of, chart, event: textOf(entry.event), state: textOf(entry.state) }]
    }
    case 'message': {
      const { direction } = entry
      const bytes = numberOf(entry.bytesOnWire)
      return [
        { what: 'message', connection: of, direction, type: textOf(entry.type), bytes, count },
      ]
    }
    case 'refused': {
      const type = clipped(`refused: ${textOf(entry.detail)}`)
      const bytes = numberOf(entry.bytesOnWire)
      return [{ what: 'message', connection: of, direction: 'received', type, bytes, count }]
    }
    case 'closed':
    case 'event':
      return []
  }
}

function words(entry: FlightEntry): string {
  const times = entry.count > 1 ? `, ${String(numberOf(entry.count))} times` : ''
  switch (entry.kind) {
    case 'state':
      return `${entry.chart}: ${textOf(entry.event)}${times}`
    case 'message':
      return `${entry.direction} ${textOf(entry.type)}${times}`
    case 'refused':
      return `refused: ${textOf(entry.detail)}${times}`
    case 'closed':
      return `closed: ${textOf(entry.reason)} (${textOf(entry.detail)})`
    case 'event':
      return `${textOf(entry.event)}${times}`
  }
}

/** What is known of a flight beside what is in its file. */
export interface FlightAbout {
  /** How far Unix time is ahead of the clock of the recording; where nobody knows, 0. */
  readonly wallAheadMs: number
  /** Where its charts stood before the first entry: one that lives for long keeps no entry of that. */
  readonly before: Readonly<Partial<Record<FlightChart, string>>>
}

/**
 * @throws {FlightFileError} as `readFlightFile`
 */
export function flightTimeline(bytes: Uint8Array, { before, wallAheadMs }: FlightAbout): Timeline {
  const recording = readFlightFile(bytes)
  const { connection, entries, lost, protocol } = recording
  const name = clipped(connection)
  const entryAt = (step: number): FlightEntry => {
    const entry = entries[step]
    if (entry === undefined) throw new RangeError(`there is no step ${String(step)}`)
    return entry
  }
  return createTimeline({
    ...{ of: 'flight', name, protocol: clipped(protocol), steps: entries.length },
    incomplete: lost > 0 ? `${String(lost)} events before these were not kept` : undefined,
    unforkable: unforkableFlight(recording),
    atMs: (step) => numberOf(entryAt(step).atMs) + wallAheadMs,
    input: (step) => words(entryAt(step)),
    before: CHARTS.flatMap((chart) => {
      const state = before[chart]
      return state === undefined ? [] : [{ of: name, chart, state }]
    }),
    happened: (step) => happenedIn(entryAt(step), name),
    fork: (step) => flightForkTest(recording, entryAt(step).untilMs),
  })
}
