/**
 * A chart as a picture: an SVG document that stands alone, on light and on dark ground.
 * @module
 */
import type { ChartDescription } from './chart-description.ts'
import type { ChartGeometry, DrawnLabel, DrawnLine, DrawnState } from './chart-geometry.ts'
import { layoutChart } from './chart-layout.ts'
import { linePath } from './line-path.ts'

const STYLE = `
text{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:#1f2933;white-space:pre}
.ground{fill:#fff}.box{fill:#f5f7fa;stroke:#7b8794}.inner,.region{fill:none;stroke:#7b8794}
.region,.anywhere{stroke-dasharray:4 3}.group{fill:#52606d;fill-opacity:.06;stroke:#7b8794}.anywhere{fill:none;stroke:#7b8794}
.title{font-weight:bold;font-size:12px}.row{fill:#52606d}.line{fill:none;stroke:#7b8794}
.head,.start{fill:#52606d}.under{fill:#fff;fill-opacity:.85}.on{fill:#0b5fa5}
@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.ground,.under{fill:#11161c}.box{fill:#1f2933;stroke:#9aa5b1}
.group{fill:#cbd2d9;fill-opacity:.06;stroke:#7b8794}.row{fill:#b8c2cc}.head,.start{fill:#b8c2cc}.line{stroke:#9aa5b1}.on{fill:#7cc4fa}}
`.trim()

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
}
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (mark) => ESCAPES[mark] ?? mark)

const element = (name: string, attributes: Readonly<Record<string, string | number>>): string =>
  `<${name} ${Object.entries(attributes)
    .map(([attribute, value]) => `${attribute}="${escaped(String(value))}"`)
    .join(' ')}/>`

const words = (kind: string, x: number, y: number, text: string): string =>
  `<text class="${kind}" x="${String(x)}" y="${String(y)}">${escaped(text)}</text>`

function stateElements(
  { height, rows, shape, title, width, x, y }: DrawnState,
  { lineHeight, padding, titleHeight }: ChartGeometry['text'],
): readonly string[] {
  const isGroup = shape === 'group' || shape === 'region'
  const kind = isGroup || shape === 'anywhere' ? shape : 'box'
  const inner = { x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 4 }
  return [
    element('rect', { class: kind, x, y, width, height, rx: shape === 'history' ? height / 2 : 6 }),
    ...(shape === 'final' ? [element('rect', { class: 'inner', ...inner })] : []),
    words('title', x + padding, y + titleHeight - 3, title),
    ...rows.map(({ text }, place) =>
      words('row', x + padding, y + titleHeight + (place + 1) * lineHeight - 2, text),
    ),
  ]
}

const lineElement = ({ points }: DrawnLine): string =>
  element('path', { class: 'line', d: linePath(points), 'marker-end': 'url(#head)' })

const labelElements = (
  { height, lines, width, x, y }: DrawnLabel,
  { lineHeight }: ChartGeometry['text'],
): readonly string[] => [
  element('rect', { class: 'under', x, y, width, height, rx: 3 }),
  ...lines.map((text, place) =>
    words(place === 0 ? 'on' : 'row', x + 4, y + (place + 1) * lineHeight - 4, text),
  ),
]

/** What a screen reader says of it. */
const summary = ({ name, states, transitions }: ChartDescription): string =>
  `The statechart ${name}: ${String(states.length - 1)} states, ${String(transitions.length)} transitions.`

export function chartSvg(chart: ChartDescription): string {
  const geometry = layoutChart(chart)
  const { height, lines, starts, states, text, width } = geometry
  const size = `width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>${escaped(summary(chart))}</title>`,
    `<style>${STYLE}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>',
    element('rect', { class: 'ground', width, height }),
    ...states.flatMap((state) => stateElements(state, text)),
    ...starts.map(({ x, y }) => element('circle', { class: 'start', cx: x, cy: y, r: 5 })),
    ...lines.map(lineElement),
    ...lines.flatMap(({ labels }) => labels.flatMap((label) => labelElements(label, text))),
    '</svg>',
    '',
  ].join('\n')
}
