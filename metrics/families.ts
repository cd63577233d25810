/**
 * The metrics, as data: what each is called, what it says, and where its values are read. Names follow
 * Prometheus: base units, `_total` for what never goes down. Labels have values of closed lists alone:
 * never a peer, an address or a connection.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import type { Audit, NodeCounts, NodeState } from '../index.ts'
import type { TypeCounts } from './type-counts.ts'

/** One node, at one moment. */
export interface Reading extends NodeCounts {
  readonly audit: Audit
  readonly state: NodeState
  readonly isPaused: boolean
  readonly types: ReturnType<TypeCounts['read']>
}

export interface Sample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

export interface Family {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  /** One sentence; it stands in what is scraped. */
  readonly help: string
  /** Beside `node`, which all have. */
  readonly labels: readonly string[]
  read(reading: Reading): readonly Sample[]
}

/** How the roles of a connection are called by operators. */
export const DIRECTIONS = { dialler: 'outbound', listener: 'inbound' } as const

const ROLES = ['dialler', 'listener'] as const

type Read = Family['read']

const counter = (name: string, help: string, labels: readonly string[], read: Read): Family => ({
  kind: 'counter',
  name: `peerloom_${name}_total`,
  help,
  labels,
  read,
})

const gauge = (name: string, help: string, labels: readonly string[], read: Read): Family => ({
  kind: 'gauge',
  name: `peerloom_${name}`,
  help,
  labels,
  read,
})

/** One value without labels. */
const one =
  (value: (reading: Reading) => number): Read =>
  (reading) => [{ value: value(reading) }]

/** One value a name, under this label. */
const each =
  (label: string, tally: (reading: Reading) => Readonly<Record<string, number>>): Read =>
  (reading) =>
    Object.entries(tally(reading)).map(([name, value]) => ({ value, labels: { [label]: name } }))

const byDirection = (counters: Readonly<Counters>, what: 'Bytes' | 'Messages') =>
  (['received', 'sent'] as const).map((direction) => ({
    value: counters[`${direction}${what}`],
    labels: { direction },
  }))

const NO_COUNTERS: Readonly<Counters> = {
  ...{ receivedBytes: 0, sentBytes: 0, receivedMessages: 0, handledMessages: 0 },
  ...{ sentMessages: 0, unsentMessages: 0, dropped: {} },
}
const datagramsOf = ({ totals }: Reading): Readonly<Counters> => totals.datagrams ?? NO_COUNTERS

const byRole =
  (counts: (reading: Reading) => Readonly<Record<(typeof ROLES)[number], number>>): Read =>
  (reading) =>
    ROLES.map((role) => ({
      value: counts(reading)[role],
      labels: { direction: DIRECTIONS[role] },
    }))

const byType =
  (what: 'bytes' | 'messages'): Read =>
  ({ types }) =>
    (['received', 'sent'] as const).flatMap((direction) =>
      [...types[direction]].map(([type, count]) => ({
        value: count[what],
        labels: { direction, type },
      })),
    )

/** What of the audit is alive and counted; its records that outlive what they are about stand apart. */
const liveOf = ({ audit }: Reading): Readonly<Record<string, number>> => {
  const { remembered: _, creditBytes: __, writes: ___, ...live } = audit
  return live
}

