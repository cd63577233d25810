/**
 * Values as TypeScript code in this project's layout: what a printed flow is made of, and how a
 * failure shows a message. Only plain data can be written; all else is refused, never guessed.
 * @module
 */
import { encodeHex } from '../../codec/bytes.ts'

/** The width of the project's lines. */
const WIDTH = 100
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
/** From here on equal bytes are written as a filled array. */
const FILLED_BYTES_MIN = 33

const textLiteral = (text: string): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    // Each quote in it has its own backslash in front.
    .replaceAll('\\"', '"')
    .replaceAll(quote, `\\${quote}`)
    // Both end a line in older readers.
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
  return `${quote}${escaped}${quote}`
}

function bytesLiteral(bytes: Uint8Array): string {
  const [first = 0] = bytes
  if (bytes.length >= FILLED_BYTES_MIN && bytes.every((byte) => byte === first)) {
    return `new Uint8Array(${bytes.length})${first === 0 ? '' : `.fill(${first})`}`
  }
  return `hex('${encodeHex(bytes)}')`
}

/** @throws {TypeError} no plain data */
function plainLiteral(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return textLiteral(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      if (value instanceof Uint8Array) return bytesLiteral(value)
      return undefined
    default:
      throw new TypeError(`a ${typeof value} cannot be written as a literal`)
  }
}

/** A list between brackets: on one line where it has room, else an item a line. */
function listLiteral(
  [open, close]: readonly [string, string],
  items: (indent: number) => readonly string[],
  room: number,
  indent: number,
): string {
  const flat = items(-1)
  if (flat.length === 0) return `${open}${close}`
  const space = open === '{' ? ' ' : ''
  const line = `${open}${space}${flat.join(', ')}${space}${close}`
  if (indent < 0 || line.length <= room) return line
  const inner = ' '.repeat(indent + 2)
  const broken = items(indent + 2).map((item) => `${inner}${item},\n`)
  return `${open}\n${broken.join('')}${' '.repeat(indent)}${close}`
}

function nameLiteral(name: string): string {
  // Without brackets it would set what the object inherits from.
  if (name === '__proto__') return "['__proto__']"
  return IDENTIFIER.test(name) ? name : textLiteral(name)
}

/**
 * @param indent how far the line on which it begins is indented; below 0: all on one line
 * @param before what stands on that line in front of it, and behind its first line
 * @param around the lists and objects that it stands in
 * @throws {TypeError} no plain data
 */
export function literalOf(
  value: unknown,
  indent = -1,
  before = 0,
  around: readonly unknown[] = [],
): string {
  const plain = plainLiteral(value)
  if (plain !== undefined) return plain
  if (around.includes(value))
    throw new TypeError('what holds itself cannot be written as a literal')
  const within = [...around, value]
  const room = WIDTH - Math.max(indent, 0) - before
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const names = Object.keys(items)
    if (names.length !== items.length || names.some((name, at) => name !== String(at))) {
      throw new TypeError('a list with holes, or with names, cannot be written as a literal')
    }
    return listLiteral(
      ['[', ']'],
      (inner) => items.map((item) => literalOf(item, inner, 1, within)),
      room,
      indent,
    )
  }
  if (typeof value !== 'object' || value === null) throw new TypeError('no plain data')
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('only plain objects, lists and bytes can be written as a literal')
  }
  const fields = Object.entries(value)
  return listLiteral(
    ['{', '}'],
    (inner) =>
      fields.map(([name, field]: readonly [string, unknown]) => {
        const key = nameLiteral(name)
        return `${key}: ${literalOf(field, inner, key.length + 3, within)}`
      }),
    room,
    indent,
  )
}

/** How much of a message a failure shows. */
const SHOWN_CHARACTERS_MAX = 400

/** For people: on one line, cut where it is long; what is no plain data by its kind alone. */
export function shown(value: unknown): string {
  let text: string
  try {
    text = literalOf(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    text = String(value)
  }
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)} ...`
}
