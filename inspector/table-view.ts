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

/** Whether it may be among the first so many. Of numbers that is known without sorting what they are of. */
function foremost<T extends ProtocolTypes>(
  connections: readonly InsideConnection<T>[],
  key: (connection: InsideConnection<T>) => Key,
  sign: 1 | -1,
  count: number,
): readonly InsideConnection<T>[] {
  const [first] = connections
  if (first === undefined || connections.length <= count || typeof key(first) !== 'number') {
    return connections
  }
  const keys = Float64Array.from(connections, (connection) => sign * Number(key(connection)))
  const last = keys.toSorted()[count - 1] ?? Infinity
  return connections.filter((_, index) => (keys[index] ?? Infinity) <= last)
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
  const sign = descending ? -1 : 1
  const rows = foremost(matching, key, sign, offset + limit)
    .map((connection) => ({ connection, key: key(connection) }))
    .toSorted((one, other) => sign * compareKeys(one.key, other.key))
    .slice(offset, offset + limit)
    .map(({ connection }) => connectionRow(connection, options))
  return {
    ...{ view: 'table', total: all.length, matching: matching.length },
    ...{ states: countStates(all), columns: columnsOf(rows), rows },
  }
}
