/**
 * Plain data as a person reads it: fields by name, long texts cut where they are only pointed at.
 * @module
 */
import type { ComponentChildren } from 'preact'
import type { Plain } from '../readable.ts'
import { shortName } from './words.ts'

const isFields = (value: Plain): value is Readonly<Record<string, Plain>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function plainText(value: Plain): string {
  if (Array.isArray(value)) return value.map(plainText).join(', ')
  if (isFields(value)) {
    return Object.entries(value)
      .map(([name, field]) => `${name} ${plainText(field)}`)
      .join(', ')
  }
  return value === null ? '–' : String(value as string | number | boolean)
}

/** Each field with its name; what has no fields is one. */
export function plainFacts(value: Plain): readonly (readonly [string, ComponentChildren])[] {
  if (!isFields(value)) return value === null ? [] : [['value', plainText(value)]]
  return Object.entries(value).map(([name, field]) => {
    const text = plainText(field)
    return [
      name,
      text.length > 40 && !text.includes(' ') ? (
        <span class="mono" title={text}>
          {shortName(text)}
        </span>
      ) : (
        text
      ),
    ]
  })
}