export const FAMILIES: readonly Family[] = [
  gauge('node_info', 'The network that the node speaks; always 1.', ['network'], (reading) => [
    { value: 1, labels: { network: reading.network } },
  ]),
  gauge(
    'node_running',
    '1 while the node runs, paused or not.',
    [],
    one(({ state }) => (state === 'running' ? 1 : 0)),
  ),
  gauge(
    'node_paused',
    '1 while the node neither dials nor lets anybody in.',
    [],
    one(({ isPaused }) => (isPaused ? 1 : 0)),
  ),

  counter('bytes', 'Bytes on the wire of all connections.', ['direction'], ({ totals }) =>
    byDirection(totals.traffic, 'Bytes'),
  ),
  counter('messages', 'Messages of all connections.', ['direction'], ({ totals }) =>
    byDirection(totals.traffic, 'Messages'),
  ),
  counter(
    'messages_handled',
    'Messages received that were given to a consumer.',
    [],
    one(({ totals }) => totals.traffic.handledMessages),
  ),
  counter(
    'messages_dropped',
    'Messages received that were given to nobody, by why.',
    ['reason'],
    each('reason', ({ totals }) => totals.traffic.dropped),
  ),
  counter(
    'messages_unsent',
    'Messages that were to be sent and never were: their lane was full, or their connection ended.',
    [],
    one(({ totals }) => totals.traffic.unsentMessages),
  ),
  counter(
    'messages_by_type',
    'Messages by type, counted from the first scrape on and while somebody scrapes.',
    ['direction', 'type'],
    byType('messages'),
  ),
  counter(
    'message_bytes_by_type',
    'Bytes by the type of message, those sent by estimate; counted as messages_by_type is.',
    ['direction', 'type'],
    byType('bytes'),
  ),
  counter('datagram_bytes', 'Bytes of datagrams.', ['direction'], (reading) =>
    byDirection(datagramsOf(reading), 'Bytes'),
  ),
  counter('datagram_messages', 'Messages in datagrams.', ['direction'], (reading) =>
    byDirection(datagramsOf(reading), 'Messages'),
  ),
  counter(
    'datagram_messages_dropped',
    'Messages in datagrams that were given to nobody, by why.',
    ['reason'],
    each('reason', (reading) => datagramsOf(reading).dropped),
  ),

  gauge(
    'connections',
    'Connections, by direction and by how far they are.',
    ['direction', 'state'],
    ({ levels }) =>
      ROLES.flatMap((role) =>
        Object.entries(levels.connections[role]).map(([state, value]) => ({
          value,
          labels: { direction: DIRECTIONS[role], state },
        })),
      ),
  ),
  counter(
    'connections_started',
    'Connections that were dialled or let in.',
    ['direction'],
    byRole(({ totals }) => totals.started),
  ),
  counter(
    'connections_established',
    'Connections that became active.',
    ['direction'],
    byRole(({ totals }) => totals.active),
  ),
  counter(
    'connections_closed',
    'Connections that ended, by reason and detail.',
    ['reason', 'detail'],
    ({ totals }) =>
      totals.closed.map(({ count, detail, reason }) => ({
        value: count,
        labels: { reason, detail },
      })),
  ),
  counter(
    'connections_refused',
    'Streams that were accepted and became no connection, by why.',
    ['reason'],
    each('reason', ({ totals }) => totals.refused),
  ),
  gauge(
    'connections_held',
    'Connections that are not read because of us: credit, turns, keys.',
    [],
    one(({ levels }) => levels.held),
  ),

  gauge(
    'queued_bytes',
    'What waits to be sent on all connections, by lane and by estimate.',
    ['lane'],
    each('lane', ({ levels }) => ({ ...levels.laneBytes })),
  ),
  gauge(
    'unsent_bytes',
    'What the transport was given and the system has not taken.',
    [],
    one(({ levels }) => levels.unsentBytes),
  ),
  gauge(
    'held_credit_bytes',
    'Bytes of messages that handlers and sub-protocols hold.',
    [],
    one(({ audit }) => audit.creditBytes),
  ),

  counter(
    'strikes',
    'Strikes given to peers.',
    [],
    one(({ totals }) => totals.strikes),
  ),
  counter(
    'bans',
    'Bans given, by hand and by rule.',
    [],
    one(({ totals }) => totals.bans),
  ),
  counter(
    'unbans',
    'Bans lifted by hand.',
    [],
    one(({ totals }) => totals.unbans),
  ),
  counter(
    'child_restarts',
    'Restarts of sub-protocols.',
    ['child'],
    each('child', ({ totals }) => totals.restarts),
  ),
  counter(
    'faults',
    'Parts of the node that threw.',
    [],
    one(({ totals }) => totals.faults),
  ),
  counter(
    'handler_failures',
    "Handlers and subscribers of the application's that failed, by why.",
    ['reason'],
    each('reason', ({ totals }) => totals.handlerFailures),
  ),
  counter(
    'listener_overloads',
    'Connections that could not be accepted, by the fault of the transport.',
    ['fault'],
    each('fault', ({ totals }) => totals.overloads),
  ),

  gauge(
    'store_batches_waiting',
    'Batches whose durability somebody waits for.',
    [],
    one(({ audit }) => audit.writes),
  ),
  counter(
    'store_failures',
    'Batches that the store did not keep, by its fault.',
    ['fault'],
    each('fault', ({ totals }) => totals.storeFailures),
  ),
  gauge(
    'live',
    'What is alive in the node, by kind: a leak shows here.',
    ['kind'],
    each('kind', liveOf),
  ),
  gauge(
    'remembered',
    'Records that are bounded and outlive what they are about, by kind.',
    ['kind'],
    each('kind', ({ audit }) => audit.remembered),
  ),
]
