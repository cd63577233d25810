/**
 * Whether a value is a flight recording: what comes from a file is looked at before it is used. What
 * the charts are given is not judged here: to them everything is input.
 * @module
 */
import type { FlightRecording } from '../supervisor/flight-contract.ts'
import { isTyped } from './flight-charts.ts'

type Check = (value: unknown) => boolean

const isNumber: Check = (value) => typeof value === 'number'
const isText: Check = (value) => typeof value === 'string'
const isAnything: Check = () => true
const isOneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)

const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const has =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]))

const isChart = isOneOf('connection', 'session')
const isArmed = isListOf(has({ chart: isChart, event: isText, ms: isNumber }))
const isStates = has({ connection: isText, session: isText })

const isStart = has({ from: isOneOf('start'), role: isOneOf('dialler', 'listener') })
const isSnapshot = has({
  from: isOneOf('snapshot'),
  states: isStates,
  snapshot: isRecord,
  armed: isArmed,
})

const isEvent = has({
  atMs: isNumber,
  chart: isChart,
  event: isTyped,
  said: isListOf(has({ chart: isChart, said: isTyped })),
  armed: isArmed,
  states: isStates,
})

const isMessage = has({
  atMs: isNumber,
  direction: isOneOf('received', 'sent'),
  message: isTyped,
  eventsBefore: isNumber,
})

const isBlock = has({
  checkpoint: (value) => isStart(value) || isSnapshot(value),
  facts: isAnything,
  laneBytes: has({ control: isNumber, requests: isNumber, gossip: isNumber }),
  unsentBytes: isNumber,
  events: isListOf(isEvent),
  messages: isListOf(isMessage),
})

const isSpan = has({ atMs: isNumber, untilMs: isNumber, count: isNumber })
const HAPPENINGS: Readonly<Record<string, Check>> = {
  state: has({
    chart: isOneOf('connection', 'root', 'session'),
    event: isText,
    state: isText,
  }),
  message: has({ direction: isOneOf('received', 'sent'), type: isText, bytesOnWire: isNumber }),
  refused: has({ detail: isText, bytesOnWire: isNumber }),
  event: has({ event: isText }),
  closed: has({ reason: isText, detail: isText, phase: isText, counters: isRecord }),
}
const isEntry: Check = (value) =>
  isRecord(value) &&
  isSpan(value) &&
  typeof value['kind'] === 'string' &&
  Object.hasOwn(HAPPENINGS, value['kind']) &&
  HAPPENINGS[value['kind']]?.(value) === true

const isRecording = has({
  protocol: isText,
  connection: isText,
  entries: isListOf(isEntry),
  blocks: isListOf(isBlock),
  lost: isNumber,
})

export const isFlightRecording = (value: unknown): value is FlightRecording => isRecording(value)
