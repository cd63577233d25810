import { describe, expect, test } from 'vitest'
import { describeChart } from '../../inspector/chart-description.ts'
import type { Box, ChartGeometry, DrawnState } from '../../inspector/chart-geometry.ts'
import { layoutChart } from '../../inspector/chart-layout.ts'
import { chartSvg } from '../../inspector/chart-svg.ts'
import { linePath } from '../../inspector/line-path.ts'
import { EVERY_CHART } from '../support/charts.ts'

const geometryOf = (logic: object) => layoutChart(describeChart(logic))

const isGroup = ({ shape }: DrawnState): boolean => shape === 'group' || shape === 'region'

const overlap = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height

const holds = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

/** Whose every two must not lie on each other. */
const solid = ({ lines, states }: ChartGeometry): readonly Box[] => [
  ...states.filter((state) => !isGroup(state)),
  ...lines.flatMap(({ labels }) => labels),
]

describe('the picture', () => {
  test.each(EVERY_CHART)('of %s has each state and each transition of the chart', (_, logic) => {
    const chart = describeChart(logic)
    const { lines, starts, states } = layoutChart(chart)
    const [, ...drawable] = chart.states.map(({ id }) => id)
    const drawn = states.filter(({ shape }) => shape !== 'anywhere').map(({ id }) => id)
    expect(drawn.toSorted()).toEqual(drawable.toSorted())

    const labels = lines.flatMap((line) => line.labels.map((label) => ({ line, label })))
    for (const { id, source, targets } of chart.transitions) {
      const own = labels.filter(({ label }) => label.transition === id)
      expect(own.map(({ line }) => line.target).toSorted()).toEqual([...targets].toSorted())
      expect(own.every(({ line }) => line.source === source)).toBe(true)
      const rows = states.filter((state) => state.rows.some(({ transition }) => transition === id))
      expect(rows.map((state) => state.id)).toEqual(targets.length === 0 ? [source] : [])
    }

    const begun = chart.states.flatMap(({ id, initial }) =>
      initial === undefined ? [] : [{ source: id, target: initial }],
    )
    const unlabelled = lines.filter((line) => line.labels.length === 0)
    expect(unlabelled.map(({ source, target }) => ({ source, target }))).toEqual(
      expect.arrayContaining(begun),
    )
    const groups = new Set(chart.states.flatMap(({ parent }) => parent ?? []))
    expect(new Set(starts.map((start) => start.of))).toEqual(groups)
  })

  test.each(EVERY_CHART)('of %s has nothing on top of another, nor outside', (_, logic) => {
    const chart = describeChart(logic)
    const geometry = layoutChart(chart)
    const boxes = solid(geometry)
    const whole = { x: 0, y: 0, width: geometry.width, height: geometry.height }
    boxes.forEach((box, place) => {
      expect(holds(whole, box)).toBe(true)
      expect(boxes.slice(place + 1).filter((other) => overlap(box, other))).toEqual([])
    })
    const parents = new Map(chart.states.map(({ id, parent }) => [id, parent]))
    for (const state of geometry.states) {
      const outer = state.shape === 'anywhere' ? state.id : parents.get(state.id)
      const group = geometry.states.find((one) => one.id === outer && isGroup(one))
      if (group !== undefined) expect(holds(group, state)).toBe(true)
      const inside = ({ id, shape }: DrawnState) =>
        id.startsWith(`${state.id}.`) || (id === state.id && shape === 'anywhere')
      if (!isGroup(state)) continue
      const strangers = geometry.states.filter((one) => !isGroup(one) && !inside(one))
      expect(strangers.filter((one) => overlap(state, one))).toEqual([])
    }
  })

  test.each(EVERY_CHART)('of %s is the same each time, as data and as text', (_, logic) => {
    const geometry = geometryOf(logic)
    expect(geometryOf(logic)).toEqual(geometry)
    expect(JSON.parse(JSON.stringify(geometry))).toEqual(geometry)
  })

  test.each(EVERY_CHART)('of %s as SVG is well-formed, and says every text', (_, logic) => {
    const chart = describeChart(logic)
    const svg = chartSvg(chart)
    expect(unclosed(svg)).toEqual([])
    const { lines, states } = layoutChart(chart)
    const texts = [
      ...states.flatMap(({ rows, title }) => [title, ...rows.map(({ text }) => text)]),
      ...lines.flatMap(({ labels }) => labels.flatMap((label) => label.lines)),
    ]
    const said = Array.from(svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g), ([, text = '']) =>
      text.replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<'),
    )
    expect(said.toSorted()).toEqual(texts.map((text) => text.replaceAll('&', '&amp;')).toSorted())
  })
})

/** Elements that are not closed, closed twice, or hold a mark that would have to be escaped. */
function unclosed(svg: string): readonly string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, close, name = '', attributes = '', text = ''] of svg.matchAll(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>([^<]*)/g,
  )) {
    if (/[&](?!amp;|lt;|gt;|quot;|#39;)/.test(text)) wrong.push(text)
    if (close === '/') {
      if (open.pop() !== name) wrong.push(`/${name}`)
    } else if (!attributes.endsWith('/')) open.push(name)
  }
  return [...open, ...wrong]
}

test('the check of the form refuses', () => {
  expect(unclosed('<svg><text>a</svg>')).not.toEqual([])
  expect(unclosed('<svg><text>a & b</text></svg>')).not.toEqual([])
  expect(unclosed('<svg>')).not.toEqual([])
})

test('a line has its corners rounded, at most half of the way', () => {
  expect(
    linePath([
      { x: 0, y: 0 },
      { x: 0, y: 100 },
      { x: 8, y: 100 },
    ]),
  ).toBe('M0 0L0 90Q0 100 4 100L8 100')
  expect(linePath([{ x: 1.25, y: 0 }])).toBe('M1.5 0')
})
