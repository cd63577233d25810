/**
 * A chart alone, without its node: the shortest way to each of its transitions, and a run of it in
 * which each transition that it takes is seen. Time is an event here, and actors that it invokes do
 * nothing.
 * @module
 */
import { createActor } from 'xstate'
import type { AnyActorLogic, Snapshot } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { transitionIds } from '../../inspector/chart-description.ts'
import { chartOf, edgesOf, statesIn } from '../../inspector/chart-nodes.ts'
import type { ChartEdge, ChartNode } from '../../inspector/chart-nodes.ts'
import { readable } from '../../inspector/readable.ts'
import type { AnyStimuli, AnyStimulus } from './stimuli.ts'

/** Its name is the event's, and the case's where there are several. */
export interface NamedStimulus<Stage> extends AnyStimulus<Stage> {
  readonly name: string
}

const valueOf = (snapshot: Snapshot<unknown>): unknown =>
  'value' in snapshot ? snapshot.value : undefined

const contextOf = (snapshot: Snapshot<unknown>): Readonly<Record<string, unknown>> =>
  'context' in snapshot && typeof snapshot.context === 'object' && snapshot.context !== null
    ? { ...snapshot.context }
    : {}

/** As the observation port writes it. */
export const printValue = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([state, inner]) => `${state}.${printValue(inner)}`)
        .join('|')
    : String(value)

export const printState = (snapshot: Snapshot<unknown>): string => printValue(valueOf(snapshot))

/** By the name of a delay, what is particular about its coming. */
export type Timely<Stage> = Readonly<Record<string, Pick<AnyStimulus<Stage>, 'bring' | 'from'>>>

/** What time does is not in the table of stimuli: it is in the chart. */
function timeIn<Stage>(
  root: ChartNode,
  passTime: (stage: Stage) => void,
  timely: Timely<Stage>,
): readonly NamedStimulus<Stage>[] {
  const edges = statesIn(root).flatMap(({ after }) => after)
  const types = new Map(edges.map(({ delay, eventType }) => [eventType, delay]))
  return [...types].map(([type, delay]) => {
    const name = String(typeof delay === 'string' ? delay : type)
    return {
      ...{ name: `after ${name}`, event: { type }, seenAs: 'after', bring: passTime },
      ...timely[name],
    }
  })
}

export function namedStimuli<Stage>(
  logic: AnyActorLogic,
  stimuli: AnyStimuli<Stage>,
  passTime: (stage: Stage) => void,
  timely: Timely<Stage> = {},
): readonly NamedStimulus<Stage>[] {
  const told = Object.entries(stimuli).flatMap(([type, cases]) =>
    Object.entries(cases).map(([name, stimulus]) => ({
      ...stimulus,
      name: Object.keys(cases).length === 1 ? type : `${type} ${name}`,
    })),
  )
  return [...told, ...timeIn(chartOf(logic).root, passTime, timely)]
}

export interface Model {
  readonly state: string
  snapshot(): Snapshot<unknown>
  /** What is left is not told any more. */
  readonly isOver: boolean
  /** The transitions that it took, by their ids; the first are those of its beginning. */
  readonly taken: readonly string[]
  tell(event: { readonly type: string }): void
  /** Whether anything happens in its state when it is told an event of this type. */
  hears(type: string): boolean
}

const isEdges = (value: unknown): value is readonly ChartEdge[] => Array.isArray(value)

