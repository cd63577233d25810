/**
 * Whether a value out of a journal is an input that can enter a node: each field of each kind.
 * @module
 */
import type { Input } from '../world/input.ts'

type Check = (value: unknown) => boolean

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isText: Check = (value) => typeof value === 'string'
const isBytes: Check = (value) => value instanceof Uint8Array
const isAddress: Check = (value) =>
  isRecord(value) && isText(value['host']) && isNumber(value['port'])
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isAnything: Check = () => true
const isOptionalText: Check = (value) => value === undefined || isText(value)
const isNamed: Check = (value) => isRecord(value) && isText(value['name'])

const FIELDS: Readonly<Record<Input['kind'], Readonly<Record<string, Check>>>> = {
  'clock.alarm': {},
  'clock.turn-ended': {},
  command: { command: isNamed },
  'datagrams.bound': { socket: isNumber, address: isAddress },
  'datagrams.failed': { socket: isNumber, fault: isText },
  'datagrams.received': { socket: isNumber, from: isAddress, bytes: isBytes },
  'handler.settled': { request: isNumber, outcome: isText, value: isAnything },
  'job.done': { request: isNumber },
  'job.failed': { request: isNumber },
  'listener.accepted': {
    listener: isNumber,
    stream: isNumber,
    local: isAddress,
    remote: isAddress,
  },
  'listener.failed': { listener: isNumber, fault: isText },
  'listener.listening': { listener: isNumber, address: isAddress },
  'listener.overloaded': { listener: isNumber, fault: isText },
  'names.failed': { request: isNumber, fault: isText },
  'names.resolved': { request: isNumber, hosts: areTexts },
  'store.closed': { fault: isOptionalText },
  'store.durable': { batch: isNumber },
  'store.failed': { batch: isNumber, fault: isText },
  'store.opened': { setAside: areTexts },
  'store.refused': { fault: isText, message: isText },
  'stream.bytes': { stream: isNumber, bytes: isBytes },
  'stream.ended': { stream: isNumber },
  'stream.failed': { stream: isNumber, fault: isText },
  'stream.opened': { stream: isNumber, local: isAddress, remote: isAddress },
  'stream.sent': { stream: isNumber, sentBytes: isNumber },
}

export function isInput(value: unknown): value is Input {
  if (!isRecord(value) || typeof value['kind'] !== 'string') return false
  if (!Object.hasOwn(FIELDS, value['kind'])) return false
  const fields = FIELDS[value['kind'] as Input['kind']]
  return Object.entries(fields).every(([name, check]) => check(value[name]))
}
