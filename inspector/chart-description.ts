/**
 * A chart as plain data: its states and transitions with every guard, action, delay and actor by its
 * name, in the order in which they were written. It is stable: the same chart, the same description.
 *
 * What a function would decide is not in it, but for the length of a delay where the caller says of
 * which context.
 * @module
 */
import { chartOf, edgesOf, statesIn } from './chart-nodes.ts'
import type { Chart, ChartEdge, ChartNode, ChartPart } from './chart-nodes.ts'
import { readable } from './readable.ts'
import type { Plain } from './readable.ts'

/** A guard or an action. */
export interface DescribedPart {
  readonly name: string
  /** As far as they stand in the chart; what a function makes of an event does not. */
  readonly params?: Plain
}

export type DescribedTrigger =
  | { readonly kind: 'event'; readonly name: string }
  /** By itself, as soon as its guard holds. */
  | { readonly kind: 'always' }
  /** `ms` where it is known. */
  | { readonly kind: 'after'; readonly delay: string; readonly ms?: number }
  /** An invoked actor, or a state, came to its end; an invoked actor threw. */
  | { readonly kind: 'done' | 'error'; readonly of: string }

export interface DescribedTransition {
  /** Source, trigger, and its place among those of the same trigger. */
  readonly id: string
  readonly source: string
  readonly on: DescribedTrigger
  readonly guard?: DescribedPart
  readonly actions: readonly DescribedPart[]
  /** None: the state stays as it is, and what it waits for goes on. */
  readonly targets: readonly string[]
  readonly reenters: boolean
}

export interface DescribedState {
  readonly id: string
  readonly key: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly parent?: string
  readonly initial?: string
  readonly entry: readonly DescribedPart[]
  readonly exit: readonly DescribedPart[]
  readonly tags: readonly string[]
  readonly invokes: readonly { readonly id: string; readonly actor: string }[]
}

export interface ChartDescription {
  readonly name: string
  /** The chart itself is the first. */
  readonly states: readonly DescribedState[]
  readonly transitions: readonly DescribedTransition[]
}

export interface DescribeOptions {
  /** Left out: the chart's own id. */
  readonly name?: string
  /** What delays that are functions are asked with. Left out: their length is not known. */
  readonly context?: object
}

const KINDS = ['atomic', 'compound', 'parallel', 'final', 'history'] as const

const AFTER = 'xstate.after.'

/** What XState itself puts into entry and exit, so that `after` works. */
const isOfAfter = (part: ChartPart): boolean => {
  if (typeof part !== 'function') return false
  const given: object = part
  if ('sendId' in given) return String(given.sendId).startsWith(AFTER)
  return 'id' in given && String(given.id).startsWith(AFTER)
}

function nameOf(part: ChartPart): string {
  if (typeof part === 'string') return part
  if ('type' in part && typeof part.type === 'string') return part.type
  return 'name' in part && part.name !== '' ? part.name : 'inline'
}

function partOf(part: ChartPart): DescribedPart {
  const params = typeof part === 'object' ? readable(part.params) : undefined
  return { name: nameOf(part), ...(params === undefined ? {} : { params }) }
}

/** The name under which an actor's logic stands in `setup`. */
const actorOf = (src: unknown): string => (typeof src === 'string' ? src : 'inline')

export const statePath = (name: string, { path }: Pick<ChartNode, 'path'>): string =>
  [name, ...path].join('.')

function millisecondsOf(delay: unknown, chart: Chart, context: object | undefined) {
  const given: unknown =
    typeof delay === 'string' ? (chart.implementations.delays[delay] ?? Number(delay)) : delay
  if (typeof given !== 'function') return typeof given === 'number' ? given : undefined
  if (context === undefined) return undefined
  try {
    const made: unknown = Reflect.apply(given, undefined, [{ context, event: { type: '' } }])
    return typeof made === 'number' ? made : undefined
  } catch {
    // It looks at what only a running chart has.
    return undefined
  }
}

const delayName = (delay: unknown): string =>
  typeof delay === 'string' || typeof delay === 'number' ? String(delay) : 'inline'

const isLength = (ms: number | undefined): ms is number =>
  ms !== undefined && Number.isFinite(ms) && ms >= 0

function triggerOf(
  { delay, eventType }: ChartEdge,
  chart: Chart,
  context: object | undefined,
): DescribedTrigger {
  if (eventType === '') return { kind: 'always' }
  if (delay !== undefined) {
    const ms = millisecondsOf(delay, chart, context)
    return { kind: 'after', delay: delayName(delay), ...(isLength(ms) ? { ms } : {}) }
  }
  const [, kind, of = ''] = /^xstate\.(done|error)\.(?:actor|state)\.(.*)$/.exec(eventType) ?? []
  if (kind === 'done' || kind === 'error') return { kind, of }
  return { kind: 'event', name: eventType }
}

function stateOf(name: string, node: ChartNode): DescribedState {
  const [initial] = node.type === 'compound' ? (node.initial?.target ?? []) : []
  return {
    id: statePath(name, node),
    key: node.parent === undefined ? name : node.key,
    kind: KINDS.find((kind) => kind === node.type) ?? 'atomic',
    ...(node.parent === undefined ? {} : { parent: statePath(name, node.parent) }),
    ...(initial === undefined ? {} : { initial: statePath(name, initial) }),
    entry: node.entry.filter((part) => !isOfAfter(part)).map(partOf),
    exit: node.exit.filter((part) => !isOfAfter(part)).map(partOf),
    tags: [...node.tags],
    invokes: node.invoke.map(({ id, src }) => ({ id, actor: actorOf(src) })),
  }
}

const triggerName = (on: DescribedTrigger): string => {
  switch (on.kind) {
    case 'event':
      return on.name
    case 'always':
      return 'always'
    case 'after':
      return `after ${on.delay}`
    case 'done':
    case 'error':
      return `${on.kind} ${on.of}`
  }
}

/** The same for whoever has one of XState's own transitions in hand. */
export function transitionIds(logic: object, name?: string): ReadonlyMap<ChartEdge, string> {
  const chart = chartOf(logic)
  const ids = new Map<ChartEdge, string>()
  for (const node of statesIn(chart.root)) {
    const counts = new Map<string, number>()
    for (const edge of edgesOf(node)) {
      const trigger = triggerName(triggerOf(edge, chart, undefined))
      const place = (counts.get(trigger) ?? 0) + 1
      counts.set(trigger, place)
      const suffix = place === 1 ? '' : ` ${String(place)}`
      ids.set(edge, `${statePath(name ?? chart.id, node)}: ${trigger}${suffix}`)
    }
  }
  return ids
}

/** @throws {TypeError} the logic is no statechart */
export function describeChart(logic: object, options: DescribeOptions = {}): ChartDescription {
  const chart = chartOf(logic)
  const { name = chart.id, context } = options
  const states = statesIn(chart.root)
  const transitions = [...transitionIds(logic, name)].map(([edge, id]): DescribedTransition => {
    const { actions, guard, reenter, source, target = [] } = edge
    return {
      id,
      source: statePath(name, source),
      on: triggerOf(edge, chart, context),
      ...(guard === undefined ? {} : { guard: partOf(guard) }),
      actions: actions.map(partOf),
      targets: target.map((to) => statePath(name, to)),
      reenters: reenter,
    }
  })
  return { name, states: states.map((node) => stateOf(name, node)), transitions }
}
