/**
 * What is written in the picture of a chart, whatever draws it: triggers, guards, actions, and what a
 * state does by itself.
 * @module
 */
import type { DescribedPart, DescribedState, DescribedTrigger } from './chart-description.ts'
import type { Plain } from './readable.ts'

/** Of an action's or guard's parameters, so that a label stays a label. */
const PARAMS_LENGTH_MAX = 40

const leaves = (value: Plain): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [String(value)]
  return Object.values(value).flatMap(leaves)
}

export function partText({ name, params }: DescribedPart): string {
  if (params === undefined) return name
  const text = [...new Set(leaves(params))].filter((leaf) => leaf !== '').join(' ')
  const cut = text.length > PARAMS_LENGTH_MAX ? `${text.slice(0, PARAMS_LENGTH_MAX)}...` : text
  return cut === '' ? name : `${name}(${cut})`
}

export const partsText = (parts: readonly DescribedPart[]): string => parts.map(partText).join(', ')

/** A deadline by its name alone: for whoever says how long it is beside it. */
export function shortTriggerText(on: DescribedTrigger): string {
  switch (on.kind) {
    case 'event':
      return on.name
    case 'always':
      return 'always'
    case 'after':
      return `after ${on.delay}`
    case 'done':
    case 'error':
      return `${on.kind} of ${on.of}`
  }
}

export function triggerText(on: DescribedTrigger): string {
  const text = shortTriggerText(on)
  // A delay without a name is its milliseconds.
  const isNamed = on.kind === 'after' && on.ms !== undefined && on.delay !== String(on.ms)
  return isNamed ? `${text} = ${String(on.ms)} ms` : text
}

/** What a state does by itself. */
export function innerLines({ entry, exit, invokes, tags }: DescribedState): readonly string[] {
  const lines: string[] = []
  if (invokes.length > 0) lines.push(`invokes ${invokes.map(({ actor }) => actor).join(', ')}`)
  if (entry.length > 0) lines.push(`entry / ${partsText(entry)}`)
  if (exit.length > 0) lines.push(`exit / ${partsText(exit)}`)
  if (tags.length > 0) lines.push(tags.join(', '))
  return lines
}
