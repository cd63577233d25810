/**
 * What of a chart is lit: where it stands, where it has been, and what it can do next.
 * @module
 */
import type { ChartDescription } from '../chart-description.ts'
import type { ChartNow, PathEntry } from '../messages.ts'

export interface Lit {
  /** Ids of states. */
  readonly active: ReadonlySet<string>
  readonly visited: ReadonlySet<string>
  /** Ids of transitions. */
  readonly next: ReadonlySet<string>
  readonly taken: ReadonlySet<string>
}

/** The states that a text as charts are written (`a.b|c.d`) names, with those around them. */
export function statesOf({ name, states }: ChartDescription, text: string): ReadonlySet<string> {
  const known = new Set(states.map(({ id }) => id))
  const found = new Set<string>()
  for (const part of text.split('|')) {
    const keys = part.split('.')
    keys.forEach((_, place) => {
      const id = [name, ...keys.slice(0, place + 1)].join('.')
      if (known.has(id)) found.add(id)
    })
  }
  return found
}

const isOn = ({ on }: ChartDescription['transitions'][number], event: string): boolean => {
  switch (on.kind) {
    case 'event':
      return on.name === event
    case 'always':
      return false
    case 'after':
      return event.startsWith('xstate.after.') || event === `after ${on.delay}`
    case 'done':
    case 'error':
      return event.startsWith(`xstate.${on.kind}.`) && event.includes(on.of)
  }
}

/** The transitions that may have led from one place to another on an event. */
function waysBetween(
  chart: ChartDescription,
  before: ReadonlySet<string> | undefined,
  here: ReadonlySet<string>,
  event: string,
): readonly string[] {
  if (before === undefined) return []
  const ways = chart.transitions.filter(
    ({ source, targets }) =>
      (before.has(source) || source === chart.name) &&
      targets.some((target) => here.has(target) && !before.has(target)),
  )
  const onEvent = ways.filter((way) => isOn(way, event))
  // What needs no event is taken on whatever came before, where nothing else explains it.
  const some = onEvent.length > 0 ? onEvent : ways.filter(({ on }) => on.kind === 'always')
  const straight = some.filter(({ targets }) =>
    targets.some((target) => here.has(innermost(chart, target))),
  )
  return (straight.length > 0 ? straight : some).map(({ id }) => id)
}

/** Where a state begins, however deep. */
function innermost(chart: ChartDescription, id: string): string {
  const initial = chart.states.find((state) => state.id === id)?.initial
  return initial === undefined ? id : innermost(chart, initial)
}

/** @param now where no states are active by name, those of its text are */
export function litOf(
  chart: ChartDescription,
  now: Pick<ChartNow, 'active' | 'next' | 'state'>,
  path: readonly PathEntry[],
): Lit {
  const visited = new Set<string>()
  const taken = new Set<string>()
  let before: ReadonlySet<string> | undefined
  for (const { event, state } of path) {
    const here = statesOf(chart, state)
    for (const id of here) visited.add(id)
    for (const id of waysBetween(chart, before, here, event)) taken.add(id)
    before = here
  }
  return {
    active: now.active.length === 0 ? statesOf(chart, now.state) : new Set(now.active),
    visited,
    next: new Set(now.next.map(({ transition }) => transition)),
    taken,
  }
}
