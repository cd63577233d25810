/**
 * A chart as the text of a Mermaid state diagram: nested states, transitions with their guards and
 * actions by name, delays with their milliseconds, ends.
 *
 * A diagram cannot draw an arrow from a state to what is inside of it, nor to itself where it has
 * states inside: what holds anywhere in such a state leaves from a box inside of it that says so.
 * Each transition is one line.
 * @module
 */
import type { ChartDescription, DescribedState, DescribedTransition } from './chart-description.ts'
import { innerLines, partsText, partText, triggerText } from './chart-text.ts'

/** What would end a label, or begin something else in it. */
const plainText = (text: string): string => text.replaceAll(/[:;"{}<>\n\r]+/g, ' ').trim()

function labelOf({ actions, guard, on, reenters, targets }: DescribedTransition): string {
  const parts = [triggerText(on)]
  if (guard !== undefined) parts.push(`[${partText(guard)}]`)
  if (actions.length > 0) parts.push(`/ ${partsText(actions)}`)
  if (targets.length === 0) parts.push(actions.length === 0 ? '(ignored)' : '(stays)')
  if (targets.length > 1) parts.push(`(${String(targets.length)} targets)`)
  if (reenters) parts.push('(enters again)')
  return plainText(parts.join(' '))
}

/** Names that Mermaid takes: letters, digits, `_`. Different states have different ones. */
function createIds(states: readonly DescribedState[]): (id: string) => string {
  const taken = new Set<string>()
  const ids = new Map<string, string>()
  for (const { id } of states) {
    const base = id.replaceAll(/[^A-Za-z0-9]/g, '_')
    let own = base
    for (let count = 2; taken.has(own); count++) own = `${base}_${String(count)}`
    taken.add(own)
    ids.set(id, own)
  }
  return (id) => ids.get(id) ?? id
}

/** Lines between regions would leave arrows from one to another without a place: it is said instead. */
const titleOf = ({ key, kind }: DescribedState): string =>
  plainText(kind === 'parallel' ? `${key} (all of it at once)` : key)

const isInside = (id: string, of: string): boolean => id === of || id.startsWith(`${of}.`)

export function mermaidText({ name, states, transitions }: ChartDescription): string {
  const mermaidId = createIds(states)
  const byId = new Map(states.map((state) => [state.id, state]))
  const childrenOf = (id: string): readonly DescribedState[] =>
    states.filter(({ parent }) => parent === id)
  const isGroup = (id: string): boolean => childrenOf(id).length > 0
  const anywhere = (id: string): string => `${mermaidId(id)}__anywhere`

  /** Leaves from the box that stands for the whole group. */
  const isFromWithin = ({ source, targets }: DescribedTransition): boolean =>
    isGroup(source) && targets.every((target) => isInside(target, source))

  const lineOf = (transition: DescribedTransition): string => {
    const { source, targets } = transition
    const from = isFromWithin(transition) ? anywhere(source) : mermaidId(source)
    const [target] = targets
    return `${from} --> ${target === undefined ? from : mermaidId(target)} : ${labelOf(transition)}`
  }

  /** The group in which the line of a transition stands: that of both its ends, or outside of all. */
  const placeOf = (transition: DescribedTransition): string => {
    const { source, targets } = transition
    const own = isFromWithin(transition) ? source : (byId.get(source)?.parent ?? name)
    const isHere = targets.every((target) => (byId.get(target)?.parent ?? name) === own)
    return isHere ? own : name
  }

  const leafLines = (state: DescribedState): readonly string[] => {
    const id = mermaidId(state.id)
    return [
      `state "${plainText(state.key)}" as ${id}`,
      ...innerLines(state).map((line) => `${id} : ${plainText(line)}`),
      ...(state.kind === 'final' ? [`${id} --> [*]`] : []),
    ]
  }

  const groupLines = (state: DescribedState): readonly string[] => [
    `state "${titleOf(state)}" as ${mermaidId(state.id)} {`,
    ...bodyLines(state).map((line) => `  ${line}`),
    '}',
  ]

  const bodyLines = (state: DescribedState): readonly string[] => {
    const children = childrenOf(state.id)
    const own = innerLines(state).map(plainText)
    const box = anywhere(state.id)
    const hasBox =
      own.length > 0 || transitions.some((one) => one.source === state.id && isFromWithin(one))
    const blocks = children.map((child) =>
      isGroup(child.id) ? groupLines(child) : leafLines(child),
    )
    return [
      ...(state.initial === undefined ? [] : [`[*] --> ${mermaidId(state.initial)}`]),
      ...(hasBox ? [`state "anywhere in ${titleOf(state)}" as ${box}`] : []),
      ...own.map((line) => `${box} : ${line}`),
      ...blocks.flat(),
      ...transitions.filter((one) => placeOf(one) === state.id).map(lineOf),
    ]
  }

  const [root] = states
  const body = root === undefined ? [] : bodyLines(root)
  return ['stateDiagram-v2', ...body.map((line) => `  ${line}`), ''].join('\n')
}
