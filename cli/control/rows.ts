/**
 * What a node knows, as rows: for the socket, for lines of JSON, for tables.
 * @module
 */
import type { Ban, ConnectionInfo, PeerView } from '../../index.ts'
import type { Column } from '../format.ts'
import { printBanKey } from '../../supervisor/ban-records.ts'
import type { ConnectionDescription } from '../../actors/protocol-tools.ts'
import type { Row } from './protocol.ts'

export interface ConnectionRow extends Row {
  readonly event: 'connection'
  readonly connection: string
  /** The proven identity. */
  readonly peer: string | null
  readonly address: string
  readonly direction: 'in' | 'out'
  readonly phase: string
  /** Since it began. */
  readonly ageMs: number
  readonly receivedBytes: number
  readonly receivedMessages: number
  readonly sentBytes: number
  readonly sentMessages: number
  /** Of tables, and in no line of JSON that a person asked for: by the title of their column. */
  readonly columns: Readonly<Record<string, string>>
}

export function connectionRow(
  info: ConnectionInfo,
  nowMs: number,
  { columns, fields }: ConnectionDescription,
): ConnectionRow {
  const own = {
    event: 'connection',
    connection: info.name,
    peer: info.identity ?? null,
    address: info.address,
    direction: info.role === 'dialler' ? 'out' : 'in',
    phase: info.phase,
    ageMs: Math.max(0, Math.round(nowMs - info.startedMs)),
    receivedBytes: info.counters.receivedBytes,
    receivedMessages: info.counters.receivedMessages,
    sentBytes: info.counters.sentBytes,
    sentMessages: info.counters.sentMessages,
    columns,
  } as const
  // They come first, and a network's own field of such a name does not stand in their place.
  return { ...own, ...fields, ...own }
}

/** Totals are of connections that are over. */
export const peerRow = (view: PeerView, nowMs: number): Row => ({
  event: 'peer',
  peer: view.identity ?? null,
  address: view.address ?? null,
  activeConnections: view.activeConnections,
  failures: view.failures,
  refused: view.refused,
  dialInMs: Math.max(0, Math.round(view.dialFromMs - nowMs)),
  receivedBytes: view.totals.receivedBytes,
  receivedMessages: view.totals.receivedMessages,
  sentBytes: view.totals.sentBytes,
  sentMessages: view.totals.sentMessages,
})

/** `subject` is what `unban` takes. */
export const banRow = ({ key, manual, reason, sinceMs, untilMs }: Ban): Row => ({
  event: 'ban',
  subject: printBanKey(key),
  reason,
  sinceMs,
  untilMs: untilMs ?? null,
  manual,
})

/** What a network's rows have columns for, in the order in which they come up. */
export function describedColumns(rows: readonly Row[]): readonly Column<Row>[] {
  const textOf = ({ columns }: Row, title: string): string =>
    typeof columns === 'object' && columns !== null
      ? String(Object.entries(columns).find(([name]) => name === title)?.[1] ?? '')
      : ''
  const titles = new Set(rows.flatMap(({ columns }) => Object.keys(columns ?? {})))
  return [...titles].map((title) => ({ title, cell: (row) => textOf(row, title) }))
}
