/**
 * What the matchers look for: that a node or a connection comes to a state, and how a connection ends.
 * No test runner is known here. What is still alive is watched until it holds or the time is up; in a
 * virtual world it is the world that is moved.
 * @module
 */
import type { Phase } from '../machines/reasons.ts'
import type { SupervisorEvent } from '../supervisor/events.ts'
import type { Explanation } from '../supervisor/explanation.ts'
import type { NodeState } from '../supervisor/node-contract.ts'
import type { ConnectionInfo } from '../supervisor/supervisor-contract.ts'
import type { ObservationPort } from '../world/observation.ts'
import { shown } from './flow/literals.ts'
import { isEnd, isInState } from './flow/matching.ts'
import type { ExpectedEnd } from './flow/step.ts'
import type { VirtualWorld } from './virtual-world.ts'

/** Of a node, of a connection, or of a connection's session. */
export type ReachableState = NodeState | Phase | 'closed' | { readonly session: string }

export interface MatcherOptions {
  /** The virtual world in which it lives: moved as far as it takes. Left out: real time passes. */
  readonly world?: VirtualWorld
  /** Default: a minute of a virtual world, or 3 s. */
  readonly withinMs?: number
}

/** What of a supervisor is looked at. */
export interface Watched {
  readonly state: NodeState
  readonly port: ObservationPort
  connections(): readonly ConnectionInfo[]
  explain(connection: string): Explanation | undefined
}

/** One connection of a supervisor, as the nodes of a pair show it. */
export interface WatchedConnection {
  readonly supervisor: Watched
  readonly connection: string
}

export type MatcherSubject = Watched | WatchedConnection | ConnectionInfo | Explanation

export interface MatcherResult {
  readonly pass: boolean
  message(): string
}

const VIRTUAL_MS = 60_000
/** Below the time that common runners give a test. */
const REAL_MS = 3_000

const NODE_STATES: readonly string[] = [
  'idle',
  'starting',
  'running',
  'stopping',
  'stopped',
  'failed',
] satisfies readonly NodeState[]

interface Found {
  readonly holds: boolean
  /** It cannot hold any more. */
  readonly isFinal: boolean
  /** What there is in its place. */
  readonly seen: string
}

const isWatched = (subject: MatcherSubject): subject is Watched => 'port' in subject
const isWatchedConnection = (subject: MatcherSubject): subject is WatchedConnection =>
  'supervisor' in subject

/** What was seen of one connection now and, as far as it is kept, before. */
function stateOf(about: Explanation | ConnectionInfo, wanted: ReachableState): Found {
  const history = 'history' in about ? about.history : []
  const chart = typeof wanted === 'string' ? 'connection' : 'session'
  const name = typeof wanted === 'string' ? wanted : wanted.session
  const was = history.some((entry) => entry.chart === chart && isInState(entry.state, name))
  const session = history.findLast((entry) => entry.chart === 'session')?.state
  return {
    holds: was || about.phase === wanted,
    isFinal: about.phase === 'closed',
    seen: session === undefined ? about.phase : `${about.phase}, its session ${session}`,
  }
}

function endOf(about: Explanation | ConnectionInfo, wanted: ExpectedEnd | undefined): Found {
  const ended = 'ended' in about ? about.ended : undefined
  if (ended === undefined) return { holds: false, isFinal: false, seen: about.phase }
  const { detail, phase, reason } = ended
  return {
    holds: isEnd(wanted, ended),
    isFinal: true,
    seen: `closed with ${shown({ detail, reason, phase })}`,
  }
}

type Look = (about: Explanation | ConnectionInfo) => Found

/** Every connection that a supervisor has or had since it is watched. */
function lookAtAll({ connections, explain }: Watched, names: Set<string>, look: Look): Found {
  for (const { name } of connections()) names.add(name)
  const found = [...names].flatMap((name) => {
    const about = explain(name)
    return about === undefined ? [] : [{ ...look(about), name }]
  })
  return {
    holds: found.some(({ holds }) => holds),
    isFinal: false,
    seen: found.map(({ name, seen }) => `${name} is ${seen}`).join('; ') || 'it has no connection',
  }
}

/** Looked for after each thing that happens, until it holds, cannot hold, or the time is up. */
async function watch(
  { port }: Watched,
  find: () => Found,
  { withinMs, world }: MatcherOptions,
): Promise<Found> {
  let found = find()
  const isOver = (): boolean => {
    found = find()
    return found.holds || found.isFinal
  }
  if (isOver()) return found
  if (world !== undefined) {
    world.runUntil(isOver, { withinMs: withinMs ?? VIRTUAL_MS })
    return found
  }
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer)
      stop()
      resolve(found)
    }
    const look = (): void => {
      if (isOver()) settle()
    }
    const timer = setTimeout(settle, withinMs ?? REAL_MS)
    // The step is over by then, and what it led to can be asked for.
    const stop = port.watch(() => {
      queueMicrotask(look)
    })
  })
}

async function match(
  subject: MatcherSubject,
  what: string,
  look: Look,
  options: MatcherOptions,
  ofNode?: (node: Watched) => Found,
): Promise<MatcherResult> {
  const names = new Set<string>()
  let found: Found
  if (isWatched(subject)) {
    const startedNames = (event: SupervisorEvent | { readonly type: string }): void => {
      if ('connection' in event && event.type === 'connection.started') names.add(event.connection)
    }
    const stop = subject.port.watch((observation) => {
      if (observation.of === 'event') startedNames(observation.event)
    })
    found = await watch(
      subject,
      () => ofNode?.(subject) ?? lookAtAll(subject, names, look),
      options,
    )
    stop()
  } else if (isWatchedConnection(subject)) {
    const { connection, supervisor } = subject
    found = await watch(
      supervisor,
      () => {
        const about = supervisor.explain(connection)
        if (about !== undefined) return look(about)
        return { holds: false, isFinal: true, seen: `there is no connection ${connection}` }
      },
      options,
    )
  } else {
    found = look(subject)
  }
  return {
    pass: found.holds,
    message: () => `it was ${found.holds ? 'not ' : ''}to ${what}; ${found.seen}`,
  }
}

/** Whether it is in the state, was as far as that is kept, or comes to it in time. */
export const reachesState = (
  subject: MatcherSubject,
  state: ReachableState,
  options: MatcherOptions = {},
): Promise<MatcherResult> =>
  match(
    subject,
    `reach ${shown(state)}`,
    (about) => stateOf(about, state),
    options,
    typeof state === 'string' && NODE_STATES.includes(state)
      ? (node) => ({
          holds: node.state === state,
          isFinal: node.state === 'stopped' || node.state === 'failed',
          seen: `the node is ${node.state}`,
        })
      : undefined,
  )

/** Whether a connection ended so, or does in time; left out: however. */
export const closesWith = (
  subject: MatcherSubject,
  how: ExpectedEnd,
  options: MatcherOptions = {},
): Promise<MatcherResult> =>
  match(subject, `close with ${shown(how)}`, (about) => endOf(about, how), options)
