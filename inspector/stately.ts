/**
 * A running node as a stream of the events that `@statelyai/inspect` receives: its charts as actors,
 * the node's at the root, connections below it, each session below its connection.
 *
 * It watches the observation port and asks nothing of the node that the public API does not tell.
 * What is shown of an actor is listed here, one by one: its name, role, address, identity and facts,
 * how it ended. No message, no payload, no key can be among it. Detached, it costs nothing.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import { connectionMachine } from '../machines/connection.ts'
import { rootMachine } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { definitionText } from './chart-definition.ts'
import { describeChart } from './chart-description.ts'
import { chartOf } from './chart-nodes.ts'
import type { ChartNode } from './chart-nodes.ts'
import { readable } from './readable.ts'
import type { Plain } from './readable.ts'
import { stateValueOf } from './state-value.ts'
import type { StateValue } from './state-value.ts'
import type { StatelyEvent, StatelySnapshot } from './stately-events.ts'

/** The version of the package whose events these are. */
const VERSION = '0.7.2'
/** Characters. A page draws no chart of this size, and each actor carries its own copy. */
const DEFINITION_LENGTH_MAX = 65_535

export interface StatelyOptions<T extends ProtocolTypes> {
  readonly supervisor: Pick<Supervisor<T>, 'actor' | 'connections' | 'events' | 'explain' | 'port'>
  readonly protocol: Pick<Protocol<T>, 'name' | 'session'>
  /** Called within the node's step: it takes the event and returns. */
  send(event: StatelyEvent): void
  /** What `send` threw. It is called no more. */
  onFault?(error: unknown): void
  /** Which connections are shown. Left out: all. */
  shows?(connection: string): boolean
  /** For what is told outside of a step. Left out: the platform's clock. */
  wallMs?(): number
}

type ChartName = 'connection' | 'session'

interface ShownChart {
  /** What it is called, whatever its name. */
  readonly title: string
  readonly root: ChartNode
  readonly definition: string
}

interface ShownConnection {
  /** What is known of it, by field. */
  readonly context: Record<string, Plain>
  readonly values: Map<ChartName, StateValue>
}

function chartFor(logic: object, title: string): ShownChart {
  // In an id of XState a dot leads to a state inside.
  const name = title.replaceAll('.', '-')
  const whole = definitionText(describeChart(logic, { name }))
  const definition = whole.length > DEFINITION_LENGTH_MAX ? JSON.stringify({ id: name }) : whole
  return { title, root: chartOf(logic).root, definition }
}

const sessionIdOf = (connection: string, chart: ChartName): string =>
  chart === 'session' ? `${connection}/session` : connection

