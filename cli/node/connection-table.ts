/**
 * The table of a node's connections, as wide as there is room for: who it is, how far it has come and what
 * was sent are always seen; what the network says of a connection stands in between, the first of it first.
 * @module
 */
import type { ConnectionRow } from '../control/rows.ts'
import { describedColumns } from '../control/rows.ts'
import { formatBytes, formatDuration, printable, shorten, tableLines } from '../format.ts'
import type { Column } from '../format.ts'

const PEER_CHARACTERS = { min: 16, max: 24 } as const
const GAP_CHARACTERS = 2

const nameOf = ({ address, peer }: ConnectionRow): string => peer ?? address
const peerColumn = (charactersMax: number): Column<ConnectionRow> => ({
  title: 'peer',
  cell: (row) => shorten(nameOf(row), charactersMax),
})
const DIRECTION: Column<ConnectionRow> = { title: '', cell: ({ direction }) => direction }
const PHASE: Column<ConnectionRow> = { title: 'phase', cell: ({ phase }) => phase }
const SINCE: Column<ConnectionRow> = {
  ...{ title: 'since', cell: ({ ageMs }) => formatDuration(ageMs), align: 'right' },
}
const RECEIVED: Column<ConnectionRow> = {
  ...{ title: 'received', cell: (row) => formatBytes(row.receivedBytes), align: 'right' },
}
const RECEIVED_MESSAGES: Column<ConnectionRow> = {
  ...{ title: 'messages', cell: (row) => String(row.receivedMessages), align: 'right' },
}
const SENT: Column<ConnectionRow> = {
  ...{ title: 'sent', cell: ({ sentBytes }) => formatBytes(sentBytes), align: 'right' },
}
const SENT_MESSAGES: Column<ConnectionRow> = {
  ...{ title: 'messages', cell: (row) => String(row.sentMessages), align: 'right' },
}

const widthOf = ({ cell, title }: Column<ConnectionRow>, rows: readonly ConnectionRow[]): number =>
  rows.reduce((width, row) => Math.max(width, printable(cell(row)).length), title.length)

/** Those of the network while they fit, each behind one that does, and then the rest. */
function columnsFor(
  rows: readonly ConnectionRow[],
  charactersMax: number,
): readonly Column<ConnectionRow>[] {
  const described: readonly Column<ConnectionRow>[] = describedColumns(rows)
  const longest = rows.reduce((length, row) => Math.max(length, nameOf(row).length), 0)
  const always = [DIRECTION, PHASE, RECEIVED, SENT]
  let left = charactersMax - Math.min(longest, PEER_CHARACTERS.min)
  for (const column of always) left -= widthOf(column, rows) + GAP_CHARACTERS
  const shown = new Set(always)
  for (const column of [...described, SINCE, RECEIVED_MESSAGES, SENT_MESSAGES]) {
    const characters = widthOf(column, rows) + GAP_CHARACTERS
    if (characters > left) break
    left -= characters
    shown.add(column)
  }
  const peerCharacters = Math.min(PEER_CHARACTERS.max, PEER_CHARACTERS.min + Math.max(0, left))
  const between = [...described, SINCE, RECEIVED, RECEIVED_MESSAGES, SENT, SENT_MESSAGES]
  return [
    peerColumn(peerCharacters),
    ...[DIRECTION, PHASE, ...between].filter((column) => shown.has(column)),
  ]
}

/** At most `linesMax` lines, the last one says how many connections are not shown. */
export function connectionTable(
  rows: readonly ConnectionRow[],
  linesMax: number,
  charactersMax: number,
): readonly string[] {
  if (rows.length === 0) return ['no connections']
  const all = tableLines(columnsFor(rows, charactersMax), rows)
  if (all.length <= linesMax) return all
  const shown = Math.max(0, linesMax - 2)
  return [...all.slice(0, shown + 1), `and ${String(rows.length - shown)} more`]
}
