/**
 * Whether a value out of a connection's journal is an entry of one: each field of each kind. What is the
 * network's own (news, an answer of its node part) only the network can judge.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Answer, Ask, ConnectionCall } from './connection-entries.ts'
import type { ConnectionEntry, Deed, OverReason } from './connection-entries.ts'
import { isInput } from './input-check.ts'

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>
type FieldsOf<Kind extends string> = Readonly<Record<Kind, Fields>>

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isText: Check = (value) => typeof value === 'string'
const isFlag: Check = (value) => typeof value === 'boolean'
const isAnything: Check = () => true

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const hasAll = (value: Readonly<Record<string, unknown>>, fields: Fields): boolean =>
  Object.entries(fields).every(([name, check]) => check(value[name]))

/** A record whose field of this name says which fields it has besides. */
const oneOf =
  (name: string, kinds: Readonly<Record<string, Fields>>): Check =>
  (value) => {
    if (!isRecord(value)) return false
    const kind = value[name]
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return false
    return hasAll(value, kinds[kind] ?? {})
  }

const isStreamInput: Check = (value) => isInput(value) && value.kind.startsWith('stream.')

const isSlotChange: Check = (value) =>
  isRecord(value) && hasAll(value, { slot: isText, keys: optional(isNumber), hash: isText })
const areSlotChanges: Check = (value) => Array.isArray(value) && value.every(isSlotChange)

const MESSAGE: Fields = { message: isNumber, type: isText, hash: isText }

const CALLS: FieldsOf<ConnectionCall<ProtocolTypes>['kind']> = {
  make: {},
  start: {},
  resolved: { host: isText },
  stream: { input: isStreamInput },
  ring: { timer: isNumber },
  read: {},
  flush: {},
  room: {},
  job: { request: isNumber, outcome: isText },
  tell: { news: isAnything },
  reserve: MESSAGE,
  queue: MESSAGE,
  'give-up': MESSAGE,
  send: MESSAGE,
  leave: { detail: isText },
  drop: { detail: isText },
}

const DEEDS: FieldsOf<Deed['kind']> = {
  'stream.write': { bytes: isNumber, hash: isText },
  'stream.destroy': {},
  'stream.end': {},
  'stream.pause': {},
  'stream.report': {},
  'stream.resume': {},
  'timer.set': { timer: isNumber, afterMs: isNumber },
  'timer.cancel': { timer: isNumber },
  'job.run': { request: isNumber, operation: isText },
  'job.forget': { request: isNumber },
  'turn.read': {},
  'turn.flush': {},
  'turn.leave': {},
  transition: { chart: isText, event: isText, state: isText },
  message: { direction: isText, type: isText, bytesOnWire: isNumber },
  refused: { detail: isText, bytesOnWire: isNumber },
}

const ASKS: FieldsOf<Ask['kind']> = {
  route: { type: isText, hash: isText, identity: optional(isText) },
  question: { hash: isText },
  finish: { request: isNumber },
  admit: { identity: optional(isText) },
  active: {},
  closed: {},
  fault: {},
  'part-ready': {},
  'part-closed': {},
  refused: { detail: isText },
  room: { lane: isText },
}

const ANSWERS: FieldsOf<Answer<ProtocolTypes>['kind']> = {
  routed: { outcome: isText },
  answered: { answer: isAnything, slots: areSlotChanges },
  later: { operation: isText, slots: areSlotChanges },
  admitted: { refusal: optional(isText) },
  heard: {},
}

const WHY: Readonly<Record<OverReason, true>> = {
  ...{ closed: true, full: true, stopped: true },
  ...{ unmade: true, failed: true },
}
const isWhy: Check = (value) => typeof value === 'string' && Object.hasOwn(WHY, value)

const ENTRIES: FieldsOf<ConnectionEntry<ProtocolTypes>['of']> = {
  step: { monotonicMs: isNumber, wallMs: isNumber, stalledMs: isNumber, check: isText },
  turn: { number: isNumber },
  credit: { exhausted: isFlag },
  in: { call: oneOf('kind', CALLS) },
  done: { result: optional((value) => isText(value) || isFlag(value)) },
  did: { deed: oneOf('kind', DEEDS) },
  out: { ask: oneOf('kind', ASKS) },
  back: { answer: oneOf('kind', ANSWERS) },
  threw: {},
  over: { why: isWhy, final: optional(isRecord), check: isText },
}

export const isConnectionEntry = oneOf('of', ENTRIES)
