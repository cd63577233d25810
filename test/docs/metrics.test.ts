import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { collectMetrics } from '../../metrics/metrics.ts'
import { readMetrics } from '../metrics/scraping.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

async function startFamilies() {
  const world = startVirtualWorld({ seed: 'documented' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
  const metrics = collectMetrics(supervisor, { includesProcess: true })
  const { families } = readMetrics(await metrics.text())
  metrics.close()
  const own = [...families].filter(([name]) => name.startsWith('peerloom_'))
  /** As queries write them. */
  const queried = [...families].flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  return { own, queried: new Set(queried) }
}

/** The words of a query that name a metric. */
const namesIn = (query: string): readonly string[] =>
  query.match(/\b(?:peerloom|process|nodejs)_\w+/g) ?? []

interface Panel {
  readonly title: string
  readonly type: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly { readonly expr: string }[]
}
interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
}
const dashboard = JSON.parse(read('docs/metrics-dashboard.json')) as Dashboard

test('each metric that the dashboard names exists, and each metric is on it', async () => {
  const { own, queried } = await startFamilies()
  const queries = [
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.flatMap(({ definition = '' }) => definition),
  ]
  const named = queries.flatMap(namesIn)
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((name) => !queried.has(name))).toEqual([])
  const shown = own.filter(([name]) => !named.some((one) => one.startsWith(name)))
  expect(shown.map(([name]) => name)).toEqual([])
})

test('each panel of the dashboard has a title and a query, and none lies over another', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  expect(panels.every(({ targets = [], title }) => title !== '' && targets.length > 0)).toBe(true)
  const cells = dashboard.panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)}:${y + Math.floor(at / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(dashboard.panels.every(({ gridPos: { w, x } }) => x + w <= 24)).toBe(true)
})

test('docs/metrics.md lists each metric with its labels and help, and nothing else', async () => {
  const { own } = await startFamilies()
  const rows = read('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `peerloom_'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  expect(rows.map(([, name, , help]) => [name, help]).toSorted()).toEqual(
    own.map(([name, { help }]) => [name, help]).toSorted(),
  )
})

test('the alerts of docs/metrics.md name metrics that exist', async () => {
  const { queried } = await startFamilies()
  const [, alerts = ''] = read('docs/metrics.md').split('An alert or two')
  expect(namesIn(alerts).length).toBeGreaterThan(2)
  expect(namesIn(alerts).filter((name) => !queried.has(name))).toEqual([])
})
