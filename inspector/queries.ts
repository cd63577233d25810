/**
 * What a page asked, checked: it came from outside, and every field is looked at before it is used.
 * @module
 */
import type { PageMessage, Query, Refusal, SortColumn, TableQuery } from './messages.ts'

/** Rows of one answer: a few screens. A page asks for the next ones when they are scrolled to. */
export const ROWS_MAX = 200
/** As many as a node has file descriptors for, and more than that. */
const OFFSET_MAX = 1_000_000
/** Characters: an identity in hexadecimal, an address, a name, each with room to spare. */
const TEXT_LENGTH_MAX = 256
/** Views that one page looks at together; ours has up to six open. */
export const QUERIES_MAX = 16

const SORT_COLUMNS: readonly string[] = [
  'name',
  'state',
  'address',
  'age',
  'received-rate',
  'sent-rate',
  'received-bytes-rate',
  'sent-bytes-rate',
  'queued',
  'strikes',
] satisfies readonly SortColumn[]

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= TEXT_LENGTH_MAX

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max

const isSortColumn = (value: unknown): value is SortColumn =>
  typeof value === 'string' && SORT_COLUMNS.includes(value)

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || isText(value)

function tableQueryOf(given: Readonly<Record<string, unknown>>): TableQuery | undefined {
  const { descending, filter, limit, node, offset, sort, state } = given
  if (!isSortColumn(sort) || typeof descending !== 'boolean' || !isText(filter)) return undefined
  if (!isOptionalText(node) || !isOptionalText(state)) return undefined
  if (!isCount(offset, OFFSET_MAX) || !isCount(limit, ROWS_MAX) || limit === 0) return undefined
  return {
    ...{ view: 'table', sort, descending, filter, offset, limit },
    ...(node === undefined ? {} : { node }),
    ...(state === undefined ? {} : { state }),
  }
}

/** Undefined: it is none. */
export function queryOf(given: unknown): Query | undefined {
  if (!isRecord(given)) return undefined
  const { connection, node, view } = given
  switch (view) {
    case 'nodes':
    case 'network':
      return { view }
    case 'table':
      return tableQueryOf(given)
    case 'connection':
      return isText(node) && isText(connection) ? { view, node, connection } : undefined
    case 'tree':
    case 'children':
    case 'series':
    case 'log':
      return isText(node) ? { view, node } : undefined
    default:
      return undefined
  }
}

export interface RefusedMessage {
  readonly id: number | null
  readonly refused: Refusal
}

const refused = (id: number | null, message: string): RefusedMessage => ({
  id,
  refused: { why: 'bad-query', message },
})

export function pageMessageOf(given: unknown): PageMessage | RefusedMessage {
  if (!isRecord(given)) return refused(null, 'this is no object')
  const { id, kind } = given
  if (!isCount(id, Number.MAX_SAFE_INTEGER)) return refused(null, 'its id is no whole number')
  if (kind === 'drop') return { kind, id }
  if (kind !== 'ask') return refused(id, 'it is neither `ask` nor `drop`')
  const query = queryOf(given['query'])
  return query === undefined ? refused(id, 'there is no such query') : { kind, id, query }
}
