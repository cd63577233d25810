/**
 * `peerloom peers`: who a node is connected with, whom it remembers, whom it keeps out. Where no node
 * runs on the data folder, its store is asked, which knows the bans alone.
 * @module
 */
import { ask } from './control/ask.ts'
import { describedColumns } from './control/rows.ts'
import type { Row } from './control/protocol.ts'
import { formatBytes, formatDuration, shorten, tableLines } from './format.ts'
import type { Column } from './format.ts'
import { jsonLine } from './json.ts'
import { print } from './standard-output.ts'

const NAME_CHARACTERS = 64

/** Lists and sums stand in no table. */
function textOf(value: Row[string] | undefined): string {
  if (value === undefined || value === null) return '-'
  return typeof value === 'object' ? '' : String(value)
}
const text = (name: string) => (row: Row) => textOf(row[name])
const bytes = (name: string) => (row: Row) => formatBytes(Number(row[name]))
const age = (name: string) => (row: Row) => formatDuration(Number(row[name]))
const peer = (row: Row): string => shorten(textOf(row['peer'] ?? row['address']), NAME_CHARACTERS)

const TRAFFIC: readonly Column<Row>[] = [
  { title: 'received', cell: bytes('receivedBytes'), align: 'right' },
  { title: 'messages', cell: text('receivedMessages'), align: 'right' },
  { title: 'sent', cell: bytes('sentBytes'), align: 'right' },
  { title: 'messages', cell: text('sentMessages'), align: 'right' },
]
const ADDRESS: Column<Row> = {
  title: 'address',
  cell: (row) => shorten(text('address')(row), NAME_CHARACTERS),
}
const DIRECTION_AND_PHASE: readonly Column<Row>[] = [
  { title: '', cell: text('direction') },
  { title: 'phase', cell: text('phase') },
]
const AGE_AND_TRAFFIC: readonly Column<Row>[] = [
  { title: 'since', cell: age('ageMs'), align: 'right' },
  ...TRAFFIC,
]
const PEERS: readonly Column<Row>[] = [
  { title: 'peer', cell: peer },
  { title: 'failures', cell: text('failures'), align: 'right' },
  { title: 'dialled', cell: dialled },
  ...TRAFFIC,
]
const BANS: readonly Column<Row>[] = [
  { title: 'banned', cell: text('subject') },
  { title: 'until', cell: until },
  { title: 'because', cell: text('reason') },
]

function dialled(row: Row): string {
  if (row['refused'] === true) return 'not again'
  const inMs = Number(row['dialInMs'])
  return inMs === 0 ? 'at any time' : `in ${formatDuration(inMs)}`
}

function until({ untilMs }: Row): string {
  return typeof untilMs === 'number' ? new Date(untilMs).toISOString() : 'for good'
}

/** @throws {CommandFault} */
export async function listPeers(folder: string, json: boolean): Promise<void> {
  const { rows, running } = await ask(folder, { ask: 'peers' })
  if (json) {
    // Columns are of tables.
    for (const row of rows) print(jsonLine({ ...row, columns: undefined }))
    return
  }
  const of = (event: string): readonly Row[] => rows.filter((row) => row.event === event)
  const away = of('peer').filter((row) => row['activeConnections'] === 0)
  const sections: string[] = []
  const add = (empty: string, columns: readonly Column<Row>[], some: readonly Row[]): void => {
    if (some.length > 0) sections.push(tableLines(columns, some).join('\n'))
    else if (empty !== '') sections.push(empty)
  }
  if (running) {
    const connections = of('connection')
    // Who has no identity is called by the address: it stands there once.
    const isKnown = connections.some((row) => row['peer'] !== null)
    const columns = [
      ...[{ title: 'peer', cell: peer }, ...(isKnown ? [ADDRESS] : []), ...DIRECTION_AND_PHASE],
      ...[...describedColumns(connections), ...AGE_AND_TRAFFIC],
    ]
    add('no connections', columns, connections)
    add('', PEERS, away)
  } else sections.push('no node is running on this data folder')
  add('nobody is banned', BANS, of('ban'))
  print(sections.join('\n\n'))
}
