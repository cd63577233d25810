import { describe, expect, test } from 'vitest'
import { chartOf, edgesOf, statesIn } from '../../inspector/chart-nodes.ts'
import type { ChartEdge, ChartNode, ChartPart } from '../../inspector/chart-nodes.ts'
import { describeChart, transitionIds } from '../../inspector/chart-description.ts'
import type { ChartDescription } from '../../inspector/chart-description.ts'
import { mermaidText } from '../../inspector/chart-mermaid.ts'
import { describeConnection, describeRoot } from '../../inspector/core-charts.ts'
import { EVERY_CHART, odd } from '../support/charts.ts'
import { parseMermaid } from './mermaid-grammar.ts'

const nameOf = (part: ChartPart): string => {
  if (typeof part === 'string') return part
  return 'type' in part ? String(part.type) : part.name === '' ? 'inline' : part.name
}

/** From XState's own data: what its transition has to be called, however it is drawn. */
function facts({ actions, delay, eventType, guard, source, target = [] }: ChartEdge) {
  const [, kind = '', of = ''] = /^xstate\.(done|error)\.\w+\.(.*)$/.exec(eventType) ?? []
  const trigger =
    typeof delay === 'string' || typeof delay === 'number'
      ? `after ${String(delay)}`
      : kind !== ''
        ? `${kind} of ${of}`
        : eventType === ''
          ? 'always'
          : eventType
  return {
    source: source.path.join('.'),
    target: (target[0] ?? source).path.join('.'),
    trigger: trigger.replaceAll(/[:;"]+/g, ' ').trim(),
    guard: guard === undefined ? '' : nameOf(guard),
    actions: actions.map(nameOf).join(),
  }
}

const LABEL =
  /^(?<trigger>.*?)(?: = (?<ms>[0-9]+) ms)?(?: \[(?<guard>[^\]]*)\])?(?: \/ (?<actions>.*?))?(?<marks>(?: \((?:stays|ignored|enters again|[0-9]+ targets)\))*)$/
const withoutParams = (text = ''): string => text.replaceAll(/\([^)]*\)/g, '').replaceAll(', ', ',')

/** The same from what was drawn. */
function drawnFacts(chart: ChartDescription, text: string) {
  const { edges } = parseMermaid(text)
  const pathOf = (id: string): string =>
    chart.states
      .map((state) => state.id)
      .find((state) => state.replaceAll(/[^A-Za-z0-9]/g, '_') === id.replace(/__anywhere$/, ''))
      ?.split('.')
      .slice(1)
      .join('.') ?? `nowhere: ${id}`
  return edges.map(({ from, label, to }) => {
    const { actions, guard, trigger = '' } = LABEL.exec(label)?.groups ?? {}
    return {
      source: pathOf(from),
      target: pathOf(to),
      trigger: trigger.trim(),
      guard: withoutParams(guard),
      actions: withoutParams(actions),
    }
  })
}

const sorted = (list: readonly object[]): readonly string[] =>
  list.map((one) => JSON.stringify(one)).toSorted()

const edgesIn = (logic: object): readonly ChartEdge[] =>
  statesIn(chartOf(logic).root).flatMap(edgesOf)

describe('the diagram', () => {
  test.each(EVERY_CHART)(
    'of %s has each transition of the chart once, and no other',
    (_, logic) => {
      const chart = describeChart(logic)
      const edges = edgesIn(logic)
      expect(edges.length).toBeGreaterThan(1)
      expect(sorted(drawnFacts(chart, mermaidText(chart)))).toEqual(sorted(edges.map(facts)))
    },
  )

  test.each(EVERY_CHART)('of %s has each state, its beginning and its end', (_, logic) => {
    const chart = describeChart(logic)
    const { finals, initials, states } = parseMermaid(mermaidText(chart))
    const drawn = [...states].filter(([id]) => !id.endsWith('__anywhere'))
    const [root, ...nodes] = statesIn(chartOf(logic).root)
    const groupOf = ({ parent }: ChartNode) => (parent?.path ?? []).join('_')
    expect(
      drawn.map(([id, { group, text }]) => [
        id.split('_').at(-1),
        text.replace(' (all of it at once)', ''),
        group.split('_').at(-1),
      ]),
    ).toEqual(nodes.map((node) => [node.key, node.key, groupOf(node).split('_').at(-1)]))
    expect(finals).toHaveLength(nodes.filter(({ type }) => type === 'final').length)
    const begun = [root, ...nodes].filter((node) => node?.type === 'compound')
    expect(initials).toHaveLength(begun.length)
  })

  test('names the milliseconds of a delay where they are known', () => {
    const labels = (chart: ChartDescription) =>
      parseMermaid(mermaidText(chart)).edges.map(({ label }) => label)
    const deadlines = {
      ...{ connectMs: 2_000, flushMs: 1_000 },
      establish: { ms: 8_000, detail: 'late' },
    }
    expect(labels(describeConnection(deadlines))).toEqual(
      expect.arrayContaining([
        'after connectMs = 2000 ms / because(deadline connect-deadline)',
        'after establishMs = 8000 ms / because',
        'after answerMs',
        'after flushMs = 1000 ms',
      ]),
    )
    expect(labels(describeRoot())).toContain('after drainMs = 3750 ms / kill')
    expect(labels(describeConnection())).toContain('after flushMs')
    expect(labels(describeChart(odd))).toEqual(
      expect.arrayContaining([
        'after 250',
        'after waitMs',
        'after sleepyMs = 1500 ms / count (stays)',
      ]),
    )
  })

  test('says what a state does by itself', () => {
    const { descriptions } = parseMermaid(mermaidText(describeConnection()))
    expect(descriptions).toEqual(
      expect.arrayContaining([
        { of: 'connection__anywhere', text: 'invokes session' },
        { of: 'connection_handshaking', text: 'entry / begin' },
        { of: 'connection_closing__anywhere', text: 'entry / farewell' },
      ]),
    )
  })
})

