/**
 * docs/adding-a-network.md, followed to the letter and outside of the tree: its files, its commands, and
 * the packed package.
 */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startOutsideFolder } from '../support/outside.ts'
import type { OutsideFolder } from '../support/outside.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const text = read('docs/adding-a-network.md')
const { dependencies, exports: entries } = JSON.parse(read('package.json')) as {
  dependencies: Readonly<Record<string, string>>
  exports: Readonly<Record<string, unknown>>
}

const files = new Map(
  Array.from(
    text.matchAll(/^### `([^`]+)`\n\n```(?:json|ts)\n([\s\S]*?)^```$/gm),
    ([, name = '', content = '']) => [name, content],
  ),
)
const commands = Array.from(text.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = '']) =>
  block.trim().split('\n'),
).flat()
/** The one that begins so. */
const commandOf = (beginning: string): string => {
  const [command = '', ...others] = commands.filter((one) => one.startsWith(beginning))
  expect([command === '', others]).toEqual([false, []])
  return command
}

const LONG = { timeout: 600_000 }
let folder: OutsideFolder
beforeAll(async () => {
  folder = startOutsideFolder(files, ['xstate', 'typescript', 'vitest', '@types/node'])
  expect(await folder.run(commandOf('npm run build'))).toEqual({ code: 0, printed: '' })
}, LONG.timeout)
afterAll(() => {
  folder.remove()
})

/** The node of the document on a free port, with its address in place of the document's. */
async function startNode() {
  const command = commandOf('npx peerloom node').replace(':7007', ':0')
  const node = folder.start(`${command} --json`)
  onTestFinished(async () => {
    node.process.kill('SIGKILL')
    await node.ended
  })
  const started = (): string | undefined => /"addresses":\["([^"]+)"\]/.exec(node.printed())?.[1]
  while (started() === undefined) {
    await Promise.race([once(node.process.stdout, 'data'), node.ended])
    if (node.process.exitCode !== null) throw new Error(`it did not start: ${node.printed()}`)
  }
  const at = (typed: string) => typed.replace('127.0.0.1:7007', started() ?? '')
  return { ...node, at }
}

test('the network has under 150 lines of code', () => {
  const lines = ['wire.ts', 'session.ts', 'echo.ts'].flatMap((name) =>
    (files.get(name) ?? '').split('\n').filter((line) => !/^\s*(?:$|\/\/|\/?\*)/.test(line)),
  )
  expect(lines.length).toBeLessThan(150)
  expect(lines.length).toBeGreaterThan(100)
})

test('it passes its own tests: contract, hostile peer, recordings, simulator', LONG, async () => {
  const { code, printed } = await folder.run('npm test --reporter=json --outputFile=report.json')
  expect(code, printed).toBe(0)
  const report = JSON.parse(readFileSync(join(folder.path, 'report.json'), 'utf8')) as {
    numFailedTests: number
    testResults: readonly { name: string; assertionResults: readonly { status: string }[] }[]
  }
  const passed = new Map(
    report.testResults.map(({ name, assertionResults }) => [
      name.slice(folder.path.length + 1),
      assertionResults.filter(({ status }) => status === 'passed').length,
    ]),
  )
  expect(report.numFailedTests).toBe(0)
  expect([...passed.keys()].toSorted()).toEqual(['echo.test.ts', 'hostile.test.ts', 'life.test.ts'])
  expect(passed.get('echo.test.ts')).toBeGreaterThan(20)
})

test('two talk over TCP, a hostile peer changes nothing, and it happens again', LONG, async () => {
  const node = await startNode()
  const tell = node.at(commandOf('node dist/tell.js'))
  expect(await folder.run(tell)).toEqual({ code: 0, printed: 'is anybody there?\n' })
  const [attack = ''] = /npx peerloom attack [^`]+/.exec(text) ?? []
  const attacked = await folder.run(`${node.at(attack)} --only byte-by-byte coalesced reset`)
  expect(attacked.code, attacked.printed).toBe(0)
  expect(await folder.run(tell)).toEqual({ code: 0, printed: 'is anybody there?\n' })
  node.process.kill('SIGTERM')
  expect((await node.ended).code).toBe(0)

  const again = await folder.run(commandOf('npx peerloom replay'))
  expect(again.code, again.printed).toBe(0)
  expect(again.printed).toContain('the same again')
})

test('its nodes live together, and its chart is printed', LONG, async () => {
  const simulated = await folder.run(commandOf('npx peerloom simulate'))
  expect(simulated.code, simulated.printed).toBe(0)
  expect(simulated.printed).toMatch(/^violations +0$/m)
  expect(simulated.printed).toMatch(/heard [1-9]/)
  const chart = await folder.run(commandOf('npx peerloom chart'))
  expect(chart.code, chart.printed).toBe(0)
  expect(chart.printed).toContain('greeting')
})

describe('the document', () => {
  test('has no command but these, and installs the XState that the package has', () => {
    expect(commands.map((command) => command.split(' ').slice(0, 3).join(' '))).toEqual([
      'npm install --ignore-scripts',
      'npm install --ignore-scripts',
      'npm run build',
      'npx peerloom node',
      'node dist/tell.js 127.0.0.1:7007',
      'npx peerloom replay',
      'npx peerloom chart',
      'npx peerloom simulate',
    ])
    expect(commands[0]).toContain(` xstate@${dependencies['xstate'] ?? ''}`)
  })

  test('shows each file whole, and no code besides', () => {
    expect([...files.keys()]).toEqual([
      ...['package.json', 'tsconfig.json', 'wire.ts', 'session.ts', 'echo.ts', 'tell.ts'],
      ...['echo.test.ts', 'hostile.test.ts', 'life.test.ts'],
    ])
    expect(text.match(/^```\w+$/gm)).toHaveLength(files.size + 5)
  })

  test('names each file of the network that it walks through', () => {
    const [, walk = ''] = text.split('## What BOTD does beyond it')
    const walked = [
      ...['codec/botd', 'protocols/botd'].flatMap((path) => readdirSync(join(ROOT, path))),
      ...['machines/handshakes/botd.ts', 'protocols/botd.ts'],
    ]
    expect(walked.filter((name) => !walk.includes(`\`${name}\``))).toEqual([])
    const named = Array.from(walk.matchAll(/`([a-z-]+\.ts)`/g), ([, name = '']) => name)
    expect(named.filter((name) => !walked.includes(name))).toEqual([])
  })

  test('names entries that the package has', () => {
    const named = Array.from(text.matchAll(/[`']peerloom\/([a-z/-]+)[`']/g), ([, name]) => name)
    expect(named.filter((name) => !(`./${name ?? ''}` in entries))).toEqual([])
    expect(named.length).toBeGreaterThan(10)
  })
})
