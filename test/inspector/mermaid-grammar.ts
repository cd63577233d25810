/**
 * As much of Mermaid's state diagrams as ours use, read strictly: whatever is not of this form is an
 * error, as is a state that is drawn before it is named.
 */

export interface MermaidEdge {
  readonly from: string
  readonly to: string
  readonly label: string
  /** The group in which it stands; '' outside of all. */
  readonly place: string
}

export interface Diagram {
  /** The text of each state, and the group that it stands in. */
  readonly states: ReadonlyMap<string, { readonly text: string; readonly group: string }>
  /** Lines in the boxes of states. */
  readonly descriptions: readonly { readonly of: string; readonly text: string }[]
  readonly edges: readonly MermaidEdge[]
  readonly initials: readonly { readonly group: string; readonly to: string }[]
  readonly finals: readonly string[]
}

const ID = '[A-Za-z_][A-Za-z0-9_]*'
// A colon or a semicolon ends a label; braces, quotes and angle brackets begin something else.
const TEXT = '[^:;"{}<>]+'
const FORMS = {
  state: new RegExp(`^state "(${TEXT})" as (${ID})( \\{)?$`),
  close: /^\}$/,
  initial: new RegExp(`^\\[\\*\\] --> (${ID})$`),
  final: new RegExp(`^(${ID}) --> \\[\\*\\]$`),
  edge: new RegExp(`^(${ID}) --> (${ID}) : (${TEXT})$`),
  description: new RegExp(`^(${ID}) : (${TEXT})$`),
}
/** Words of the language that name no state. */
const RESERVED = new Set(['state', 'end', 'note', 'direction', 'default', 'click', 'class'])

/** @throws {SyntaxError} with the line */
export function parseMermaid(text: string): Diagram {
  const [first, ...lines] = text.split('\n')
  if (first !== 'stateDiagram-v2') throw new SyntaxError(`it begins with ${String(first)}`)
  if (lines.pop() !== '') throw new SyntaxError('the last line has no end')
  const states = new Map<string, { text: string; group: string }>()
  const descriptions: { of: string; text: string }[] = []
  const edges: MermaidEdge[] = []
  const initials: { group: string; to: string }[] = []
  const finals: string[] = []
  const groups = ['']
  for (const whole of lines) {
    const line = whole.trim()
    if (whole.length - line.length !== groups.length * 2 - (line === '}' ? 2 : 0)) {
      throw new SyntaxError(`not in its column: ${whole}`)
    }
    const group = groups.at(-1) ?? ''
    const known = (id: string | undefined): string => {
      if (id === undefined || RESERVED.has(id)) throw new SyntaxError(`no name: ${line}`)
      return id
    }
    const form = Object.entries(FORMS).find(([, pattern]) => pattern.test(line))
    const [, one = '', two = '', three] = form?.[1].exec(line) ?? []
    switch (form?.[0]) {
      case 'state':
        if (states.has(two)) throw new SyntaxError(`named twice: ${line}`)
        states.set(known(two), { text: one, group })
        if (three !== undefined) groups.push(two)
        break
      case 'close':
        groups.pop()
        if (groups.length === 0) throw new SyntaxError('closed once too often')
        break
      case 'initial':
        initials.push({ group, to: one })
        break
      case 'final':
        finals.push(one)
        break
      case 'edge':
        for (const id of [one, two]) {
          if (!states.has(id)) throw new SyntaxError(`not named yet: ${line}`)
        }
        edges.push({ from: known(one), to: known(two), label: three ?? '', place: group })
        break
      case 'description':
        if (!states.has(one)) throw new SyntaxError(`not named yet: ${line}`)
        descriptions.push({ of: one, text: two })
        break
      default:
        throw new SyntaxError(`not of any form: ${line}`)
    }
  }
  if (groups.length !== 1) throw new SyntaxError('a group is not closed')
  for (const id of [...finals, ...initials.map(({ to }) => to)]) {
    if (!states.has(id)) throw new SyntaxError(`never named: ${id}`)
  }
  return { states, descriptions, edges, initials, finals }
}
