/**
 * Plain data: what can stand in a recording. It is copied when it is recorded, because what a
 * connection is given is lent, and compared by its bytes, in which the order of names counts nothing.
 * @module
 */
import { Packr } from 'msgpackr'
import { encodeHex, equalBytes } from '../codec/bytes.ts'

const packr = new Packr({ useRecords: false, moreTypes: true, int64AsType: 'bigint' })

/** Deeper is nothing that a network says; it ends a ring of references. */
const DEPTH_MAX = 32
/** The longest list that a network here has is of 50,000 records. */
const VALUES_MAX = 1_024 * 1_024
/** Enough to tell any two runs apart; a recording is no proof against a forger. */
const HASH_BYTES = 8

interface Left {
  values: number
}

function copyAt(value: unknown, depth: number, left: Left): unknown {
  if (depth > DEPTH_MAX) throw new TypeError('data that is too deep to be recorded')
  if (left.values-- === 0) throw new TypeError('more data than can be recorded')
  switch (typeof value) {
    case 'bigint':
    case 'boolean':
    case 'number':
    case 'string':
    case 'undefined':
      return value
    case 'object':
      break
    case 'function':
    case 'symbol':
      throw new TypeError(`a ${typeof value} is no plain data`)
  }
  if (value === null) return value
  // Also of a Buffer, whose own `slice` is none.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map((item: unknown) => copyAt(item, depth + 1, left))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('an object of a class is no plain data')
  }
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, item]) => [name, copyAt(item, depth + 1, left)]),
  )
}

/** A copy that shares nothing. @throws {TypeError} it is no plain data */
export function copyPlain<Value>(value: Value): Value {
  // The same shape, by what it does.
  return copyAt(value, 0, { values: VALUES_MAX }) as Value
}

/** The same bytes for the same data. @throws {TypeError} it is no plain data */
export const encodePlain = (value: unknown): Uint8Array =>
  new Uint8Array(packr.pack(copyPlain(value)))

/** The bytes of what is plain data already, its names in the order in which they stand. */
export const encodeCopied = (copied: unknown): Uint8Array => new Uint8Array(packr.pack(copied))

export const isSamePlain = (one: unknown, other: unknown): boolean =>
  one === other || equalBytes(encodePlain(one), encodePlain(other))

/** How a hash is written in a recording. */
export const printHash = (hash: Uint8Array): string => encodeHex(hash.subarray(0, HASH_BYTES))
