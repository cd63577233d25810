/**
 * Whether a message or an event is what was expected: its type, or each field that was given.
 * @module
 */
import { equalBytes } from '../../codec/bytes.ts'
import type { CloseReason, Phase } from '../../machines/reasons.ts'
import type { ExpectedEnd } from './step.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/**
 * Equal in every field. Bytes are equal whatever array they stand in; a field that is undefined is
 * as one that is not there.
 */
export function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array || other instanceof Uint8Array) {
    return one instanceof Uint8Array && other instanceof Uint8Array && equalBytes(one, other)
  }
  if (!isObject(one) || !isObject(other)) return Object.is(one, other)
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSame(one[name], other[name]))
}

/** @param pattern a type, or an object with the fields that have to be equal */
export function doesMatch(pattern: unknown, value: object): boolean {
  const fields: Readonly<Record<string, unknown>> = { ...value }
  if (typeof pattern === 'string') return fields['type'] === pattern
  if (!isObject(pattern)) return false
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
