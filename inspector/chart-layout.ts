/**
 * Where a chart's states, transitions and labels stand in a picture.
 *
 * What holds anywhere in a group of states leaves from a box inside of it that says so, as in the
 * Mermaid diagram. A transition that leaves a state as it is, is a row of that state. All transitions
 * from one state to the same other one share a line.
 * @module
 */
import { arrange } from './arrangement.ts'
import type { ArrangedBox, ArrangedLine, Arrangement } from './arrangement.ts'
import type { ChartDescription, DescribedState, DescribedTransition } from './chart-description.ts'
import type { ChartGeometry, DrawnLabel, DrawnLine, DrawnRow } from './chart-geometry.ts'
import type { DrawnState } from './chart-geometry.ts'
import { innerLines, partsText, partText, triggerText } from './chart-text.ts'

/** Pixels. Text is drawn in a fixed pitch, so that its width is known without a browser. */
const CHARACTER_WIDTH = 6.7
const TITLE_CHARACTER_WIDTH = 7.4
const LINE_HEIGHT = 15
const TITLE_HEIGHT = 20
const PADDING = 8
const START_SIZE = 12
const STATE_WIDTH_MIN = 72
/** A group begins where its first state stands. */
const START_WEIGHT = 4
/** How much a group reaches further up than what is inside of it needs. */
const GROUP_TITLE_ROOM = 12
/** Between the labels at one line. */
const LABEL_GAP = 5
/** A longer line of text is broken behind a comma or a space. */
const LINE_LENGTH_MAX = 30

/** What begins with `.` is a box of ours and no state: a state's id begins with its chart's name. */
const startOf = (id: string): string => `.start ${id}`
const anywhereOf = (id: string): string => `.anywhere ${id}`

