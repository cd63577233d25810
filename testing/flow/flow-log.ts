/**
 * The last that happened in a flow, a line each with its virtual time, for whoever reads a failure.
 * It watches the node and cannot act.
 * @module
 */
import type { Observation, ObservationPort } from '../../world/observation.ts'

/** A screen's worth: enough to see what led there, little enough to be read. */
const LINES_MAX = 16

export interface FlowLog {
  note(line: string): void
  /** Oldest first. */
  print(): string
  stop(): void
}

function lineOf(observation: Observation): string | undefined {
  switch (observation.of) {
    case 'message': {
      const { bytesOnWire, direction, type } = observation
      return `node ${direction} ${type}, ${bytesOnWire} bytes`
    }
    case 'refused':
      return `node passed over a unit of ${observation.bytesOnWire} bytes: ${observation.detail}`
    case 'transition': {
      const { chart, event, state } = observation
      return chart === 'connection' || chart === 'session'
        ? `${chart}: ${event} -> ${state}`
        : undefined
    }
    case 'event': {
      const { type, ...about } = observation.event as Readonly<Record<string, unknown>>
      const detail = about['detail'] ?? about['why'] ?? about['message']
      return `event ${String(type)}${typeof detail === 'string' ? `: ${detail}` : ''}`
    }
    case 'step':
    case 'effect':
    case 'timing':
    case 'written':
      return undefined
  }
}

export function startFlowLog(port: ObservationPort, nowMs: () => number): FlowLog {
  const lines: string[] = []
  const note = (text: string): void => {
    const line = `${nowMs().toLocaleString('en-US').padStart(11)} ms  ${text}`
    if (lines.push(line) > LINES_MAX) lines.shift()
  }
  return {
    note,
    print: () => lines.join('\n'),
    stop: port.watch((observation) => {
      const line = lineOf(observation)
      if (line !== undefined) note(line)
    }),
  }
}
