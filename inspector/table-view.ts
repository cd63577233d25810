/**
 * The table of a node's connections: all of them sorted and filtered, a page's worth of rows made.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Inside, InsideConnection } from '../supervisor/inside.ts'
import { connectionRow, describedBy } from './connection-rows.ts'
import type { RowOptions } from './connection-rows.ts'
import type { ConnectionRow, Rates, SortColumn, TableAnswer, TableQuery } from './messages.ts'

export interface TableOptions<T extends ProtocolTypes> extends RowOptions<T> {
  readonly inside: Pick<Inside<T>, 'connections' | 'strikes'>
}

type Key = string | number

const RATES: Readonly<Partial<Record<SortColumn, keyof Rates>>> = {
  'received-rate': 'receivedMessages',
  'sent-rate': 'sentMessages',
  'received-bytes-rate': 'receivedBytes',
  'sent-bytes-rate': 'sentBytes',
}

/** By what a connection is sorted. */
function keyOf<T extends ProtocolTypes>(
  column: SortColumn,
  { inside, nowMs, rates }: TableOptions<T>,
): (connection: InsideConnection<T>) => Key {
  switch (column) {
    case 'name':
      return ({ name }) => name
    case 'state':
      return ({ view }) => view.phase
    case 'address':
      return ({ peer }) => peer.address
    case 'age':
      return ({ view }) => -view.startedMs
    case 'queued':
      return ({ laneBytes, unsentBytes }) => {
        const { control, gossip, requests } = laneBytes()
        return control + gossip + requests + unsentBytes()
      }
    case 'strikes':
      return inside.strikes
    default: {
      const rate = RATES[column] ?? 'receivedMessages'
      const now = nowMs()
      return ({ counters, name }) => rates.one(name, counters, now, rate)
    }
  }
}

/** Numbers in names by their value: `in-2` before `in-10`. */
const compareTexts = new Intl.Collator('en', { numeric: true }).compare

export const compareKeys = (one: Key, other: Key): number =>
  typeof one === 'number' && typeof other === 'number'
    ? one - other
    : compareTexts(String(one), String(other))

interface Keyed {
  readonly key: Key
}

/** Those that can be among the first so many: numbers alone are sorted ten times as fast. */
function foremost<One extends Keyed>(
  keyed: readonly One[],
  sign: 1 | -1,
  count: number,
): readonly One[] {
  if (keyed.length <= count || typeof keyed[0]?.key !== 'number') return keyed
  const keys = Float64Array.from(keyed, ({ key }) => sign * Number(key)).sort()
  const last = keys[count - 1] ?? Infinity
  return keyed.filter(({ key }) => sign * Number(key) <= last)
}

const contains = (text: string | null | undefined, sought: string): boolean =>
  text?.toLowerCase().includes(sought) === true

function fits<T extends ProtocolTypes>(
  connection: InsideConnection<T>,
  sought: string,
  options: TableOptions<T>,
): boolean {
  const { name, peer, view } = connection
  if ([name, peer.address, view.identity, view.slot].some((text) => contains(text, sought))) {
    return true
  }
  // It costs more than all others together, and is asked last.
  return Object.values(describedBy(options.describe, connection)).some((text) =>
    contains(text, sought),
  )
}

export const columnsOf = (rows: readonly Pick<ConnectionRow, 'described'>[]): readonly string[] => [
  ...new Set(rows.flatMap(({ described }) => Object.keys(described))),
]

export function countStates<T extends ProtocolTypes>(
  connections: readonly InsideConnection<T>[],
): readonly { readonly state: string; readonly count: number }[] {
  const counts = new Map<string, number>()
  for (const { view } of connections) counts.set(view.phase, (counts.get(view.phase) ?? 0) + 1)
  return [...counts].map(([state, count]) => ({ state, count }))
}

export function tableView<T extends ProtocolTypes>(
  query: TableQuery,
  options: TableOptions<T>,
): TableAnswer {
  const { descending, limit, offset, sort, state } = query
  const sought = query.filter.trim().toLowerCase()
  const all = options.inside.connections()
  const matching = all.filter(
    (connection) =>
      (state === undefined || connection.view.phase === state) &&
      (sought === '' || fits(connection, sought, options)),
  )
  const key = keyOf(sort, options)
  const keyed = matching.map((connection) => ({ connection, key: key(connection) }))
  const sign = descending ? -1 : 1
  const rows = foremost(keyed, sign, offset + limit)
    .toSorted((one, other) => sign * compareKeys(one.key, other.key))
    .slice(offset, offset + limit)
    .map(({ connection }) => connectionRow(connection, options))
  return {
    ...{ view: 'table', total: all.length, matching: matching.length },
    ...{ states: countStates(all), columns: columnsOf(rows), rows },
  }
}
