import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lines } from '../../examples/smallest-network.ts'
import { describeChart } from '../../inspector/chart-description.ts'
import { mermaidText } from '../../inspector/chart-mermaid.ts'
import { chartSvg } from '../../inspector/chart-svg.ts'
import { describeConnection, describeRoot } from '../../inspector/core-charts.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'
import { compiledFolder, runCommand, startFolder } from './command.ts'

const network = native({ network: 'test', privateKey: keyOf('listener') })

test('without a machine the charts are listed', async () => {
  const { code, err, out } = await runCommand(['chart'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const names = out.split('\n').map((line) => line.split(' ')[0])
  expect(names).toEqual(expect.arrayContaining(['root', 'connection', 'native']))
})

describe('a chart is printed', () => {
  test.each([
    [['root'], describeRoot()],
    [['connection'], describeConnection()],
    [['connection', '--protocol', 'native'], describeConnection(network.deadlines)],
    [['native'], describeChart(network.session, { name: 'native' })],
  ])('%j', async (words, chart) => {
    const mermaid = await runCommand(['chart', ...words])
    expect(mermaid).toMatchObject({ code: 0, err: '', out: mermaidText(chart) })
    const json = await runCommand(['chart', ...words, '--format', 'json'])
    expect(json).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(json.out)).toEqual(chart)
    const svg = await runCommand(['chart', ...words, '--format', 'svg'])
    expect(svg).toMatchObject({ code: 0, err: '', out: chartSvg(chart) })
  })

  test('of the module of a network, and a module without a chart is refused', async () => {
    const folder = startFolder()
    const from = pathToFileURL(join(compiledFolder(), 'examples/smallest-network.js')).href
    writeFileSync(join(folder, 'lines.mjs'), `export { lines } from '${from}'\n`)
    const { code, out } = await runCommand(['chart', './lines.mjs'], folder)
    expect({ code, out }).toEqual({
      code: 0,
      out: mermaidText(describeChart(lines().session, { name: 'lines' })),
    })
    const without = `import { lines as ours } from '${from}'
      export const bare = () => ({ ...ours(), session: {} })\n`
    writeFileSync(join(folder, 'bare.mjs'), without)
    expect(await runCommand(['chart', './bare.mjs'], folder)).toMatchObject({
      code: 1,
      out: '',
      err: 'peerloom: the session of ./bare.mjs is no statechart\n',
    })
  })
})

test.each([
  [['chart', 'nothing'], 'there is no network nothing'],
  [['chart', 'root', '--protocol', 'native'], '--protocol is for the chart of a connection'],
  [['chart', 'root', '--format', 'png'], 'png'],
])('%j is used wrongly, and is told so in one line', async (words, sentence) => {
  const { code, err, out } = await runCommand(words)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(sentence)
  expect(err.trim().split('\n')).toHaveLength(1)
})
