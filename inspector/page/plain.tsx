/**
 * Plain data as a person reads it: fields by name, long texts cut where they are only pointed at.
 * @module
 */
import type { ComponentChildren } from 'preact'
import type { Plain } from '../readable.ts'
import { numberWords, shortAddress, shortName } from './words.ts'

/** Characters of a text without a space: a key, an identity, a hash. */
const LONG = 40

export const isFields = (value: Plain): value is Readonly<Record<string, Plain>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function plainText(value: Plain): string {
  if (Array.isArray(value)) return value.map(plainText).join(', ')
  if (isFields(value)) {
    return Object.entries(value)
      .filter(([, field]) => !isFields(field) || Object.keys(field).length > 0)
      .map(([name, field]) => `${name} ${plainText(field)}`)
      .join(', ')
  }
  if (typeof value === 'number') return numberWords(value)
  if (typeof value === 'string') return isLong(value) ? shortText(value) : value
  return value === null ? '–' : String(value as boolean)
}

const isLong = (text: string): boolean => text.length > LONG && !text.includes(' ')

/** Of an address what leads there stays, and what is long in it is cut. */
function shortText(text: string): string {
  const address = shortAddress(text)
  return address === text ? shortName(text) : address
}

/** Each field with its name, those of fields among them; what has no fields is one. */
export function plainFacts(value: Plain): readonly (readonly [string, ComponentChildren])[] {
  if (!isFields(value)) return value === null ? [] : [['value', plainText(value)]]
  return Object.entries(value).flatMap(([name, field]) => {
    if (isFields(field)) return plainFacts(field)
    if (typeof field !== 'string' || !isLong(field)) return [[name, plainText(field)] as const]
    const ends = (
      <span class="mono" title={field}>
        {shortText(field)}
      </span>
    )
    return [[name, ends] as const]
  })
}
