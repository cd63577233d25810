/**
 * Whether a message or an event is what was expected: its type, or each field that was given.
 * @module
 */
import { equalBytes } from '../../codec/bytes.ts'
import type { CloseReason, Phase } from '../../machines/reasons.ts'
import type { ExpectedEnd } from './step.ts'

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Its fields are all that there is to it. */
function isPlain(value: unknown): value is Fields {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Equal in every field. Bytes are equal whatever array they stand in; a field that is undefined is
 * as one that is not there; an error is one of the same class and message. What else has a class
 * (a Map, a Date) keeps more than its fields show, and is the same as itself alone.
 */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (one instanceof Uint8Array) return other instanceof Uint8Array && equalBytes(one, other)
  if (one instanceof Error) {
    if (!(other instanceof Error) || one.message !== other.message) return false
    return Object.getPrototypeOf(one) === Object.getPrototypeOf(other)
  }
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false
    const items: readonly unknown[] = one
    // Spread, so that a hole is compared as well.
    return [...items].every((item, index) => isSame(item, other[index]))
  }
  if (!isPlain(one) || !isPlain(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSame(one[name], other[name]))
}

/** @param pattern a type, or a plain object with the fields that have to be equal */
export function doesMatch(pattern: unknown, value: object): boolean {
  const fields: Fields = { ...value }
  if (typeof pattern === 'string') return fields['type'] === pattern
  if (!isPlain(pattern)) return false
  return Object.entries(pattern).every(([name, wanted]) => isSame(wanted, fields[name]))
}

/** A text is a detail or a reason; else each field that was given. */
export const isEnd = (
  wanted: ExpectedEnd | undefined,
  {
    detail,
    phase,
    reason,
  }: { readonly detail: string; readonly phase: Phase; readonly reason: CloseReason },
): boolean =>
  typeof wanted === 'string'
    ? wanted === detail || wanted === reason
    : doesMatch(wanted ?? {}, { detail, phase, reason })

/** `a` stands for `a.b` as well; of regions side by side (`a.b|c.d`) one has to be it. */
export const isInState = (state: string, wanted: string): boolean =>
  state === wanted ||
  state.split('|').some((region) => region === wanted || region.startsWith(`${wanted}.`))
