/**
 * Which transitions a running chart takes: what the observation port tells are states, and two
 * transitions may lead to the same one. It looks in front of each step of the chart, and changes none.
 * @module
 */
import { transitionIds } from '../../inspector/chart-description.ts'
import type { ChartEdge } from '../../inspector/chart-nodes.ts'

export interface TakenTransitions {
  /** By their ids, in their order; those that need no event are not among them. */
  readonly taken: readonly string[]
  /** The same chart, looked at. Also where an owner provides it with more. */
  watch<Logic extends object>(logic: Logic): Logic
}

type Call = (...parameters: readonly unknown[]) => unknown

const isCall = (value: unknown): value is Call => typeof value === 'function'

interface Stepping {
  getTransitionData(snapshot: unknown, event: unknown): readonly ChartEdge[]
}

const isStepping = (logic: object): logic is Stepping =>
  'getTransitionData' in logic && isCall(logic.getTransitionData)

export function recordTransitions(): TakenTransitions {
  const taken: string[] = []

  const watch = <Logic extends object>(logic: Logic): Logic => {
    if (!isStepping(logic)) throw new TypeError('the logic is no statechart')
    const ids = transitionIds(logic)
    return new Proxy(logic, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (!isCall(value)) return value
        if (name === 'transition') {
          return (...parameters: readonly unknown[]) => {
            const [snapshot, event] = parameters
            for (const edge of logic.getTransitionData(snapshot, event)) {
              taken.push(ids.get(edge) ?? 'unknown')
            }
            return Reflect.apply(value, of, parameters)
          }
        }
        if (name !== 'provide') return value
        return (...parameters: readonly unknown[]) => {
          const provided: unknown = Reflect.apply(value, of, parameters)
          return typeof provided === 'object' && provided !== null ? watch(provided) : provided
        }
      },
    })
  }
  return { taken, watch }
}
