import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { compileSources } from '../support/compile.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerloom-test-demo-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command line as a process of its own. */
async function runCommand(
  parameters: readonly string[],
  input = '',
  isEnough: (line: string) => boolean = () => false,
): Promise<Run> {
  const program = join(compileSources(['cli/main.ts']), 'cli/main.js')
  const child = spawn(process.execPath, [program, ...parameters], { stdio: 'pipe' })
  onTestFinished(() => {
    child.kill()
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Uint8Array) => {
    out += String(chunk)
    if (out.split('\n').slice(0, -1).some(isEnough)) child.stdout.destroy()
  })
  child.stderr.on('data', (chunk: Uint8Array) => (err += String(chunk)))
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}

const eventsOf = ({ out }: Run) =>
  out
    .slice(0, out.lastIndexOf('\n'))
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; [field: string]: unknown })

/** Some seconds by itself; the machine may have other work. */
const LONG = { timeout: 180_000 }

test(
  'six processes find each other; one joins, one stops for good, one is killed and back',
  LONG,
  async () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`)
    const file = join(folder, 'lines.txt')
    writeFileSync(file, `${lines.join('\n')}\n`)
    const run = await runCommand(['demo', '--json', '--input', file, '--seed', 'test'])
    const events = eventsOf(run)
    const named = (name: string) => events.filter(({ event }) => event === name)
    expect(named('fault')).toEqual([])
    expect(events.at(-1)).toMatchObject({
      ...{ event: 'done', nodes: 6, published: 40, delivered: 5 * 40, missing: 0, duplicates: 0 },
      ...{ synced: 40, recovered: true },
    })
    expect(run.code).toBe(0)
    expect(new Set(named('started').map(({ pid }) => pid)).size).toBe(7)
    expect([named('synced').length, named('stopped').length, named('killed').length]).toEqual([
      1, 1, 1,
    ])
    expect(named('begin')).toMatchObject([{ lines: 40, nodes: 6, publicationsPerWindowMax: 100 }])
    const { byGossip, bySync, own } = named('done')[0] ?? { event: 'none' }
    expect(Number(byGossip)).toBeGreaterThan(0)
    expect(Number(bySync)).toBeGreaterThanOrEqual(20)
    expect(Number(byGossip) + Number(bySync) + Number(own)).toBeLessThanOrEqual(200)
    expect(existsSync(String(named('begin')[0]?.['folder']))).toBe(false)
  },
)

test('standard input of two lines will do', LONG, async () => {
  const run = await runCommand(['demo', '--json', '--nodes', '3', '--input', '-'], 'one\ntwo')
  expect(eventsOf(run).at(-1)).toMatchObject({ event: 'done', nodes: 4, published: 2, missing: 0 })
  expect(run.code).toBe(0)
})

test('a reader that goes away leaves no process and no key behind', LONG, async () => {
  const run = await runCommand(['demo', '--json', '--nodes', '3', '--input', '-'], 'one', (line) =>
    line.includes('"started"'),
  )
  const [begin] = eventsOf(run)
  expect(run.code).toBe(0)
  expect(existsSync(String(begin?.['folder']))).toBe(false)
})

test.each([
  ['a file that is not there', ['demo', '--input', '/nonexistent/lines'], 'cannot be read'],
  ['too few nodes', ['demo', '--nodes', '2'], 'from 3 to 20'],
  ['an option that does not exist', ['demo', '--nonsense'], 'unknown option'],
])('%s is a usage error of one sentence', async (_, parameters, sentence) => {
  const run = await runCommand(parameters)
  expect(run.code).toBe(2)
  expect(run.out).toBe('')
  expect(run.err).toContain(sentence)
  expect(run.err.trim().split('\n')).toHaveLength(1)
})
