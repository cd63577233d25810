/**
 * What is looked at of a chart that XState has made, whatever its types: its states, their
 * transitions, and the implementations that its `setup` names. It reads, and runs nothing.
 * @module
 */

/** An action or a guard in a chart: its name alone, its name with parameters, or a function. */
export type ChartPart =
  | string
  | { readonly type: string; readonly params?: unknown }
  | ((...parameters: never) => unknown)

export interface ChartEdge {
  readonly source: ChartNode
  readonly target?: readonly ChartNode[] | undefined
  readonly actions: readonly ChartPart[]
  readonly guard?: ChartPart | undefined
  readonly reenter: boolean
  readonly eventType: string
  /** Of a transition that time takes. */
  readonly delay?: unknown
}

export interface ChartNode {
  readonly id: string
  readonly key: string
  readonly path: readonly string[]
  readonly type: string
  readonly parent?: ChartNode | undefined
  readonly states: Readonly<Record<string, ChartNode>>
  readonly initial?: { readonly target: readonly ChartNode[] }
  readonly entry: readonly ChartPart[]
  readonly exit: readonly ChartPart[]
  readonly tags: readonly string[]
  readonly after: readonly ChartEdge[]
  readonly always?: readonly ChartEdge[] | undefined
  readonly on: Readonly<Record<string, readonly ChartEdge[]>>
  /** By event, those of time and of invoked actors among them; without `always`. */
  readonly transitions: ReadonlyMap<string, readonly ChartEdge[]>
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[]
}

export interface Chart {
  readonly id: string
  readonly root: ChartNode
  readonly implementations: { readonly delays: Readonly<Record<string, unknown>> }
}

/** @throws {TypeError} the logic is no statechart */
export function chartOf(logic: object): Chart {
  const isChart = (given: object): given is Chart => 'root' in given && 'implementations' in given
  if (!isChart(logic)) throw new TypeError('the logic is no statechart')
  return logic
}

/** Undefined where it has no such state: names come from recordings too, and may be `constructor`. */
export const childOf = (node: ChartNode, name: string): ChartNode | undefined =>
  Object.hasOwn(node.states, name) ? node.states[name] : undefined

/** The state and all inside of it, in the order in which they were written. */
export const statesIn = (node: ChartNode): readonly ChartNode[] => [
  node,
  ...Object.values(node.states).flatMap(statesIn),
]

/** Those of the state itself: first what needs no event. */
export const edgesOf = (node: ChartNode): readonly ChartEdge[] => [
  ...(node.always ?? []),
  ...[...node.transitions.values()].flat(),
]
