/**
 * The charts that every node runs, described: the node's own, and that of one connection. A network's
 * session is a chart of its own, and described by itself.
 * @module
 */
import type { Deadlines } from '../actors/protocol.ts'
import { connectionMachine } from '../machines/connection.ts'
import { rootMachine } from '../machines/root.ts'
import { NODE_LIMITS } from '../supervisor/limits.ts'
import { GRACE_MS } from '../supervisor/supervisor.ts'
import { describeChart } from './chart-description.ts'
import type { ChartDescription } from './chart-description.ts'

/** With the delays of a node that is given no limits of its own. */
export const describeRoot = (): ChartDescription =>
  describeChart(rootMachine, { context: { startMs: NODE_LIMITS.startMs, graceMs: GRACE_MS } })

/** With a network's deadlines, how long they are. An answer to a farewell is waited for as it says. */
export const describeConnection = (
  deadlines?: Pick<Deadlines<string>, 'connectMs' | 'establish' | 'flushMs'>,
): ChartDescription => {
  if (deadlines === undefined) return describeChart(connectionMachine)
  const { connectMs, establish, flushMs } = deadlines
  const context = { connectMs, establishMs: establish.ms, flushMs, openedMs: 0, startedMs: 0 }
  return describeChart(connectionMachine, { context })
}
