/**
 * Any value as JSON that a person can read: bytes are hexadecimal digits, large integers are decimal
 * digits, an error is its name and message. Never throws, whatever a value holds.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Events are three or four deep; deeper is something that was not meant to be printed. */
const DEPTH_MAX = 8
/** What is thrown may be anything, also a whole application. */
const VALUES_MAX = 10_000

/** One line of JSON, without its end. */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  let values = 0

  /** `undefined` where JSON has nothing for it: the field is then left out. */
  function jsonOf(part: unknown, depth: number): Json | undefined {
    if (++values > VALUES_MAX) return '...'
    switch (typeof part) {
      case 'string':
      case 'boolean':
        return part
      case 'number':
        return jsonOfNumber(part)
      case 'bigint':
        return part.toString()
      case 'object':
        break
      default:
        return undefined
    }
    if (part === null) return null
    if (part instanceof Uint8Array) return encodeHex(part)
    if (depth === DEPTH_MAX) return '...'
    try {
      return jsonOfObject(part, depth + 1)
    } catch {
      // One of its own getters threw.
      return '...'
    }
  }

  function jsonOfObject(part: object, depth: number): Json {
    if (part instanceof Error) {
      const code = 'code' in part ? jsonOf(part.code, depth) : undefined
      return { name: part.name, message: part.message, ...(code === undefined ? {} : { code }) }
    }
    if (part instanceof Map || part instanceof Set || Array.isArray(part)) {
      const items: Json[] = []
      for (const item of part as Iterable<unknown>) {
        items.push(jsonOf(item, depth) ?? null)
        if (values > VALUES_MAX) break
      }
      return items
    }
    const fields: [string, Json][] = []
    for (const [name, field] of Object.entries(part)) {
      const json = jsonOf(field, depth)
      if (json !== undefined) fields.push([name, json])
      if (values > VALUES_MAX) break
    }
    return Object.fromEntries(fields)
  }

  return JSON.stringify(jsonOf(value, 0))
}

/** Microseconds are the finest that any clock here tells. */
const jsonOfNumber = (value: number): number | string => {
  if (!Number.isFinite(value)) return String(value)
  return Number.isInteger(value) ? value : Math.round(value * 1_000) / 1_000
}