export function startModel(logic: AnyActorLogic, input: unknown): Model {
  const ids = transitionIds(logic)
  const { root } = chartOf(logic)
  const taken: string[] = []
  const actor = createActor(logic, {
    input,
    // Time is told.
    clock: { setTimeout: () => 0, clearTimeout: () => undefined },
    inspect(inspected) {
      if (inspected.type !== '@xstate.microstep') return
      const { _transitions: edges }: { readonly _transitions: unknown } = inspected
      if (!isEdges(edges)) return
      for (const edge of edges) {
        // What it invokes has transitions of its own.
        const id = ids.get(edge)
        if (id !== undefined) taken.push(id)
      }
    },
  })
  // What a chart says is not carried out here; who throws is told by its state.
  actor.subscribe({ error: () => undefined })
  actor.start()
  const snapshot = (): Snapshot<unknown> => actor.getSnapshot() as Snapshot<unknown>

  const isIn = (node: ChartNode, value: unknown): readonly ChartNode[] => {
    if (typeof value === 'string') {
      const inner = node.states[value]
      return inner === undefined ? [node] : [node, inner]
    }
    if (typeof value !== 'object' || value === null) return [node]
    return [
      node,
      ...Object.entries(value).flatMap(([name, within]) => {
        const inner = node.states[name]
        return inner === undefined ? [] : isIn(inner, within)
      }),
    ]
  }

  return {
    snapshot,
    get state() {
      return printState(snapshot())
    },
    get isOver() {
      return snapshot().status !== 'active'
    },
    taken,
    tell(event) {
      actor.send(event)
    },
    hears: (type) =>
      isIn(root, valueOf(snapshot())).some((node) =>
        edgesOf(node).some(({ eventType }) => eventType === type || eventType === '*'),
      ),
  }
}

export interface Path<Stage> {
  /** To which this is the shortest way. */
  readonly transition: string
  readonly steps: readonly NamedStimulus<Stage>[]
}

/** For each transition that can be reached at all the shortest path that ends in it. */
export function pathsOf<Stage>(
  logic: AnyActorLogic,
  input: unknown,
  stimuli: readonly NamedStimulus<Stage>[],
): readonly Path<Stage>[] {
  const byEvent = new Map<object, NamedStimulus<Stage>>(
    stimuli.map((stimulus) => [stimulus.event, stimulus]),
  )
  const cameFrom = ({ from }: NamedStimulus<Stage>, snapshot: Snapshot<unknown>): boolean => {
    if (from === undefined) return true
    const state = printState(snapshot)
    return typeof from === 'function' ? from(state, contextOf(snapshot)) : from.includes(state)
  }
  const ways = getShortestPaths(logic, {
    input,
    events: stimuli.map(({ event }) => event),
    filterEvents: (snapshot: Snapshot<unknown>, event: object) => {
      const stimulus = byEvent.get(event)
      return stimulus !== undefined && cameFrom(stimulus, snapshot)
    },
    stopWhen: (snapshot: Snapshot<unknown>) => snapshot.status !== 'active',
    // What an event holds need not be of a kind that JSON has.
    serializeEvent: (event: { readonly type: string }) => byEvent.get(event)?.name ?? event.type,
    serializeState: (snapshot: Snapshot<unknown>) =>
      JSON.stringify([snapshot.status, valueOf(snapshot), readable(contextOf(snapshot))]),
  })
  const found = new Map<string, Path<Stage>>()
  const note = (transitions: readonly string[], steps: readonly NamedStimulus<Stage>[]): void => {
    for (const transition of transitions) {
      const known = found.get(transition)
      if (known === undefined || known.steps.length > steps.length) {
        found.set(transition, { transition, steps })
      }
    }
  }
  for (const way of ways) {
    // The first step is the beginning itself.
    const steps = way.steps.flatMap(({ event }) => byEvent.get(event as object) ?? [])
    for (const next of [undefined, ...stimuli]) {
      const model = startModel(logic, input)
      for (const { event } of steps) model.tell(event)
      const before = next === undefined ? 0 : model.taken.length
      if (next !== undefined) {
        if (model.isOver || !cameFrom(next, model.snapshot())) continue
        model.tell(next.event)
      }
      if (next === undefined && steps.length > 0) continue
      note(model.taken.slice(before), next === undefined ? steps : [...steps, next])
    }
  }
  return [...found.values()]
}
