/**
 * An entry of a connection's recording as it is shown to people: one line, bytes by their number.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { ConnectionEntry } from './connection-entries.ts'

function printValue(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
    case 'boolean':
    case 'number':
    case 'undefined':
      return String(value)
    case 'string':
      return value
    case 'object':
      break
    case 'function':
    case 'symbol':
      return typeof value
  }
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `[${value.map(printValue).join(', ')}]`
  return `{ ${printFields(value)} }`
}

/** The kind first, the rest by name: the order in which somebody wrote them counts nothing. */
const printFields = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) =>
      name === 'kind' ? ['', String(value)] : [name, printField(name, value)],
    )
    .sort(([one = ''], [other = '']) => (one < other ? -1 : 1))
    .map(([, text]) => text)
    .join(' ')

const printField = (name: string, value: unknown): string => `${name}=${printValue(value)}`

export function printEntry<T extends ProtocolTypes>(entry: ConnectionEntry<T>): string
export function printEntry<T extends ProtocolTypes>(
  entry: ConnectionEntry<T> | undefined,
): string | undefined
export function printEntry<T extends ProtocolTypes>(
  entry: ConnectionEntry<T> | undefined,
): string | undefined {
  switch (entry?.of) {
    case undefined:
      return undefined
    case 'in':
      return `in ${printFields(entry.call)}`
    case 'did':
      return `did ${printFields(entry.deed)}`
    case 'out':
      return `out ${printFields(entry.ask)}`
    case 'back':
      return `back ${printFields(entry.answer)}`
    case 'credit':
    case 'done':
    case 'over':
    case 'step':
    case 'threw':
    case 'turn': {
      const { of, ...fields } = entry
      return `${of} ${printFields(fields)}`.trim()
    }
  }
}
