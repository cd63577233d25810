import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeChart } from '../../inspector/chart-description.ts'
import type { ChartDescription } from '../../inspector/chart-description.ts'
import { chartSvg } from '../../inspector/chart-svg.ts'
import { describeConnection, describeRoot } from '../../inspector/core-charts.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import { botd } from '../../protocols/botd.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const text = readFileSync(join(DOCS, 'charts.md'), 'utf8')
const privateKey = keyOf('listener')
const { deadlines, session } = native({ network: 'test', privateKey })

/** The command and the picture of each section. */
const pictures = text.split('\n## ').flatMap((section) => {
  const [, command] = /`peerloom (chart [^`]+)`/.exec(section) ?? []
  const [, picture] = /!\[[^\]]+\]\((charts\/[^)]+)\)/.exec(section) ?? []
  return command === undefined || picture === undefined ? [] : [{ command, picture }]
})

const CHARTS: readonly (readonly [command: string, picture: string, chart: ChartDescription])[] = [
  ['chart root --format svg', 'charts/root.svg', describeRoot()],
  [
    'chart connection --protocol native --format svg',
    'charts/connection.svg',
    describeConnection(deadlines),
  ],
  ['chart native --format svg', 'charts/native.svg', describeChart(session, { name: 'native' })],
  [
    'chart bitcoin --format svg',
    'charts/bitcoin.svg',
    describeChart(bitcoin().session, { name: 'bitcoin' }),
  ],
  [
    'chart botd --format svg',
    'charts/botd.svg',
    describeChart(botd({ privateKey }).session, { name: 'botd' }),
  ],
]

test.each(CHARTS)('docs/charts.md shows what `peerloom %s` prints', (command, picture, chart) => {
  expect(pictures).toContainEqual({ command, picture })
  expect(readFileSync(join(DOCS, picture), 'utf8')).toBe(chartSvg(chart))
})

test('docs/charts.md shows no other pictures, and there are no others', () => {
  expect(pictures).toHaveLength(CHARTS.length)
  expect(text.match(/!\[/g)).toHaveLength(CHARTS.length)
  const files = readdirSync(join(DOCS, 'charts')).map((file) => `charts/${file}`)
  expect(files.toSorted()).toEqual(CHARTS.map(([, picture]) => picture).toSorted())
})
