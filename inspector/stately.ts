/**
 * A running node as a stream of the events that `@statelyai/inspect` receives: its charts as actors,
 * the node's at the root, connections below it, each session below its connection.
 *
 * It stands on the node's own stream, and knows no more than that tells: name, role, address, identity
 * and facts of a connection, how it ended. No message, no payload, no key can be among it. Detached, it
 * costs nothing.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import { connectionMachine } from '../machines/connection.ts'
import { rootMachine } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { definitionText } from './chart-definition.ts'
import { describeChart } from './chart-description.ts'
import { chartOf } from './chart-nodes.ts'
import type { ChartNode } from './chart-nodes.ts'
import { readable } from './readable.ts'
import type { Plain } from './readable.ts'
import { stateValueOf } from './state-value.ts'
import type { StateValue } from './state-value.ts'
import { attachStream } from './stream.ts'
import type { StreamOptions } from './stream.ts'
import type { StreamEvent } from './stream-events.ts'
import type { StatelyEvent, StatelySnapshot } from './stately-events.ts'

/** The version of the package whose events these are. */
const VERSION = '0.7.2'
/** Characters. A page draws no chart of this size, and each actor carries its own copy. */
const DEFINITION_LENGTH_MAX = 65_535

export interface StatelyOptions<T extends ProtocolTypes> extends Omit<
  StreamOptions<T>,
  'messages'
> {
  readonly protocol: Pick<Protocol<T>, 'name' | 'session'>
  /** Called within the node's step: it takes the event and returns. */
  send(event: StatelyEvent): void
  /** For actors: an announcement has a chart in it, and there may be thousands. Left out: there is room for all. */
  readonly room?: StatelyRoom
}

export interface StatelyRoom {
  /** Whether one actor more may be told of now; otherwise it waits, and is told of as it is by then. */
  isThere(): boolean
  /** Calls once there is room again, outside of a step. */
  wait(again: () => void): void
}

const ALL_ROOM: StatelyRoom = { isThere: () => true, wait: () => undefined }

type Of<Kind extends StreamEvent['of']> = Extract<StreamEvent, { readonly of: Kind }>

interface ShownChart {
  /** What it is called, whatever its name. */
  readonly title: string
  readonly root: ChartNode
  readonly definition: string
}

/** One of a connection's two charts, as it was last told of. */
interface ShownActor {
  readonly chart: ShownChart
  readonly parentId: string
  value: StateValue
  /** Of the connection: both of its charts show it. */
  readonly context: Record<string, Plain>
}

function chartFor(logic: object, title: string): ShownChart {
  // In an id of XState a dot leads to a state inside.
  const name = title.replaceAll('.', '-')
  const whole = definitionText(describeChart(logic, { name }))
  const definition = whole.length > DEFINITION_LENGTH_MAX ? JSON.stringify({ id: name }) : whole
  return { title, root: chartOf(logic).root, definition }
}

