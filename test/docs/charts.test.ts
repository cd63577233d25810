import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeChart } from '../../inspector/chart-description.ts'
import { mermaidText } from '../../inspector/chart-mermaid.ts'
import { describeConnection, describeRoot } from '../../inspector/core-charts.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/charts.md'), 'utf8')
const { deadlines, session } = native({ network: 'test', privateKey: keyOf('listener') })

/** The command and the picture of each section. */
const pictures = text.split('\n## ').flatMap((section) => {
  const [, command] = /`peerloom (chart [^`]+)`/.exec(section) ?? []
  const [, picture] = /```mermaid\n([\s\S]*?)```/.exec(section) ?? []
  return picture === undefined ? [] : [{ command, picture }]
})

test.each([
  ['chart root', describeRoot()],
  ['chart connection --protocol native', describeConnection(deadlines)],
  ['chart native', describeChart(session, { name: 'native' })],
])('docs/charts.md has what `peerloom %s` prints', (command, chart) => {
  const found = pictures.find((one) => one.command === command)
  expect(found?.picture).toBe(mermaidText(chart))
})

test('docs/charts.md has no other pictures', () => {
  expect(text.match(/```mermaid/g)).toHaveLength(3)
  expect(pictures).toHaveLength(3)
})
