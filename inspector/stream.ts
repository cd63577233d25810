/**
 * A running node as one typed stream: who is there, what its charts do, which messages pass, what ends
 * and why. It is attached by subscribing and detached by unsubscribing, at any time; what nobody
 * subscribes to costs nothing.
 *
 * Nothing waits in it: an event is told within the step that it belongs to, or passed over and counted,
 * so many of each kind a second. What is passed over is said.
 * @module
 */
import type { Observable } from 'rxjs'
import { GuardedObservable } from '../actors/guarded-observable.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import type { Observation, ObservationKind } from '../world/observation.ts'
import { readable } from './readable.ts'
import type { Plain } from './readable.ts'
import type { StreamEvent, StreamKind } from './stream-events.ts'

export interface StreamOptions<T extends ProtocolTypes> {
  readonly supervisor: Pick<
    Supervisor<T>,
    'actor' | 'connections' | 'explain' | 'inside' | 'port' | 'state'
  >
  /** Which connections are told of. Left out: all. */
  shows?(connection: string): boolean
  /** Left out: messages are told of too. Without them a busy connection costs a branch a message. */
  readonly messages?: boolean
  /** Events of each kind in a second. Default 1,000: more than a person or a page can follow. */
  readonly perSecondMax?: number
  /** What a subscriber, or a part of the node that was looked at, threw. It is detached by then. */
  onFault?(error: unknown): void
  /** For what is told outside of a step. Left out: the platform's clock. */
  wallMs?(): number
}

export const STREAM_PER_SECOND_MAX = 1_000
const SECOND_MS = 1_000

type Untimed<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never

/** The port tells the supervisor's events by their type alone; under it nothing but these is told. */
const isSupervisorEvent = (event: { readonly type: string }): event is SupervisorEvent =>
  event.type !== 'events-subscriber.threw'

const noneLeftOut = (): Record<StreamKind, number> => ({ lives: 0, states: 0, messages: 0 })

/** So many a second of each kind, by the time of the steps. */
function createAllowance(perSecondMax: number) {
  let secondMs = -Infinity
  let used = noneLeftOut()
  let leftOut = noneLeftOut()
  return {
    /** What was passed over in the second before, where this is a new one. */
    begin(nowMs: number): Readonly<Record<StreamKind, number>> | undefined {
      if (Math.abs(nowMs - secondMs) < SECOND_MS) return undefined
      secondMs = nowMs
      used = noneLeftOut()
      const before = leftOut
      leftOut = noneLeftOut()
      return before.lives + before.states + before.messages > 0 ? before : undefined
    },
    allows(kind: StreamKind): boolean {
      if (used[kind] < perSecondMax) {
        used[kind]++
        return true
      }
      leftOut[kind]++
      return false
    },
  }
}