/** @returns detaches. What `send` throws while those that are there are told goes to the caller. */
export function attachStately<T extends ProtocolTypes>(options: StatelyOptions<T>): () => void {
  const { protocol, room = ALL_ROOM, send, supervisor } = options
  const rootId = supervisor.actor.id
  const rootChart = chartFor(rootMachine, 'root')
  const charts = {
    connection: chartFor(connectionMachine, 'connection'),
    session: chartFor(protocol.session, protocol.name),
  }
  const actors = new Map<string, ShownActor>()
  /** Those of them that wait for room, a session behind its connection. Nothing is told of them before. */
  const untold = new Set<string>()
  let isWaiting = false
  let nextId = 1
  let atMs = 0

  const common = (sessionId: string) => ({
    ...{ sessionId, rootId, id: String(nextId++), _version: VERSION },
    createdAt: String(Math.floor(atMs)),
  })

  const shown = (value: StateValue, context: Plain): StatelySnapshot => ({
    ...{ status: 'active', value, context, output: undefined, error: undefined },
  })

  const announce = (
    sessionId: string,
    parentId: string | undefined,
    { definition, title }: ShownChart,
    snapshot: StatelySnapshot,
  ): void => {
    const name = title === 'root' ? sessionId : `${title} ${sessionId}`
    send({ type: '@xstate.actor', ...common(sessionId), name, parentId, definition, snapshot })
  }

  const tellEvent = (sessionId: string, sourceId: string | undefined, type: string): void => {
    send({ type: '@xstate.event', ...common(sessionId), event: { type }, sourceId })
  }

  const tellSnapshot = (sessionId: string, type: string, snapshot: StatelySnapshot): void => {
    send({ type: '@xstate.snapshot', ...common(sessionId), event: { type }, snapshot })
  }

  const rootSnapshot = (): StatelySnapshot => {
    const { context, status, value } = supervisor.actor.getSnapshot()
    const now = shown(value as StateValue, readable(context) ?? null)
    return status === 'done' ? { ...now, status, output: null } : now
  }

  const sessionIdsOf = (connection: string): readonly string[] =>
    [connection, `${connection}/session`].filter((name) => actors.has(name))

  // ---- as much at once as there is room for ------------------------------------------------------

  const tellMore = (): void => {
    for (const name of untold) {
      if (!room.isThere()) {
        if (!isWaiting) room.wait(onRoom)
        isWaiting = true
        return
      }
      untold.delete(name)
      const { chart, context, parentId, value } = actors.get(name) ?? {}
      if (chart === undefined || value === undefined) continue
      announce(name, parentId, chart, shown(value, { ...context }))
    }
  }

  const onRoom = (): void => {
    isWaiting = false
    try {
      tellMore()
    } catch (error) {
      detach()
      options.onFault?.(error)
    }
  }

  // ---- what the stream tells ---------------------------------------------------------------------

  const onActor = ({ about, actor, name, parent, state }: Of<'actor'>): void => {
    if (actor === 'node') {
      announce(name, undefined, rootChart, rootSnapshot())
      return
    }
    // Sub-protocols are no charts.
    if (actor === 'child' || parent === undefined) return
    const chart = charts[actor]
    const context = actors.get(parent)?.context ?? { ...about }
    const value = stateValueOf(chart.root, state)
    actors.set(name, { chart, parentId: parent, value, context })
    untold.add(name)
    tellMore()
  }

  const onState = ({ chart, event, name, state }: Of<'state'>): void => {
    if (chart === 'root') {
      tellEvent(rootId, undefined, event)
      tellSnapshot(rootId, event, rootSnapshot())
      return
    }
    const actor = actors.get(name)
    if (actor === undefined) return
    actor.value = stateValueOf(actor.chart.root, state)
    if (untold.has(name)) return
    tellEvent(name, chart === 'session' ? actor.parentId : undefined, event)
    tellSnapshot(name, event, shown(actor.value, { ...actor.context }))
  }

  const onActive = ({ connection, facts, identity }: Of<'active'>): void => {
    for (const name of sessionIdsOf(connection)) {
      const { context, value } = actors.get(name) ?? {}
      if (context === undefined || value === undefined) continue
      if (identity !== undefined) context['identity'] = identity
      if (facts !== null) context['facts'] = facts
      if (untold.has(name)) continue
      tellSnapshot(name, 'connection.active', shown(value, { ...context }))
    }
  }

  const onClosed = ({ connection, detail, phase, reason }: Of<'closed'>): void => {
    for (const name of sessionIdsOf(connection)) {
      const { context, value } = actors.get(name) ?? {}
      actors.delete(name)
      if (untold.delete(name) || context === undefined || value === undefined) continue
      const last = shown(value, { ...context })
      tellSnapshot(
        name,
        'connection.closed',
        name === connection
          ? { ...last, status: 'done', output: { reason, detail, phase } }
          : { ...last, status: 'stopped', output: undefined },
      )
    }
  }

  /** More than a second's share was left out: what is shown may be behind, and not all of it is there. */
  const onPassedOver = ({ counts }: Of<'passed-over'>): void => {
    const { lives, states } = counts
    const event = { type: 'passed-over', lives, states }
    send({ type: '@xstate.event', ...common(rootId), event, sourceId: undefined })
  }

  const onFault = (error: unknown): void => {
    // Whoever waits for room waits for nothing.
    untold.clear()
    options.onFault?.(error)
  }
  const detachStream = attachStream({ ...options, messages: false, onFault }, (event) => {
    atMs = event.atMs
    switch (event.of) {
      case 'actor':
        onActor(event)
        return
      case 'state':
        onState(event)
        return
      case 'active':
        onActive(event)
        return
      case 'closed':
        onClosed(event)
        return
      case 'passed-over':
        onPassedOver(event)
        return
      default:
        return
    }
  })
  function detach(): void {
    untold.clear()
    detachStream()
  }
  return detach
}
