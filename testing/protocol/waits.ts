/**
 * The lint over charts: a state that waits for somebody else has a way out that time opens. The
 * connection's chart holds the whole time up to `ready`, and silence afterwards; what a session
 * waits for in between has to be one of the waits that its manifest names.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import { chartOf } from '../../inspector/chart-nodes.ts'
import type { ChartEdge, ChartNode } from '../../inspector/chart-nodes.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { isTimed, lineage } from '../charts/deadlines.ts'
import type { ContractCase } from '../suite.ts'
import type { ProtocolSubject } from './subject.ts'

const says = ({ actions }: ChartEdge, type: string): boolean =>
  actions.some(
    (action) =>
      action === type ||
      (typeof action === 'object' && action !== null && 'type' in action && action.type === type),
  )

const transitionsFrom = (state: ChartNode): readonly ChartEdge[] =>
  lineage(state).flatMap(({ transitions }) => [...transitions.values()].flat())

const entered = (state: ChartNode): readonly ChartNode[] => {
  // XState gives a state without inner ones an initial transition, too: to nowhere.
  const inner = state.initial?.target ?? []
  if (inner.length > 0) return inner.flatMap(entered)
  const parts = Object.values(state.states)
  return parts.length === 0 ? [state] : parts.flatMap(entered)
}

/** The atomic states in which the session can be before it has said `ready`. */
function statesBeforeReady(root: ChartNode): ReadonlySet<ChartNode> {
  const found = new Set<ChartNode>()
  const queue = [...entered(root)]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    if (found.has(state)) continue
    found.add(state)
    for (const transition of transitionsFrom(state)) {
      // What a farewell waits for the manifest says, and the core counts.
      if (transition.eventType === 'leave' || says(transition, 'ready')) continue
      queue.push(...(transition.target ?? []).flatMap(entered))
    }
  }
  return found
}

/** Names of states in which the session waits for the other side, and nothing of its own ends that. */
function untimedWaits<T extends ProtocolTypes>({ session }: Protocol<T>): readonly string[] {
  const { root } = chartOf(session)
  return [...statesBeforeReady(root)]
    .filter((state) => {
      const hears = lineage(state).some(({ on }) => 'unit' in on || 'secured' in on)
      return state.type !== 'final' && hears && !isTimed(state)
    })
    .map(({ id }) => id)
}

export const waitCases = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): readonly ContractCase[] => [
  {
    title: 'no state of the session waits for the other side without an end',
    run() {
      const untimed = untimedWaits(subject.protocol('dialler'))
      if (untimed.length === 0) return Promise.resolve()
      return Promise.reject(new Error(`without a deadline of their own: ${untimed.join(', ')}`))
    },
  },
  {
    title: 'the delays of the session are the deadlines that the manifest names, and as long',
    run() {
      const { deadlines, session } = subject.protocol('dialler')
      const { delays } = chartOf(session).implementations
      const ofManifest = Object.entries(deadlines.session).map(([name, { ms }]) => [name, ms])
      const ofChart = Object.entries(delays)
      const print = (entries: readonly (readonly unknown[])[]) =>
        entries.map(([name, ms]) => `${String(name)} ${String(ms)}`).sort()
      if (print(ofChart).join() === print(ofManifest).join()) return Promise.resolve()
      return Promise.reject(
        new Error(`${print(ofChart).join()} in the chart, ${print(ofManifest).join()} named`),
      )
    },
  },
]
