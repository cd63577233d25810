/**
 * The lint over the core's charts: in whatever state one waits, time opens a way out of it, or it is
 * said why it may wait for ever.
 * @module
 */
import { statePath } from '../../inspector/chart-description.ts'
import { chartOf, statesIn } from '../../inspector/chart-nodes.ts'
import type { ChartNode } from '../../inspector/chart-nodes.ts'
import type { ContractCase } from '../suite.ts'

/** The state and those around it. */
export const lineage = (state: ChartNode): readonly ChartNode[] =>
  state.parent === undefined ? [state] : [state, ...lineage(state.parent)]

/** Whether time opens a way out of the state, or of one around it. */
export const isTimed = (state: ChartNode): boolean =>
  lineage(state).some(({ after }) => after.length > 0)

/** It is left as soon as it is entered. */
const isPassed = ({ always = [] }: ChartNode): boolean =>
  always.some(({ guard, target }) => guard === undefined && target !== undefined)

const isWaiting = (state: ChartNode): boolean =>
  Object.keys(state.states).length === 0 &&
  !['final', 'history'].includes(state.type) &&
  !isPassed(state)

/** By their ids, the states in which the chart waits and nothing of its own ends that. */
export function untimedStates(logic: object): readonly string[] {
  const chart = chartOf(logic)
  return statesIn(chart.root)
    .filter((state) => isWaiting(state) && !isTimed(state))
    .map((state) => statePath(chart.id, state))
}

/** @param excused by the id of a state, what ends the wait instead, or why it needs no end */
export const deadlineCase = (
  logic: object,
  excused: Readonly<Record<string, string>>,
): ContractCase => ({
  title: 'in no state it waits without an end',
  run() {
    const untimed = untimedStates(logic)
    const wrong = untimed.filter((id) => !Object.hasOwn(excused, id))
    const needless = Object.keys(excused).filter((id) => !untimed.includes(id))
    if (wrong.length === 0 && needless.length === 0) return Promise.resolve()
    return Promise.reject(
      new Error(
        `without a deadline: ${wrong.join(', ') || 'none'}; ` +
          `excused, and it has one: ${needless.join(', ') || 'none'}`,
      ),
    )
  },
})