/** @returns detaches. What `send` throws while those that are there are told goes to the caller. */
export function attachStately<T extends ProtocolTypes>(options: StatelyOptions<T>): () => void {
  const { protocol, supervisor, send, shows = () => true, wallMs = () => Date.now() } = options
  const rootId = supervisor.actor.id
  const rootChart = chartFor(rootMachine, 'root')
  const charts: Readonly<Record<ChartName, ShownChart>> = {
    connection: chartFor(connectionMachine, 'connection'),
    session: chartFor(protocol.session, protocol.name),
  }
  const connections = new Map<string, ShownConnection>()
  let nextId = 1
  let stepMs: number | undefined

  const common = (sessionId: string) => ({
    ...{ sessionId, rootId, id: String(nextId++), _version: VERSION },
    createdAt: String(Math.floor(stepMs ?? wallMs())),
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

  // ---- the node --------------------------------------------------------------------------------

  const rootSnapshot = (): StatelySnapshot => {
    const { context, status, value } = supervisor.actor.getSnapshot()
    const now = shown(value as StateValue, readable(context) ?? null)
    return status === 'done' ? { ...now, status, output: null } : now
  }

  // ---- connections -----------------------------------------------------------------------------

  const onTransition = (name: string, chart: ChartName, event: string, state: string): void => {
    const connection = connections.get(name)
    if (connection === undefined) return
    const sessionId = sessionIdOf(name, chart)
    const parentId = chart === 'session' ? name : rootId
    const value = stateValueOf(charts[chart].root, state)
    const isNew = !connection.values.has(chart)
    connection.values.set(chart, value)
    const snapshot = shown(value, { ...connection.context })
    if (isNew) announce(sessionId, parentId, charts[chart], snapshot)
    tellEvent(sessionId, chart === 'session' ? parentId : undefined, event)
    tellSnapshot(sessionId, event, snapshot)
  }

  const onActive = (name: string, identity: string | undefined): void => {
    const connection = connections.get(name)
    if (connection === undefined) return
    const info = supervisor.connections().find((one) => one.name === name)
    const facts = readable(info?.facts)
    if (identity !== undefined) connection.context['identity'] = identity
    if (facts !== undefined) connection.context['facts'] = facts
    for (const [chart, value] of connection.values) {
      const snapshot = shown(value, { ...connection.context })
      tellSnapshot(sessionIdOf(name, chart), 'connection.active', snapshot)
    }
  }

  const onClosed = (name: string, output: Plain): void => {
    const connection = connections.get(name)
    if (connection === undefined) return
    connections.delete(name)
    for (const [chart, value] of connection.values) {
      const last = shown(value, { ...connection.context })
      tellSnapshot(
        sessionIdOf(name, chart),
        'connection.closed',
        chart === 'session'
          ? { ...last, status: 'stopped', output: undefined }
          : { ...last, status: 'done', output },
      )
    }
  }

  const onEvent = (event: SupervisorEvent): void => {
    switch (event.type) {
      case 'connection.started': {
        const { address, connection, role, slot } = event
        if (!shows(connection)) return
        const context = { address, role, slot }
        // Its session speaks first; whoever is shown below it needs it there.
        const value = role === 'dialler' ? 'connecting' : 'handshaking'
        connections.set(connection, { context, values: new Map([['connection', value]]) })
        announce(connection, rootId, charts.connection, shown(value, { ...context }))
        return
      }
      case 'connection.active':
        onActive(event.connection, event.identity)
        return
      case 'connection.closed': {
        const { detail, phase, reason } = event
        onClosed(event.connection, { reason, detail, phase })
        return
      }
      default:
        return
    }
  }

  /** Those that were there before anybody looked, as they are now. */
  const announcePresent = (): void => {
    announce(rootId, undefined, rootChart, rootSnapshot())
    for (const { address, facts, identity, name, phase, role, slot } of supervisor.connections()) {
      if (!shows(name)) continue
      const context: Record<string, Plain> = { address, role, slot }
      const shownFacts = readable(facts)
      if (identity !== undefined) context['identity'] = identity
      if (shownFacts !== undefined) context['facts'] = shownFacts
      const values = new Map<ChartName, StateValue>()
      connections.set(name, { context, values })
      const { history = [] } = supervisor.explain(name) ?? {}
      for (const chart of ['connection', 'session'] as const) {
        const last = history.findLast((entry) => entry.chart === chart)
        // A session that has been told much may have pushed out what its connection last did.
        const state = last?.state ?? (chart === 'connection' ? phase : undefined)
        if (state === undefined) continue
        const value = stateValueOf(charts[chart].root, state)
        values.set(chart, value)
        const parentId = chart === 'session' ? name : rootId
        announce(sessionIdOf(name, chart), parentId, charts[chart], shown(value, { ...context }))
      }
    }
  }

  announcePresent()
  let detached = false
  const detach = (): void => {
    detached = true
    unwatch()
    subscription.unsubscribe()
    connections.clear()
  }
  const contained = (run: () => void): void => {
    if (detached) return
    try {
      run()
    } catch (error) {
      detach()
      options.onFault?.(error)
    }
  }
  const unwatch = supervisor.port.watch(
    (observation) => {
      if (observation.of === 'step') stepMs = observation.step.wallMs
      if (observation.of !== 'transition') return
      const { chart, event, name, state } = observation
      contained(() => {
        if (chart === 'connection' || chart === 'session') onTransition(name, chart, event, state)
        else {
          tellEvent(rootId, undefined, event)
          tellSnapshot(rootId, event, rootSnapshot())
        }
      })
    },
    { kinds: ['step', 'transition'] },
  )
  const subscription = supervisor.events.subscribe((event) => {
    contained(() => {
      onEvent(event)
    })
  })
  return detach
}
