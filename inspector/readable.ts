/**
 * Values as plain data that a person can read and JSON can carry: bytes as hexadecimal digits, large
 * integers as decimal digits, maps by their keys. Never throws, and never gives more than its bounds:
 * what is deeper, longer or more stands as `...`.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'

export type Plain =
  string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

/** Facts and parameters are two or three deep; deeper is something that was not meant to be shown. */
const DEPTH_MAX = 6
/** Parts of one value, all in all: a page shows no more of it. */
const PARTS_MAX = 500
/** Characters of one text: four times a node id, or a sentence. */
const TEXT_LENGTH_MAX = 256
/** Bytes of one array, as two digits each. */
const BYTES_MAX = TEXT_LENGTH_MAX / 2

const REST = '...'

const short = (text: string): string =>
  text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}${REST}` : text

const bytesText = (bytes: Uint8Array): string =>
  bytes.length > BYTES_MAX ? `${encodeHex(bytes.subarray(0, BYTES_MAX))}${REST}` : encodeHex(bytes)

/** `undefined` where there is nothing to show: a function, a symbol. */
export function readable(value: unknown): Plain | undefined {
  let parts = 0

  function plainOf(part: unknown, depth: number): Plain | undefined {
    if (++parts > PARTS_MAX) return REST
    switch (typeof part) {
      case 'string':
        return short(part)
      case 'boolean':
        return part
      case 'number':
        return Number.isFinite(part) ? part : String(part)
      case 'bigint':
        return short(part.toString())
      case 'object':
        break
      default:
        return undefined
    }
    if (part === null) return null
    if (part instanceof Uint8Array) return bytesText(part)
    if (depth === DEPTH_MAX) return REST
    try {
      return plainOfObject(part, depth + 1)
    } catch {
      // One of its own getters threw.
      return REST
    }
  }

  function plainOfObject(part: object, depth: number): Plain {
    if (part instanceof Error) return { name: short(part.name), message: short(part.message) }
    if (part instanceof Map) return fieldsOf(part, depth)
    if (Array.isArray(part) || part instanceof Set) {
      const items: Plain[] = []
      for (const item of part as Iterable<unknown>) {
        items.push(plainOf(item, depth) ?? null)
        if (parts > PARTS_MAX) break
      }
      return items
    }
    return fieldsOf(Object.entries(part), depth)
  }

  function fieldsOf(entries: Iterable<readonly [unknown, unknown]>, depth: number): Plain {
    const fields: [string, Plain][] = []
    for (const [name, field] of entries) {
      const plain = plainOf(field, depth)
      const text = typeof name === 'string' ? name : JSON.stringify(plainOf(name, depth))
      if (plain !== undefined) fields.push([short(text), plain])
      if (parts > PARTS_MAX) break
    }
    return Object.fromEntries(fields)
  }

  return plainOf(value, 0)
}
