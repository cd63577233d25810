/**
 * Whether nodes are alive and whether they are ready, as whoever restarts or routes to them asks. It costs
 * the same whatever a node has of connections.
 * @module
 */
import type { NodeState } from '../index.ts'
import type { Metered } from './subject.ts'

export interface HealthAnswer {
  readonly isWell: boolean
  readonly body: {
    readonly status: 'failed' | 'healthy' | 'not-ready' | 'ready'
    readonly nodes: readonly {
      readonly node: string
      readonly state: NodeState
      readonly isPaused: boolean
    }[]
  }
}

const describe = (nodes: readonly Metered[]): HealthAnswer['body']['nodes'] =>
  nodes.map(({ actor, isPaused, state }) => ({ node: actor.id, state, isPaused }))

/** Failing means: start it anew. A node that starts or stops is in good health. */
export function healthOf(nodes: readonly Metered[]): HealthAnswer {
  const isWell = nodes.every(({ state }) => state !== 'failed')
  return { isWell, body: { status: isWell ? 'healthy' : 'failed', nodes: describe(nodes) } }
}

/** Ready: every node runs, and none is paused. */
export function readinessOf(nodes: readonly Metered[]): HealthAnswer {
  const isWell = nodes.every(({ isPaused, state }) => state === 'running' && !isPaused)
  return { isWell, body: { status: isWell ? 'ready' : 'not-ready', nodes: describe(nodes) } }
}
