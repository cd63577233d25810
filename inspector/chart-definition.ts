/**
 * A chart's definition as the text that `createMachine(JSON.parse(text))` takes: its states and
 * transitions, with every action, guard, delay and actor as a name. No function is in it, and nothing
 * that a running chart holds.
 * @module
 */
import type { ChartDescription, DescribedPart, DescribedState } from './chart-description.ts'
import type { DescribedTransition } from './chart-description.ts'
import type { Plain } from './readable.ts'

type Fields = Readonly<Record<string, Plain>>

const part = ({ name, params }: DescribedPart): Fields => ({
  type: name,
  ...(params === undefined ? {} : { params }),
})

/** Left out where there is nothing: a definition is read by people as well. */
const some = (name: string, parts: readonly Plain[]): Fields =>
  parts.length === 0 ? {} : { [name]: parts }

function transitionConfig(transition: DescribedTransition): Fields {
  const { actions, guard, reenters, targets } = transition
  return {
    ...some(
      'target',
      targets.map((id) => `#${id}`),
    ),
    ...(guard === undefined ? {} : { guard: part(guard) }),
    ...some('actions', actions.map(part)),
    ...(reenters ? { reenter: true } : {}),
  }
}

/** By what they are taken on, in their order. */
function grouped(
  transitions: readonly DescribedTransition[],
  nameOf: (transition: DescribedTransition) => string | undefined,
): Readonly<Record<string, readonly Fields[]>> {
  const groups: Record<string, Fields[]> = {}
  for (const transition of transitions) {
    const name = nameOf(transition)
    if (name !== undefined) (groups[name] ??= []).push(transitionConfig(transition))
  }
  return groups
}

function stateConfig(chart: ChartDescription, state: DescribedState): Fields {
  const own = chart.transitions.filter(({ source }) => source === state.id)
  const children = chart.states.filter(({ parent }) => parent === state.id)
  const on = grouped(own, (one) => (one.on.kind === 'event' ? one.on.name : undefined))
  const after = grouped(own, (one) => (one.on.kind === 'after' ? one.on.delay : undefined))
  const always = own.filter((one) => one.on.kind === 'always')
  const ends = (kind: 'done' | 'error', of: string) =>
    own.filter((one) => one.on.kind === kind && one.on.of === of).map(transitionConfig)
  const invoked = new Set(state.invokes.map(({ id }) => id))
  const onDone = own.filter((one) => one.on.kind === 'done' && !invoked.has(one.on.of))
  const initial = chart.states.find(({ id }) => id === state.initial)
  return {
    id: state.id,
    ...(state.kind === 'atomic' || state.kind === 'compound' ? {} : { type: state.kind }),
    ...(initial === undefined ? {} : { initial: initial.key }),
    ...some('tags', state.tags),
    ...some('entry', state.entry.map(part)),
    ...some('exit', state.exit.map(part)),
    ...some(
      'invoke',
      state.invokes.map(({ actor, id }) => ({
        id,
        src: actor,
        ...some('onDone', ends('done', id)),
        ...some('onError', ends('error', id)),
      })),
    ),
    ...(Object.keys(on).length === 0 ? {} : { on }),
    ...(Object.keys(after).length === 0 ? {} : { after }),
    ...some('always', always.map(transitionConfig)),
    ...some('onDone', onDone.map(transitionConfig)),
    ...(children.length === 0
      ? {}
      : {
          states: Object.fromEntries(
            children.map((child) => [child.key, stateConfig(chart, child)] as const),
          ),
        }),
  }
}

/** One line of JSON. */
export function definitionText(chart: ChartDescription): string {
  const [root] = chart.states
  return JSON.stringify(root === undefined ? {} : stateConfig(chart, root))
}
