/**
 * A chart as the text of a Mermaid state diagram: nested states, transitions with their guards and
 * actions by name, delays with their milliseconds, ends.
 *
 * A diagram cannot draw an arrow from a state to what is inside of it, nor to itself where it has
 * states inside: what holds anywhere in such a state leaves from a box inside of it that says so.
 * Each transition is one line.
 * @module
 */
import type { ChartDescription, DescribedPart, DescribedState } from './chart-description.ts'
import type { DescribedTransition, DescribedTrigger } from './chart-description.ts'
import type { Plain } from './readable.ts'

/** Of an action's or guard's parameters, so that a label stays a label. */
const PARAMS_LENGTH_MAX = 40

/** What would end a label, or begin something else in it. */
const plainText = (text: string): string => text.replaceAll(/[:;"{}<>\n\r]+/g, ' ').trim()

const leaves = (value: Plain): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.values(value).flatMap(leaves)
}

function partText({ name, params }: DescribedPart): string {
  if (params === undefined) return name
  const text = [...new Set(leaves(params))].filter((leaf) => leaf !== '').join(' ')
  const cut = text.length > PARAMS_LENGTH_MAX ? `${text.slice(0, PARAMS_LENGTH_MAX)}...` : text
  return cut === '' ? name : `${name}(${cut})`
}

const partsText = (parts: readonly DescribedPart[]): string => parts.map(partText).join(', ')

function triggerText(on: DescribedTrigger): string {
  switch (on.kind) {
    case 'event':
      return on.name
    case 'always':
      return 'always'
    case 'after':
      // A delay without a name is its milliseconds.
      return on.ms === undefined || on.delay === String(on.ms)
        ? `after ${on.delay}`
        : `after ${on.delay} = ${String(on.ms)} ms`
    case 'done':
    case 'error':
      return `${on.kind} of ${on.of}`
  }
}

function labelOf({ actions, guard, on, reenters, targets }: DescribedTransition): string {
  const parts = [triggerText(on)]
  if (guard !== undefined) parts.push(`[${partText(guard)}]`)
  if (actions.length > 0) parts.push(`/ ${partsText(actions)}`)
  if (targets.length === 0) parts.push(actions.length === 0 ? '(ignored)' : '(stays)')
  if (targets.length > 1) parts.push(`(${String(targets.length)} targets)`)
  if (reenters) parts.push('(enters again)')
  return plainText(parts.join(' '))
}

/** What a state does by itself. */
function innerLines(state: DescribedState): readonly string[] {
  const { entry, exit, invokes, tags } = state
  const lines: string[] = []
  if (invokes.length > 0) lines.push(`invokes ${invokes.map(({ actor }) => actor).join(', ')}`)
  if (entry.length > 0) lines.push(`entry / ${partsText(entry)}`)
  if (exit.length > 0) lines.push(`exit / ${partsText(exit)}`)
  if (tags.length > 0) lines.push(tags.join(', '))
  return lines.map(plainText)
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
      ...innerLines(state).map((line) => `${id} : ${line}`),
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
    const own = innerLines(state)
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
