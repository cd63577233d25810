/**
 * A state as the observation port writes it (`a.b`, regions joined by `|`) as the value that XState
 * has for it. The text alone does not say where an inner region ends: the chart does.
 * @module
 */
import { childOf } from './chart-nodes.ts'
import type { ChartNode } from './chart-nodes.ts'

export type StateValue = string | { readonly [state: string]: StateValue }

const KEY = /[^.|]*/y

/** The text itself where it is no state of this chart: it is shown, and not hidden. */
export function stateValueOf(root: ChartNode, text: string): StateValue {
  let at = 0

  const key = (): string => {
    KEY.lastIndex = at
    const [found = ''] = KEY.exec(text) ?? []
    at += found.length
    return found
  }

  const take = (mark: string): boolean => {
    if (text[at] !== mark) return false
    at++
    return true
  }

  /** Undefined where the text goes another way than the chart. */
  const inside = (node: ChartNode): StateValue | undefined => {
    const regions = node.type === 'parallel' ? Object.keys(node.states).length : 1
    const fields: [string, StateValue][] = []
    for (let region = 0; region < regions; region++) {
      if (region > 0 && !take('|')) return undefined
      const name = key()
      const child = childOf(node, name)
      if (child === undefined) return undefined
      const isLeaf = Object.keys(child.states).length === 0
      if (isLeaf && node.type !== 'parallel') return name
      const value = isLeaf ? {} : take('.') ? inside(child) : undefined
      if (value === undefined) return undefined
      fields.push([name, value])
    }
    return Object.fromEntries(fields)
  }

  const value = inside(root)
  return value === undefined || at < text.length ? text : value
}
