/**
 * One node of this process as a source for pages. From the moment it is made it keeps a log of the node's
 * events and points of its time line; all else is looked at when a page asks.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { childRow, createChildrenView } from './children-view.ts'
import { lookAtConnection } from './connection-view.ts'
import type { Describe, RowOptions } from './connection-rows.ts'
import { createConnectionWatch } from './connection-watch.ts'
import { createEventLog } from './event-log.ts'
import { createLooking } from './looking.ts'
import type { Look, Looked } from './shared-views.ts'
import type { NodeRow, Query, TreeAnswer } from './messages.ts'
import { networkView } from './network-view.ts'
import { platformTiming } from './pace.ts'
import type { Timing } from './pace.ts'
import { createRateBook } from './rates.ts'
import { createSeries } from './series.ts'
import type { LoopDelay } from './series.ts'
import type { InspectorSource } from './source.ts'
import { countStates, tableView } from './table-view.ts'

export type LookedAt<T extends ProtocolTypes> = Pick<
  Supervisor<T>,
  | 'actor'
  | 'audit'
  | 'connections'
  | 'events'
  | 'explain'
  | 'flight'
  | 'inside'
  | 'isPaused'
  | 'listening'
  | 'port'
  | 'state'
>

export interface NodeSourceOptions<T extends ProtocolTypes> {
  readonly supervisor: LookedAt<T>
  readonly protocol: Pick<Protocol<T>, 'addresses' | 'deadlines' | 'identity' | 'name' | 'session'>
  /** What the network says of a connection. Left out: nothing. */
  readonly describe?: Describe | undefined
  /** The node's clock, where it is not the platform's. */
  readonly clock?: { monotonicMs(): number; wallMs(): number } | undefined
  readonly timing?: Timing | undefined
  /** Left out: it is not told. */
  readonly loopDelay?: LoopDelay | undefined
  readonly pid?: number | undefined
}

export interface NodeSource extends InspectorSource {
  /** Nothing is looked at any more. */
  stop(): void
}

export const platformClock = {
  monotonicMs: platformTiming.nowMs,
  wallMs: () => Date.now(),
}

export function createNodeSource<T extends ProtocolTypes>(
  options: NodeSourceOptions<T>,
): NodeSource {
  const { clock = platformClock, protocol, supervisor, timing = platformTiming } = options
  const { describe = () => ({ columns: {} }), loopDelay = () => undefined, pid = 0 } = options
  const node = supervisor.actor.id
  const { inside } = supervisor
  const rates = createRateBook(() => looking.everyMs)
  const log = createEventLog()
  const series = createSeries(inside, loopDelay)
  let sinceMs = clock.wallMs()

  const onEvent = (event: SupervisorEvent): void => {
    log.note(event, clock.wallMs())
    if (event.type === 'node.started') sinceMs = clock.wallMs()
    if (event.type === 'connection.active') series.active(event.handshakeMs)
    if (event.type === 'connection.closed') {
      rates.forget(event.connection)
      series.ended(supervisor.explain(event.connection)?.counters)
    }
  }
  const subscription = supervisor.events.subscribe(onEvent)

  let cancelPoint = (): void => undefined
  const point = (): void => {
    const startMs = timing.nowMs()
    series.point(startMs, clock.wallMs())
    cancelPoint = timing.after(series.pauseAfter(timing.nowMs() - startMs), point)
  }
  point()

  // ---- the views ---------------------------------------------------------------------------------

  const rows: RowOptions<T> & { readonly inside: typeof inside } = {
    ...{ node, inside, rates, describe, nowMs: clock.monotonicMs },
  }
  const watch = createConnectionWatch(supervisor.port)
  const children = createChildrenView(inside, timing.nowMs, () => looking.everyMs)
  const { addresses } = protocol

  const nodeRow = (): NodeRow => {
    const connections = inside.connections()
    return {
      ...{ node, protocol: protocol.name, identity: protocol.identity ?? null },
      addresses: supervisor.listening.map((at) => addresses.print(addresses.fromSocket(at))),
      ...{ state: supervisor.state, isPaused: supervisor.isPaused, incarnation: 1 },
      ...{ is: 'up', sinceMs, pid },
      connections: connections.length,
      active: connections.filter(({ view }) => view.phase === 'active').length,
    }
  }

  const treeView = (): TreeAnswer => {
    const { remembered, ...counts } = supervisor.audit()
    const kept: Record<string, number> = {}
    for (const [name, count] of Object.entries(remembered)) kept[`remembered ${name}`] = count
    return {
      ...{ view: 'tree', node: nodeRow(), connections: countStates(inside.connections()) },
      children: inside.children().map(childRow),
      audit: { ...counts, ...kept },
    }
  }

  const answerOf = (query: Exclude<Query, { readonly view: 'connection' }>): Looked => {
    switch (query.view) {
      case 'nodes':
        return { answer: { view: 'nodes', nodes: [nodeRow()] } }
      case 'table':
        return { answer: tableView(query, rows) }
      case 'network':
        return { answer: networkView(node, inside, rates, clock.monotonicMs()) }
      case 'tree':
        return { answer: treeView() }
      case 'children':
        return { answer: children() }
      case 'series':
        return { answer: series.read() }
      case 'log':
        return { answer: log.read() }
    }
  }

  const open = (query: Query): Look => {
    const close = (): void => undefined
    if ('node' in query && query.node !== undefined && query.node !== node) {
      const message = `there is no node ${query.node} here`
      return { read: () => ({ refused: { why: 'unknown-node', message } }), close }
    }
    if (query.view !== 'connection') return { read: () => answerOf(query), close }
    const { progress } = protocol.deadlines
    return lookAtConnection(query.connection, {
      ...{ ...rows, supervisor, watch, session: protocol.session },
      ...{ progressMs: progress.ms, wallMs: clock.wallMs },
    })
  }

  const looking = createLooking({ timing, wallMs: clock.wallMs, open })
  return {
    open: looking.open,
    stop() {
      subscription.unsubscribe()
      cancelPoint()
    },
  }
}
