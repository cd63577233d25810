/**
 * Values as Tor's control port writes them: `KEY=value KEY="quoted value"`, and how a text is quoted for
 * it.
 * @module
 */
import { decodeUtf8 } from '../../codec/bytes.ts'

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
const PART = /(?<key>[A-Za-z0-9/_-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^ "]*))(?: |$)/sy
const ESCAPED = /\\(?<octal>[0-3]?[0-7]{1,2})|\\(?<other>.)/gs
const QUOTED = /"(?<quoted>(?:[^"\\]|\\.)*)"/sy

const unquote = (text: string): string =>
  text.replaceAll(ESCAPED, (_, octal: string | undefined, other: string | undefined) =>
    octal === undefined
      ? (ESCAPES[other ?? ''] ?? other ?? '')
      : String.fromCharCode(Number.parseInt(octal, 8)),
  )

/** By their keys; undefined where the text is no list of them. */
export function parseValues(text: string): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>()
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const groups = PART.exec(text)?.groups
    if (groups === undefined) return undefined
    const { key = '', plain = '', quoted } = groups
    values.set(key, quoted === undefined ? plain : unquote(quoted))
  }
  return values
}

/**
 * `"one" "other"`; what is not quoted is passed over. A quote without an end is the last one: each that stands
 * behind it would be looked at up to the end of the text, in time that grows with the square of its length.
 */
export function parseQuotedList(text: string): readonly string[] {
  const values: string[] = []
  let start = text.indexOf('"')
  while (start >= 0) {
    QUOTED.lastIndex = start
    const quoted = QUOTED.exec(text)?.groups?.['quoted']
    if (quoted === undefined) break
    values.push(unquote(quoted))
    start = text.indexOf('"', QUOTED.lastIndex)
  }
  return values
}

export const quote = (text: string): string => `"${text.replaceAll(/[\\"]/g, '\\$&')}"`

/** A text of which each character is one byte, read as UTF-8; undefined: it is none. */
export const utf8OfBytes = (text: string): string | undefined =>
  decodeUtf8(Uint8Array.from(text, (character) => character.charCodeAt(0)))