/** @returns detaches. What `take` throws while those that are there are told goes to the caller. */
export function attachStream<T extends ProtocolTypes>(
  options: StreamOptions<T>,
  take: (event: StreamEvent) => void,
): () => void {
  const { messages = true, perSecondMax = STREAM_PER_SECOND_MAX, supervisor } = options
  const { shows = () => true, wallMs = () => Date.now() } = options
  const node = supervisor.actor.id
  const allowance = createAllowance(perSecondMax)
  /** Connections that are told of; the value: whether their session is. */
  const told = new Map<string, boolean>()
  let stepMs: number | undefined
  /** Most messages are of the connection that the one before was of. */
  let lastName: string | undefined
  let isLastTold = false

  const isTold = (connection: string): boolean => {
    if (connection === lastName) return isLastTold
    lastName = connection
    isLastTold = told.has(connection)
    return isLastTold
  }

  const setTold = (connection: string, hasSession: boolean): void => {
    told.set(connection, hasSession)
    lastName = undefined
  }

  const tell = (event: Untimed<StreamEvent>): void => {
    take({ ...event, atMs: stepMs ?? wallMs() })
  }

  /** Of a session too: it is told of with its connection. */
  const tellSession = (connection: string, state: string): void => {
    if (told.get(connection) === true) return
    setTold(connection, true)
    const about = { name: `${connection}/session`, parent: connection, about: {} }
    tell({ of: 'actor', actor: 'session', state, ...about })
  }

  // ---- what the node tells -----------------------------------------------------------------------

  const onTransition = ({
    chart,
    event,
    name,
    state,
  }: Extract<Observation, { readonly of: 'transition' }>): void => {
    if (chart === 'root') {
      if (allowance.allows('states')) tell({ of: 'state', name, chart, event, state })
      return
    }
    if (!told.has(name) || (chart !== 'connection' && chart !== 'session')) return
    if (chart === 'session') tellSession(name, state)
    if (!allowance.allows('states')) return
    const of = chart === 'session' ? `${name}/session` : name
    tell({ of: 'state', name: of, chart, event, state })
  }

  const onMessage = ({
    bytesOnWire,
    connection,
    direction,
    type,
  }: Pick<
    Extract<Observation, { readonly of: 'message' }>,
    'bytesOnWire' | 'connection' | 'direction' | 'type'
  >): void => {
    if (!isTold(connection) || !allowance.allows('messages')) return
    tell({ of: 'message', connection, direction, type, bytesOnWire })
  }

  const onClosed = (
    event: Extract<SupervisorEvent, { readonly type: 'connection.closed' }>,
  ): void => {
    const { connection, detail, phase, reason } = event
    // The end of what was told of is told, however much there is.
    if (!told.delete(connection)) return
    lastName = undefined
    const { dropped, handledMessages, receivedBytes, receivedMessages, sentBytes } = event
    const counters = { dropped, handledMessages, receivedBytes, receivedMessages, sentBytes }
    tell({ of: 'closed', connection, reason, detail, phase, counters })
  }

  const onEvent = (event: SupervisorEvent): void => {
    switch (event.type) {
      case 'connection.started': {
        const { address, connection, role, slot } = event
        if (!shows(connection) || !allowance.allows('lives')) return
        setTold(connection, false)
        const state = role === 'dialler' ? 'connecting' : 'handshaking'
        const about = { address, role, slot }
        tell({ of: 'actor', name: connection, parent: node, actor: 'connection', state, about })
        return
      }
      case 'connection.active': {
        const { connection, handshakeMs, identity } = event
        if (!told.has(connection) || !allowance.allows('lives')) return
        const facts = readable(supervisor.inside.connection(connection)?.view.facts) ?? null
        tell({ of: 'active', connection, identity, handshakeMs, facts })
        return
      }
      case 'connection.closed':
        onClosed(event)
        return
      default: {
        if (!allowance.allows('lives')) return
        const { type, ...fields } = event
        tell({ of: 'event', type, fields: readable(fields) ?? null })
      }
    }
  }

  const onStep = (nowMs: number, atMs: number): void => {
    stepMs = atMs
    const counts = allowance.begin(nowMs)
    if (counts !== undefined) tell({ of: 'passed-over', counts })
  }

  const watcher = (observation: Observation): void => {
    switch (observation.of) {
      case 'message':
        onMessage(observation)
        return
      case 'written':
        onMessage({ ...observation, direction: 'sent' })
        return
      case 'transition':
        onTransition(observation)
        return
      case 'refused': {
        const { bytesOnWire, connection, detail } = observation
        if (!told.has(connection) || !allowance.allows('messages')) return
        tell({ of: 'refused', connection, detail, bytesOnWire })
        return
      }
      case 'event':
        if (isSupervisorEvent(observation.event)) onEvent(observation.event)
        return
      case 'step':
        onStep(observation.step.monotonicMs, observation.step.wallMs)
        return
      case 'effect':
      case 'timing':
        return
    }
  }

  // ---- those that were there before anybody looked, as they are now: all of them, outside of a step ---

  const tellPresent = (): void => {
    const root = { actor: 'node', state: supervisor.state, about: {} } as const
    tell({ of: 'actor', name: node, parent: undefined, ...root })
    for (const { name, state } of supervisor.inside.children()) {
      const child = { parent: node, actor: 'child', state, about: {} } as const
      tell({ of: 'actor', name: `${node}/${name}`, ...child })
    }
    for (const { address, facts, identity, name, phase, role, slot } of supervisor.connections()) {
      if (!shows(name)) continue
      const shownFacts = readable(facts)
      const about: Record<string, Plain> = {
        ...{ address, role, slot },
        ...(identity === undefined ? {} : { identity }),
        ...(shownFacts === undefined ? {} : { facts: shownFacts }),
      }
      const { history = [] } = supervisor.explain(name) ?? {}
      // A session that has been told much may have pushed out what its connection last did.
      const state = history.findLast(({ chart }) => chart === 'connection')?.state ?? phase
      setTold(name, false)
      tell({ of: 'actor', name, parent: node, actor: 'connection', state, about })
      const session = history.findLast(({ chart }) => chart === 'session')
      if (session !== undefined) tellSession(name, session.state)
    }
  }

  tellPresent()
  const kinds: ObservationKind[] = ['event', 'step', 'transition']
  if (messages) kinds.push('message', 'refused', 'written')
  const unwatch = supervisor.port.watch(watcher, {
    kinds,
    onFault(error) {
      told.clear()
      options.onFault?.(error)
    },
  })
  return () => {
    unwatch()
    told.clear()
  }
}

/** The same as an observable: each subscription is a stream of its own. It completes with the node. */
export const inspectionOf = <T extends ProtocolTypes>(
  options: StreamOptions<T>,
): Observable<StreamEvent> =>
  new GuardedObservable<StreamEvent>(
    (error) => options.onFault?.(error),
    (subscriber) => {
      const detach = attachStream(options, (event) => {
        subscriber.next(event)
        if (event.of === 'event' && event.type === 'node.stopped') subscriber.complete()
      })
      // Of a node that is over nothing more is told.
      const { state } = options.supervisor
      if (state === 'stopped' || state === 'failed') subscriber.complete()
      return detach
    },
  )