describe('the description', () => {
  test.each(EVERY_CHART)('of %s is plain, and has names that differ', (_, logic) => {
    const chart = describeChart(logic)
    expect(JSON.parse(JSON.stringify(chart))).toEqual(chart)
    expect(chart).toEqual(describeChart(logic))
    const ids = [...chart.states, ...chart.transitions].map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const known = new Set(chart.states.map(({ id }) => id))
    for (const { source, targets } of chart.transitions) {
      expect([source, ...targets].filter((id) => !known.has(id))).toEqual([])
    }
    expect([...transitionIds(logic).values()]).toEqual(chart.transitions.map(({ id }) => id))
  })

  test('names guards, actions, delays and actors, and what they are given', () => {
    const { states, transitions } = describeConnection({
      ...{ connectMs: 2_000, flushMs: 1_000 },
      establish: { ms: 1_500, detail: 'late' },
    })
    expect(states[0]).toEqual({
      ...{ id: 'connection', key: 'connection', kind: 'compound' },
      initial: 'connection.connecting',
      ...{ entry: [], exit: [], tags: [] },
      invokes: [{ id: 'session', actor: 'session' }],
    })
    expect(transitions.find(({ on }) => on.kind === 'after' && on.delay === 'connectMs')).toEqual({
      id: 'connection.connecting: after connectMs',
      source: 'connection.connecting',
      // The time for all of it is shorter.
      on: { kind: 'after', delay: 'connectMs', ms: 1_500 },
      actions: [{ name: 'because', params: { reason: 'deadline', detail: 'connect-deadline' } }],
      targets: ['connection.closed'],
      reenters: false,
    })
    expect(transitions.map(({ id }) => id)).toContain('connection: error session')
  })

  test('calls what has no name inline, and reads delays that throw as unknown', () => {
    const chart = describeChart(odd, {
      context: {
        get waitMs(): number {
          throw new Error('not here')
        },
      },
    })
    const back = chart.transitions.find(({ on }) => on.kind === 'event' && on.name === 'back')
    expect(back).toMatchObject({
      guard: { name: 'guard' },
      actions: [{ name: 'inline' }, { name: 'xstate.assign' }],
    })
    const waits = chart.transitions.flatMap(({ on }) => (on.kind === 'after' ? [on] : []))
    expect(waits).toEqual([
      { kind: 'after', delay: '250', ms: 250 },
      { kind: 'after', delay: 'waitMs' },
      { kind: 'after', delay: 'sleepyMs', ms: 1_500 },
    ])
  })

  test('is of charts alone', () => {
    expect(() => describeChart({})).toThrow(new TypeError('the logic is no statechart'))
  })
})

describe('the grammar refuses', () => {
  test.each([
    ['another kind of diagram', 'flowchart TD\n'],
    ['no last line', 'stateDiagram-v2'],
    ['a state that is not named', 'stateDiagram-v2\n  a --> b : c\n'],
    ['a state that is named twice', 'stateDiagram-v2\n  state "a" as a\n  state "a" as a\n'],
    ['a label with a colon', 'stateDiagram-v2\n  state "a" as a\n  a --> a : b: c\n'],
    ['a group that is not closed', 'stateDiagram-v2\n  state "a" as a {\n'],
    ['a word of the language', 'stateDiagram-v2\n  state "end" as end\n'],
    ['another column', 'stateDiagram-v2\n    state "a" as a\n'],
    ['a beginning that is nowhere', 'stateDiagram-v2\n  [*] --> a\n'],
  ])('%s', (_, text) => {
    expect(() => parseMermaid(text)).toThrow(SyntaxError)
  })
})
