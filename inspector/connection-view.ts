/**
 * One connection, opened: its charts as they stand, the path taken, the last messages, its accounts, and
 * once it is closed why, in words. One that closed before it was looked at is told as far as its node
 * remembers it.
 * @module
 */
import { connectionMachine } from '../machines/connection.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Explanation } from '../supervisor/explanation.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { statePath } from './chart-description.ts'
import { chartOf, childOf } from './chart-nodes.ts'
import type { ChartNode } from './chart-nodes.ts'
import { connectionRow } from './connection-rows.ts'
import type { RowOptions } from './connection-rows.ts'
import { explanationWords } from './explanation-words.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import { followConnection } from './followed-connection.ts'
import type { FollowedConnection } from './followed-connection.ts'
import { chartsNow } from './live-chart.ts'
import type { Look, Looked } from './shared-views.ts'
import type { ChartNow, Closing, ConnectionAnswer, ConnectionRow } from './messages.ts'
import { readable } from './readable.ts'
import type { Plain } from './readable.ts'
import { stateValueOf } from './state-value.ts'
import type { StateValue } from './state-value.ts'

export interface ConnectionViewOptions<T extends ProtocolTypes> extends RowOptions<T> {
  readonly supervisor: Pick<Supervisor<T>, 'explain' | 'flight' | 'inside'>
  readonly watch: ConnectionWatch
  readonly session: object
  /** Without a byte for so long the connection is closed. */
  readonly progressMs: number
  wallMs(): number
}

/** What is known of it while it lives, kept for when it is gone. */
interface LastSeen {
  readonly row: ConnectionRow
  readonly charts: ConnectionAnswer['charts']
  readonly facts: Plain
  readonly about: Plain
}

/** The states that a value names, outer ones first. */
function litOf(node: ChartNode, value: StateValue): readonly ChartNode[] {
  const inner = typeof value === 'string' ? { [value]: {} } : value
  return [
    node,
    ...Object.entries(inner).flatMap(([key, deeper]) => {
      const child = childOf(node, key)
      return child === undefined ? [] : litOf(child, deeper)
    }),
  ]
}

/** A chart that does not run any more, or never did: nothing can happen to it. */
function chartAt(logic: object, state: string): ChartNow {
  const { id, root } = chartOf(logic)
  const active = litOf(root, stateValueOf(root, state)).map((node) => statePath(id, node))
  return { name: id, state, active, deadlines: [], next: [] }
}

function closingOf(explanation: Explanation, atMs: (ms: number) => number): Closing | null {
  const { ended } = explanation
  if (ended === undefined) return null
  const { by, detail, phase, reason, verdict } = ended
  const words = explanationWords(explanation)
  return { atMs: atMs(ended.atMs), by, reason, detail, phase, verdict: verdict.do, words }
}

const rowOfClosed = (
  { address, connection, ended, identity, role, startedMs }: Explanation,
  node: string,
): ConnectionRow => ({
  ...{ connection, node, address, slot: '', described: {} },
  ...{ state: 'closed', session: ended?.sessionState ?? '', identity: identity ?? null },
  direction: role === 'dialler' ? 'out' : 'in',
  ageMs: Math.max(0, Math.round((ended?.atMs ?? startedMs) - startedMs)),
  rates: { receivedMessages: null, sentMessages: null, receivedBytes: null, sentBytes: null },
  queuedBytes: { control: 0, requests: 0, gossip: 0, socket: 0 },
  ...{ isHeld: false, strikes: 0 },
})

/** Follows it from now on, until the look is closed. */
export function lookAtConnection<T extends ProtocolTypes>(
  connection: string,
  options: ConnectionViewOptions<T>,
): Look {
  const { node, nowMs, progressMs, session, supervisor, wallMs, watch } = options
  /** The node's clock to the calendar's: both are read now. */
  const atMs = (monotonicMs: number): number => Math.round(wallMs() - nowMs() + monotonicMs)
  let followed: FollowedConnection | undefined
  let lastSeen: LastSeen | undefined

  const chartsOf = (explanation: Explanation): ConnectionAnswer['charts'] => {
    const live = supervisor.inside.connection(connection)
    const now = live === undefined ? undefined : chartsNow(live, nowMs())
    const { ended, phase } = explanation
    const own = now?.connection ?? chartAt(connectionMachine, phase)
    const state = ended?.sessionState
    const ofSession = state === undefined || state === 'none' ? null : chartAt(session, state)
    if (live?.view.phase !== 'active')
      return { connection: own, session: now?.session ?? ofSession }
    const leftMs = Math.max(0, Math.ceil(progressMs - (nowMs() - live.lastBytesMs())))
    const silent = { transition: null, name: 'progress', ms: progressMs, leftMs }
    const deadlines = [...own.deadlines, { ...silent, isHeld: live.isHeld() }]
    return { connection: { ...own, deadlines }, session: now?.session ?? ofSession }
  }

  const seen = (explanation: Explanation): LastSeen => {
    const live = supervisor.inside.connection(connection)
    const charts = chartsOf(explanation)
    if (live === undefined) {
      const row = lastSeen?.row ?? rowOfClosed(explanation, node)
      const closed = { ...row, state: 'closed', session: explanation.ended?.sessionState ?? '' }
      return {
        ...{ row: closed, charts },
        ...{ facts: lastSeen?.facts ?? null, about: lastSeen?.about ?? {} },
      }
    }
    const { about, facts } = live.view
    return {
      ...{ row: connectionRow(live, options), charts },
      ...{ facts: readable(facts) ?? null, about: readable(about) ?? {} },
    }
  }

  const read = (): Looked => {
    const explanation = supervisor.explain(connection)
    if (explanation === undefined) {
      const message = `the node ${node} knows no connection ${connection}`
      return { refused: { why: 'unknown-connection', message } }
    }
    followed ??= followConnection({ supervisor, watch, connection, atMs, wallMs })
    lastSeen = seen(explanation)
    const isGone = supervisor.inside.connection(connection) === undefined
    const { counters } = explanation
    return {
      isLast: isGone,
      answer: {
        ...{ view: 'connection', ...lastSeen },
        ...{ path: followed.path(), pathLeftOut: followed.pathLeftOut },
        messages: followed.messages(),
        messagesPassedOver: followed.messagesPassedOver,
        counters: { ...counters, dropped: { ...counters.dropped } },
        closed: isGone ? closingOf(explanation, atMs) : null,
      },
    }
  }

  return {
    read,
    close() {
      followed?.stop()
    },
  }
}
