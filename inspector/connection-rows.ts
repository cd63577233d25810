/**
 * A connection as a row of a table: who it is, how it stands, what goes over it and what waits.
 * @module
 */
import { printState } from '../actors/charts.ts'
import type { ConnectionDescription, ToolConnection } from '../actors/protocol-tools.ts'
import type { AnyActorRef } from 'xstate'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Inside, InsideConnection } from '../supervisor/inside.ts'
import type { ConnectionRow } from './messages.ts'
import type { RateBook } from './rates.ts'

/** What a network says of one of its connections. */
export type Describe = (connection: ToolConnection) => Pick<ConnectionDescription, 'columns'>

export interface RowOptions<T extends ProtocolTypes> {
  readonly node: string
  readonly inside: Pick<Inside<T>, 'strikes'>
  readonly rates: RateBook
  readonly describe: Describe
  /** Monotonic, of the node's own clock. */
  nowMs(): number
}

/** Texts of a network: as long as a user agent that Core takes. */
const TEXT_LENGTH_MAX = 256

/** A network that throws says nothing, and harms nothing. */
export function describedBy<T extends ProtocolTypes>(
  describe: Describe,
  { peer, traffic, view }: InsideConnection<T>,
): Readonly<Record<string, string>> {
  const { about = {}, facts, slot } = view
  try {
    const { columns } = describe({
      ...{ address: peer.address, slot, facts, about },
      traffic: traffic(),
    })
    return Object.fromEntries(
      Object.entries(columns).map(([title, text]) => [title, text.slice(0, TEXT_LENGTH_MAX)]),
    )
  } catch {
    return {}
  }
}

export function sessionStateOf<T extends ProtocolTypes>({
  actor,
}: Pick<InsideConnection<T>, 'actor'>): string {
  const session = actor.getSnapshot().children.session as AnyActorRef | undefined
  const snapshot: unknown = session?.getSnapshot()
  if (typeof snapshot !== 'object' || snapshot === null || !('value' in snapshot)) return ''
  return printState(snapshot.value)
}

export function connectionRow<T extends ProtocolTypes>(
  connection: InsideConnection<T>,
  { describe, inside, node, nowMs, rates }: RowOptions<T>,
): ConnectionRow {
  const { counters, name, peer, view } = connection
  const now = nowMs()
  return {
    connection: name,
    node,
    state: view.phase,
    session: sessionStateOf(connection),
    direction: view.role === 'dialler' ? 'out' : 'in',
    slot: view.slot,
    address: peer.address,
    identity: view.identity ?? null,
    described: describedBy(describe, connection),
    ageMs: Math.max(0, Math.round(now - view.startedMs)),
    rates: rates.of(name, counters, now),
    queuedBytes: { ...connection.laneBytes(), socket: connection.unsentBytes() },
    isHeld: connection.isHeld(),
    strikes: inside.strikes(connection),
  }
}
