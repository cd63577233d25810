/**
 * The charts that a node runs, under the names by which a page asks for them.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { describeChart } from './chart-description.ts'
import type { ChartDescription } from './chart-description.ts'
import { describeConnection, describeRoot } from './core-charts.ts'

/** @returns a chart by its name, with the delays of the network's manifest */
export function nodeCharts<T extends ProtocolTypes>({
  deadlines,
  session,
}: Pick<Protocol<T>, 'deadlines' | 'session'>): (name: string) => ChartDescription | undefined {
  const all = [describeRoot(), describeConnection(deadlines), describeChart(session)]
  const charts = new Map(all.map((chart) => [chart.name, chart]))
  return (name) => charts.get(name)
}
