import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
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
async function runCommand(parameters: readonly string[], input = ''): Promise<Run> {
  const program = join(compileSources(['cli/main.ts']), 'cli/main.js')
  const child = spawn(process.execPath, [program, ...parameters], { stdio: 'pipe' })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Uint8Array) => (out += String(chunk)))
  child.stderr.on('data', (chunk: Uint8Array) => (err += String(chunk)))
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}

const eventsOf = ({ out }: Run) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; [field: string]: unknown })

test('every line reaches both receivers, one of which is killed and back', async () => {
  const lines = Array.from({ length: 300 }, (_, index) => `line ${index + 1}`)
  const file = join(folder, 'lines.txt')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const run = await runCommand(['demo', '--json', '--input', file])
  const events = eventsOf(run)
  expect(events.at(-1)).toMatchObject({
    event: 'done',
    nodes: 3,
    lines: 300,
    missing: 0,
    duplicates: 0,
  })
  expect(run.code).toBe(0)
  expect(events.filter(({ event }) => event === 'started')).toHaveLength(4)
  expect(events.filter(({ event }) => event === 'fault')).toEqual([])
  // Its peers saw why it went, and dialled again.
  const killedAt = events.findIndex(({ event }) => event === 'killed')
  const after = events.slice(killedAt - 2)
  for (const node of ['sender', 'second']) {
    expect(after).toContainEqual(expect.objectContaining({ event: 'closed', node, peer: 'first' }))
  }
  expect(events.slice(killedAt)).toContainEqual({ event: 'active', node: 'sender', peer: 'first' })
})

test('standard input of two lines will do', async () => {
  const run = await runCommand(['demo', '--json', '--input', '-'], 'one\ntwo')
  expect(eventsOf(run).at(-1)).toMatchObject({ event: 'done', lines: 2, missing: 0 })
  expect(run.code).toBe(0)
})

test.each([
  ['a file that is not there', ['demo', '--input', '/nonexistent/lines'], 'cannot be read'],
  ['an option that does not exist', ['demo', '--nonsense'], 'unknown option'],
])('%s is a usage error of one sentence', async (_, parameters, sentence) => {
  const run = await runCommand(parameters)
  expect(run.code).toBe(2)
  expect(run.out).toBe('')
  expect(run.err).toContain(sentence)
  expect(run.err.trim().split('\n')).toHaveLength(1)
})
