/**
 * Plain data as TypeScript, to be read: on one line where it fits. Whatever the data is, what comes
 * out is a literal and nothing else: texts are quoted, names that are none are quoted too.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'

const COLUMNS_MAX = 100
/** More bytes than these stand in hexadecimal, `hex` of `peerloom/testing`. */
const BYTES_LISTED_MAX = 8
/** Of one line of `hex`. */
const HEX_BYTES = 32
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/

/** Characters that end a line for some readers are escaped too. */
export const quoted = (text: string): string => {
  const inner = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return `'${inner}'`
}

const nameOf = (name: string): string => {
  // Without brackets it would set what the object inherits from.
  if (name === '__proto__') return "['__proto__']"
  return IDENTIFIER.test(name) ? name : quoted(name)
}

const listOf = (
  open: string,
  parts: readonly string[],
  close: string,
  indent: string,
  columns: number,
): string => {
  const space = open.endsWith('{') ? ' ' : ''
  const line = `${open}${space}${parts.join(', ')}${space}${close}`
  const isFitting = indent.length + columns + line.length < COLUMNS_MAX
  if (isFitting && !line.includes('\n')) return line
  const inner = parts.map((part) => `${indent}  ${part},\n`).join('')
  return `${open}\n${inner}${indent}${close}`
}

function printBytes(bytes: Uint8Array, indent: string, columns: number): string {
  const [first = 0] = bytes
  if (bytes.length === 0) return 'new Uint8Array(0)'
  if (bytes.length > 1 && bytes.every((byte) => byte === first)) {
    return `new Uint8Array(${bytes.length})${first === 0 ? '' : `.fill(${first})`}`
  }
  if (bytes.length <= BYTES_LISTED_MAX) return `Uint8Array.of(${[...bytes].join(', ')})`
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += HEX_BYTES) {
    lines.push(`'${encodeHex(bytes.subarray(at, at + HEX_BYTES))}'`)
  }
  return listOf('hex(', lines, ')', indent, columns)
}

/** `columns` are taken on its first line beside the indent: a name before it, a bracket behind. */
export function printValue(value: unknown, indent = '', columns = 0): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (value instanceof Uint8Array) return printBytes(value, indent, columns)
  if (typeof value !== 'object' || value === null) return String(value)
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    const parts = value.map((inner: unknown) => printValue(inner, deeper))
    return listOf('[', parts, ']', indent, columns)
  }
  const fields = Object.entries(value)
  if (fields.length === 0) return '{}'
  const parts = fields.map(([name, inner]) => {
    const label = `${nameOf(name)}: `
    return `${label}${printValue(inner, deeper, label.length)}`
  })
  return listOf('{', parts, '}', indent, columns)
}