function broken(text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_LENGTH_MAX) {
      lines.push(line)
      // What goes on is seen to do so.
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

const marksOf = ({ reenters, targets }: DescribedTransition): readonly string[] => [
  ...(targets.length > 1 ? [`(${String(targets.length)} targets)`] : []),
  ...(reenters ? ['(enters again)'] : []),
]

function labelLines(transition: DescribedTransition): readonly string[] {
  const { actions, guard, on } = transition
  return [
    triggerText(on),
    ...(guard === undefined ? [] : [`[${partText(guard)}]`]),
    ...(actions.length === 0 ? [] : [`/ ${partsText(actions)}`]),
    ...marksOf(transition),
  ].flatMap(broken)
}

function rowOf(transition: DescribedTransition): readonly DrawnRow[] {
  const { actions, guard, id, on } = transition
  const text = [
    triggerText(on),
    ...(guard === undefined ? [] : [`[${partText(guard)}]`]),
    actions.length === 0 ? '(ignored)' : `/ ${partsText(actions)}`,
  ].join(' ')
  return broken(text).map((line) => ({ text: line, transition: id }))
}

const widthOf = (texts: readonly string[]): number =>
  Math.max(0, ...texts.map((text) => text.length)) * CHARACTER_WIDTH

/** A state or a box of ours before it has its place. */
interface Unplaced {
  readonly box: ArrangedBox
  readonly drawn?: Omit<DrawnState, 'x' | 'y' | 'width' | 'height'>
}

interface UnplacedLine {
  readonly line: ArrangedLine
  readonly source: string
  readonly target: string
  readonly labels: readonly { readonly transition: string; readonly lines: readonly string[] }[]
}

function createUnplaced({ name, states, transitions }: ChartDescription) {
  const groups = new Set(states.flatMap(({ parent }) => parent ?? []))
  const byId = new Map(states.map((state) => [state.id, state]))
  // The chart itself is the picture, and no box in it.
  const groupOf = (id: string | undefined): string | undefined => (id === name ? undefined : id)

  const rowsOf = (state: DescribedState): readonly DrawnRow[] => [
    ...innerLines(state).flatMap((text) => broken(text).map((line) => ({ text: line }))),
    ...transitions
      .filter(({ source, targets }) => source === state.id && targets.length === 0)
      .flatMap(rowOf),
  ]

  const textBox = (
    id: string,
    parent: string | undefined,
    drawn: NonNullable<Unplaced['drawn']>,
  ): Unplaced => {
    const { rows, title } = drawn
    const rowsWidth = widthOf(rows.map(({ text }) => text))
    const width = Math.max(rowsWidth, title.length * TITLE_CHARACTER_WIDTH) + 2 * PADDING
    const height = TITLE_HEIGHT + rows.length * LINE_HEIGHT + (rows.length === 0 ? 8 : PADDING)
    return {
      box: { id, parent: groupOf(parent), width: Math.max(width, STATE_WIDTH_MIN), height },
      drawn,
    }
  }

  const shapeOf = ({ id, kind, parent }: DescribedState): DrawnState['shape'] => {
    if (groups.has(id)) {
      return byId.get(parent ?? '')?.kind === 'parallel' ? 'region' : 'group'
    }
    return kind === 'final' || kind === 'history' ? kind : 'state'
  }

  const boxesOf = (state: DescribedState): readonly Unplaced[] => {
    const { id, key, kind, parent } = state
    const shape = shapeOf(state)
    const rows = rowsOf(state)
    if (!groups.has(id)) return [textBox(id, parent, { id, shape, title: key, rows })]
    const title = kind === 'parallel' ? `${key} (all of it at once)` : key
    const own: Unplaced = {
      box: { id, parent: groupOf(parent), width: 0, height: 0 },
      drawn: { id, shape, title, rows: [] },
    }
    const start: Unplaced = {
      box: { id: startOf(id), parent: groupOf(id), width: START_SIZE, height: START_SIZE },
    }
    const leaves = transitions.some(({ source, targets }) => source === id && targets.length > 0)
    const anywhere = { id, shape: 'anywhere', title: `anywhere in ${key}`, rows } as const
    return [
      ...(id === name ? [] : [own]),
      start,
      ...(leaves || rows.length > 0 ? [textBox(anywhereOf(id), id, anywhere)] : []),
    ]
  }

  /** Lines lead to where a group begins, and leave from where it is anywhere. */
  const arrival = (id: string): string => (groups.has(id) ? startOf(id) : id)
  const departure = (id: string): string => (groups.has(id) ? anywhereOf(id) : id)

  const startLines = states.flatMap(({ id, initial, kind }): readonly UnplacedLine[] => {
    const begun =
      kind === 'parallel'
        ? states.filter(({ parent }) => parent === id).map((region) => region.id)
        : initial === undefined
          ? []
          : [initial]
    return begun.map((target) => ({
      line: {
        id: `${startOf(id)} ${target}`,
        ...{ source: startOf(id), target: arrival(target) },
        ...{ width: 0, height: 0, weight: START_WEIGHT },
      },
      ...{ source: id, target, labels: [] },
    }))
  })

  const transitionLines = (): readonly UnplacedLine[] => {
    const bundles = new Map<string, DescribedTransition[]>()
    for (const transition of transitions) {
      for (const target of transition.targets) {
        const way = JSON.stringify([transition.source, target])
        bundles.set(way, [...(bundles.get(way) ?? []), transition])
      }
    }
    return [...bundles].map(([way, bundle]) => {
      const [source, target] = JSON.parse(way) as readonly [string, string]
      const labels = bundle.map((one) => ({ transition: one.id, lines: labelLines(one) }))
      const texts = labels.flatMap(({ lines }) => lines)
      return {
        line: {
          id: way,
          ...{ source: departure(source), target: arrival(target), weight: 1 },
          width: widthOf(texts) + PADDING,
          height: texts.length * LINE_HEIGHT + (labels.length - 1) * LABEL_GAP + 4,
        },
        ...{ source, target, labels },
      }
    })
  }

  const boxes = states.flatMap(boxesOf)
  const known = new Set(boxes.map(({ box }) => box.id))
  return {
    boxes,
    lines: [...startLines, ...transitionLines()],
    /** Nothing is drawn from them: what holds anywhere in a group stands where the group begins. */
    orders: [...groups]
      .filter((id) => known.has(anywhereOf(id)))
      .map((id): ArrangedLine => {
        const ends = { source: startOf(id), target: anywhereOf(id) }
        return { id: anywhereOf(id), ...ends, width: 0, height: 0, weight: 2 }
      }),
  }
}

function placedLine(
  { labels, line, source, target }: UnplacedLine,
  { lines }: Arrangement,
): DrawnLine {
  const { label, points = [] } = lines.get(line.id) ?? {}
  let y = (label?.y ?? 0) - line.height / 2 + 2
  const placed = labels.map(({ lines: texts, transition }): DrawnLabel => {
    const width = widthOf(texts) + PADDING
    const height = texts.length * LINE_HEIGHT
    const box = { x: (label?.x ?? 0) - line.width / 2, y, width, height }
    y += height + LABEL_GAP
    return { transition, lines: texts, ...box }
  })
  return { source, target, points, labels: placed }
}

export function layoutChart(chart: ChartDescription): ChartGeometry {
  const { boxes, lines, orders } = createUnplaced(chart)
  const arrangement = arrange(
    boxes.map(({ box }) => box),
    [...lines.map(({ line }) => line), ...orders],
  )
  const { height, width } = arrangement
  return {
    ...{ name: chart.name, width, height },
    states: boxes.flatMap(({ box, drawn }) => {
      const place = arrangement.boxes.get(box.id)
      if (drawn === undefined || place === undefined) return []
      if (drawn.shape !== 'group' && drawn.shape !== 'region') return [{ ...drawn, ...place }]
      const [y, height] = [place.y - GROUP_TITLE_ROOM, place.height + GROUP_TITLE_ROOM]
      return [{ ...drawn, ...place, y, height }]
    }),
    starts: boxes.flatMap(({ box: { id, parent }, drawn }) => {
      const place = arrangement.boxes.get(id)
      if (drawn !== undefined || place === undefined) return []
      const half = START_SIZE / 2
      return [{ of: parent ?? chart.name, x: place.x + half, y: place.y + half }]
    }),
    lines: lines.map((line) => placedLine(line, arrangement)),
    text: { lineHeight: LINE_HEIGHT, titleHeight: TITLE_HEIGHT, padding: PADDING },
  }
}
