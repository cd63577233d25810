/**
 * What is said on the socket of a data folder's owner, behind its greeting: one request, a line of
 * JSON; then rows, a line each; then one line that ends it. Whoever speaks here is of the same user,
 * and is read as if it were not.
 * @module
 */
import { decodeUtf8 } from '../../codec/bytes.ts'
import { isTimeMs } from '../../supervisor/ban-records.ts'

/** A request has under 1 KB and a row under 8 KB; more is somebody else's format. */
export const CONTROL_LINE_BYTES_MAX = 64 * 1024
/** From connecting to the last byte. An answer of 30,000 rows takes under a second. */
export const CONTROL_MS = 10_000
/** Persons and scripts at one node. The folder's socket itself takes 64. */
export const CONTROL_SOCKETS_MAX = 16
/** The longest address of a network here has 400 characters. */
const SUBJECT_CHARACTERS_MAX = 512
/** As much as is kept of a ban's reason, if every character took a byte. */
const WHY_CHARACTERS_MAX = 200

export type ControlRequest =
  | { readonly ask: 'peers' }
  | { readonly ask: 'bans' }
  | {
      readonly ask: 'ban'
      readonly subject: string
      /** Null: for good. */
      readonly forMs: number | null
      readonly why: string
    }
  | { readonly ask: 'unban'; readonly subject: string }

type Scalar = string | number | boolean | null
/** Lists and sums are a network's own. */
type Cell = Scalar | readonly Scalar[] | Readonly<Record<string, Scalar>>

/** A line of JSON and a line of a table. `event` says what it is of. */
export type Row = Readonly<Record<string, Cell>> & {
  readonly event: string
}

/** `usage`: the request was at fault. */
export interface Refusal {
  readonly error: string
  readonly usage: boolean
}

export type LastLine = { readonly done: number } | Refusal

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined where the line is no JSON of an object. */
function objectOf(line: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(decodeUtf8(line) ?? '')
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const hasOnly = (value: object, names: readonly string[]): boolean =>
  Object.keys(value).every((name) => names.includes(name))

const isText = (value: unknown, charactersMax: number): value is string =>
  typeof value === 'string' && value.length <= charactersMax

const isSubject = (value: unknown): value is string =>
  isText(value, SUBJECT_CHARACTERS_MAX) && value !== ''

const isDuration = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && value > 0 && isTimeMs(value))

/** The request, or undefined. A field that is not known is as wrong as one that is missing. */
export function decodeRequest(line: Uint8Array): ControlRequest | undefined {
  const request = objectOf(line)
  if (request === undefined) return undefined
  const { ask, forMs, subject, why } = request
  switch (ask) {
    case 'peers':
    case 'bans':
      return hasOnly(request, ['ask']) ? { ask } : undefined
    case 'ban':
      return hasOnly(request, ['ask', 'subject', 'forMs', 'why']) &&
        isSubject(subject) &&
        isDuration(forMs) &&
        isText(why, WHY_CHARACTERS_MAX)
        ? { ask, subject, forMs, why }
        : undefined
    case 'unban':
      return hasOnly(request, ['ask', 'subject']) && isSubject(subject)
        ? { ask, subject }
        : undefined
    default:
      return undefined
  }
}

const isScalar = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)

const isCell = (value: unknown): value is Cell =>
  isScalar(value) || (typeof value === 'object' && Object.values(value ?? {}).every(isScalar))

const isRow = (value: Readonly<Record<string, unknown>>): value is Row =>
  typeof value['event'] === 'string' && Object.values(value).every(isCell)

/** A row, the last line, or undefined. */
export function decodeAnswer(
  line: Uint8Array,
): { readonly row: Row } | { readonly last: LastLine } | undefined {
  const value = objectOf(line)
  if (value === undefined) return undefined
  if (isRow(value)) return { row: value }
  const { done, error, usage } = value
  if (typeof done === 'number') return { last: { done } }
  if (typeof error === 'string') return { last: { error, usage: usage === true } }
  return undefined
}
