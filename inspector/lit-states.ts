/**
 * Which states of a chart are lit where its state is written as text, under the ids of its description.
 * @module
 */
import { chartOf, childOf } from './chart-nodes.ts'
import { statePath } from './chart-description.ts'
import type { ChartNode } from './chart-nodes.ts'
import { stateValueOf } from './state-value.ts'
import type { StateValue } from './state-value.ts'

/** @returns the ids of a state of this chart, outer ones first; none where it is no state of it */
export function litStates(logic: object): (text: string) => readonly string[] {
  const { id, root } = chartOf(logic)

  const below = (node: ChartNode, value: StateValue): readonly ChartNode[] =>
    Object.entries(typeof value === 'string' ? { [value]: {} } : value).flatMap(([key, inner]) => {
      const child = childOf(node, key)
      return child === undefined ? [] : [child, ...below(child, inner)]
    })

  return (text) => {
    const value = stateValueOf(root, text)
    const lit = below(root, value)
    if (lit.length === 0) return []
    return [root, ...lit]
      .toSorted((one, other) => one.path.length - other.path.length)
      .map((node) => statePath(id, node))
  }
}
