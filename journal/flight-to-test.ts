/**
 * A flight recording with payloads as a test file: what each chart was given, and what has to follow,
 * as code that a person reads and edits. It passes as it is written, and fails when a chart behaves
 * otherwise.
 * @module
 */
import type { FlightBlock, FlightEvent, FlightRecording } from '../supervisor/flight-contract.ts'
import { printValue, quoted } from './flight-code.ts'
import { outcomeOfEvent, XSTATE_INIT } from './flight-replay.ts'

export interface FlightTestOptions {
  /** An expression that makes the protocol, such as `native({ network, privateKey })`. */
  readonly protocol: string
  /** Lines that import what the expression needs. */
  readonly imports: readonly string[]
  /** From where the test takes `resumeFlight`. Default: `peerloom/testing`. */
  readonly testing?: string
}

/** With `expect` and what follows a line has no more room. */
const CALL_LENGTH_MAX = 76

/** One line where it fits; otherwise what is given stands by itself. */
function callOf({ chart, event }: FlightEvent): readonly string[] {
  if (event.type === XSTATE_INIT) return ['flight.start()']
  const head = `flight.give(${quoted(chart)}, `
  const line = `${head}${printValue(event)})`
  const isShort = line.length < CALL_LENGTH_MAX && !line.includes('\n')
  return isShort ? [line] : ['', `    ${head}${printValue(event, '    ', head.length)}),`, '  ']
}

const stepOf = (event: FlightEvent, startedMs: number): string => {
  const given = `  expect(${callOf(event).join('\n')}).toEqual(`
  const columns = given.slice(given.lastIndexOf('\n') + 1).length
  const outcome = printValue(outcomeOfEvent(event), '  ', columns)
  return `  // After ${event.atMs - startedMs} ms.\n${given}${outcome})\n`
}

function testOf(recording: FlightRecording, block: FlightBlock, startedMs: number): string {
  const { checkpoint, events } = block
  const last = events.at(-1)
  const from = checkpoint.from === 'start' ? 'start' : checkpoint.states.session
  const to = last === undefined ? from : `${last.states.connection}, ${last.states.session}`
  const title = quoted(`${recording.connection} goes from ${from} to ${to}`)
  const head = 'const flight = resumeFlight(protocol, '
  const opening = `  ${head}${printValue(checkpoint, '  ', head.length)})\n`
  const steps = events.map((event) => stepOf(event, startedMs)).join('\n')
  return `test(${title}, () => {\n${opening}\n${steps}})\n`
}

/** Texts of a recording stand in a comment: none of them may end it. */
const inComment = (text: string): string => text.replaceAll(/[^ -~]|\*\//g, '?')

/** @throws {RangeError} nothing of it can be replayed: it was recorded without payloads */
export function flightToTest(recording: FlightRecording, options: FlightTestOptions): string {
  const { connection, entries, lost, protocol } = recording
  const blocks = recording.blocks.filter(({ events }) => events.length > 0)
  const [first] = blocks
  if (first === undefined) {
    throw new RangeError(
      `the flight of ${connection} holds no events: it was recorded without payloads`,
    )
  }
  const end = entries.find(({ kind }) => kind === 'closed')
  const why = end?.kind === 'closed' ? `, which ended with ${end.detail} (${end.reason})` : ''
  const missing = lost === 0 ? '' : `\n * ${lost} events and messages before these were not kept.`
  const startedMs = first.events[0]?.atMs ?? 0
  const testing = options.testing ?? 'peerloom/testing'
  const tests = blocks.map((block) => testOf(recording, block, startedMs)).join('\n')
  const usesHex = tests.includes('hex(')
  return `/**
 * A recorded flight of ${inComment(connection)} (${inComment(protocol)})${inComment(why)}.
 * Messages stand here as they were decoded; ciphertext is not reproduced.${missing}
 */
import { expect, test } from 'vitest'
import { ${usesHex ? 'hex, ' : ''}resumeFlight } from ${quoted(testing)}
${options.imports.join('\n')}

const protocol = ${options.protocol}

${tests}`
}
