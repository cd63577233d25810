/**
 * Curves over a number that grows tenfold from point to point: as text for a terminal, and as SVG.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Curve, Row } from './figures.ts'

const BAR_WIDTH = 40
const [WIDTH, HEIGHT, MARGIN] = [640, 320, 60]
const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c']

const short = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 2 : 0)

const valuesOf = ({ lines }: Curve): readonly number[] =>
  Object.values(lines).flatMap((points) => points.map(({ value }) => value))

/** A line of text for each point, with a bar as long as its share of the largest. */
export function curveLines(curve: Curve): readonly string[] {
  const most = Math.max(...valuesOf(curve))
  return Object.entries(curve.lines).flatMap(([name, points]) => [
    `${curve.name}, ${name}`,
    ...points.map(({ at, value }) => {
      const bar = '#'.repeat(Math.max(0, Math.round((value / most) * BAR_WIDTH)))
      return `  ${String(at).padStart(6)}  ${short(value).padStart(8)}  ${bar}`.trimEnd()
    }),
  ])
}

/** Both axes are linear in the logarithm of the number and in the value, from 0. */
export function curveSvg(curve: Curve): string {
  const all = Object.values(curve.lines).flat()
  const most = Math.max(...valuesOf(curve))
  const decades = Math.max(1, ...all.map(({ at }) => Math.log10(at)))
  const x = (at: number): string =>
    (MARGIN + (Math.log10(at) / decades) * (WIDTH - 2 * MARGIN)).toFixed(1)
  const y = (value: number): string =>
    (HEIGHT - MARGIN - (Math.max(0, value) / most) * (HEIGHT - 2 * MARGIN)).toFixed(1)
  const lines = Object.entries(curve.lines).flatMap(([name, points], index) => {
    const colour = COLOURS[index % COLOURS.length] ?? 'black'
    const path = points.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ')
    const row = String(MARGIN / 2 + 16 * index)
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${path}"/>`,
      `<text x="${String(WIDTH - MARGIN)}" y="${row}" text-anchor="end" fill="${colour}">${name}</text>`,
    ]
  })
  const ticks = [...new Set(all.map(({ at }) => at))].map(
    (at) =>
      `<text x="${x(at)}" y="${String(HEIGHT - MARGIN / 2)}" text-anchor="middle">${String(at)}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" font-family="sans-serif" font-size="12">`,
    `<text x="${String(MARGIN)}" y="${String(MARGIN / 2)}">${curve.name}</text>`,
    `<text x="${String(MARGIN - 4)}" y="${y(most)}" text-anchor="end">${short(most)}</text>`,
    `<text x="${String(MARGIN - 4)}" y="${y(0)}" text-anchor="end">0</text>`,
    ...ticks,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

/** One file a curve, named by its row and its own name; their paths. */
export function writeCurves(folder: string, rows: readonly Row[]): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return rows.flatMap(({ curves = [], row }) =>
    curves.map((curve) => {
      const name = `${row}-${curve.name}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
      const path = join(folder, `${name}.svg`)
      writeFileSync(path, curveSvg(curve))
      return path
    }),
  )
}
