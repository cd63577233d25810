/**
 * Mutations: one line of the core is changed at a time, and something has to notice. A copy of the
 * sources and of what they compile to is changed; simulated networks run first, and where no invariant
 * breaks, the tests that fit the file, those beside it first. What nothing notices has survived.
 *
 *   npm run mutants -- [--only TEXT] [--from 1 --to 10]  some: by their file, by their place in the list
 *   npm run mutants -- --draw SEED --count 10            prints drawn mutations for mutations.json
 *
 * Prints a Markdown table. Ends with 1 where one survived for which mutations.json has no reason.
 * Tests that pin a hash of a whole run are left out: they notice any change, and say nothing about it.
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { drawMutations } from './mutants-drawn.mjs'

const ROOT = join(import.meta.dirname, '..')
const SEEDS = ['1', '2', '3']
/** A run takes two seconds: what takes so much longer spins. */
const SIMULATION_MS_MAX = 60_000
/** A folder of tests takes half a minute on two busy cores. */
const TESTS_MS_MAX = 150_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

const NETWORK = ['native', 'native-network', 'native-sending', 'native-conformance-handshake']
const SUB_PROTOCOLS = ['native-gossip', 'native-requests', 'native-items', 'native-ping']
const inProtocols = (names) => names.map((name) => `test/protocols/${name}.test.ts`).join(' ')

const NODES = ['node', 'stop', 'pair', 'peering']
  .map((name) => `test/supervisor/${name}.test.ts`)
  .join(' ')

/** Those beside the file come before all of these. */
const TESTS = {
  'actors/': ['test/actors test/contracts/fits', inProtocols(SUB_PROTOCOLS), NODES],
  'codec/native/': [
    'test/codec/native',
    inProtocols([...NETWORK, 'native-conformance-frames', 'native-conformance-limits']),
  ],
  'machines/': ['test/machines', inProtocols(NETWORK), NODES],
  'supervisor/': ['test/supervisor', inProtocols([...NETWORK, 'native-discovery'])],
}

const { values: asked } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: 'Infinity' },
    draw: { type: 'string' },
    count: { type: 'string', default: '10' },
  },
})

/** As in tsconfig.json, for one file alone. */
const COMPILER_OPTIONS = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  rewriteRelativeImportExtensions: true,
  verbatimModuleSyntax: true,
}

function prepare() {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-mutants-'))
  const files = execFileSync('git', ['ls-files', '-z', '-c', '-o', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  for (const file of files.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
    if (!existsSync(join(ROOT, file))) continue
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(ROOT, file), join(folder, file))
  }
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** @throws {Error} the line is not there exactly once: the list has to be mended */
function mutated(text, { after, before, file }) {
  const lines = text.split('\n')
  const found = lines.flatMap((line, index) => (line.trim() === before ? [index] : []))
  if (found.length !== 1) throw new Error(`${file} has ${found.length} lines: ${before}`)
  const [index] = found
  const indent = lines[index].slice(0, lines[index].indexOf(before))
  return { text: lines.with(index, indent + after).join('\n'), number: index + 1 }
}

const compiled = (text) =>
  ts.transpileModule(text, { compilerOptions: COMPILER_OPTIONS }).outputText

const run = (folder, words, timeout) =>
  spawnSync(process.execPath, words, {
    cwd: folder,
    encoding: 'utf8',
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_BYTES_MAX,
  })

/** What broke, in words; undefined where nothing did. */
function simulated(folder) {
  for (const seed of SEEDS) {
    const words = ['dist/cli/main.js', 'simulate', '--protocol', 'native', '--nodes', '6']
    const options = ['--seed', seed, '--for', '2m', '--faults', 'swarm', '--json']
    const { error, status, stderr, stdout } = run(folder, [...words, ...options], SIMULATION_MS_MAX)
    if (error?.code === 'ETIMEDOUT') return `seed ${seed} does not end`
    if (status === 0) continue
    const violation = stdout.split('\n').find((line) => line.includes('"event":"violation"'))
    if (violation !== undefined) return `invariant \`${JSON.parse(violation).invariant}\``
    const why = stderr.split('\n').find((line) => /error/i.test(line)) ?? `exit code ${status}`
    return `seed ${seed} fails: ${why.trim().slice(0, 100)}`
  }
  return undefined
}

/** Test files whose path begins as the file's, then the folders. */
function stagesFor(file) {
  const [, folders] = Object.entries(TESTS).find(([folder]) => file.startsWith(folder))
  const name = join('test', file.replace(/\.ts$/, ''))
  const beside = readdirSync(join(ROOT, dirname(name)))
    .map((test) => join(dirname(name), test))
    .filter((test) => test.startsWith(name) && test.endsWith('.test.ts'))
  return [...(beside.length > 0 ? [beside.join(' ')] : []), ...folders]
}

/** The title of the test that failed; `undecided` where the tests did not end. */
function tested(folder, stage) {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...stage.split(' '), '--bail', '1']
  const { error, status, stdout, stderr } = run(
    folder,
    [...words, '--reporter', 'json', '--outputFile', report],
    TESTS_MS_MAX,
  )
  if (status === 0) return undefined
  if (existsSync(report)) {
    for (const { assertionResults, message, name } of JSON.parse(readFileSync(report, 'utf8'))
      .testResults) {
      const file = name.replace(`${folder}/`, '')
      const failed = assertionResults.find((result) => result.status === 'failed')
      if (failed !== undefined) return `${file}: ${failed.title}`
      if (message !== '') return `${file}: ${message.split('\n')[0].slice(0, 100)}`
    }
  }
  if (error?.code === 'ETIMEDOUT') return `undecided: ${stage} did not end`
  return `${stage}: ${(stderr || stdout).trim().split('\n')[0].slice(0, 100)}`
}

function caughtBy(folder, mutation) {
  const broken = simulated(folder)
  if (broken !== undefined) return { by: 'simulator', what: broken }
  for (const stage of stagesFor(mutation.file)) {
    const what = tested(folder, stage)
    if (what !== undefined) return { by: 'tests', what }
  }
  return { by: 'nothing', what: undefined }
}

const cell = (text) => text.replaceAll('|', '\\|')
const code = (text) => (text === '' ? 'the line is gone' : `\`${cell(text)}\``)

function row(mutation, number, { by, what }) {
  const { breaks, file, reason } = mutation
  const outcome = by === 'nothing' ? `**survived**: ${reason ?? 'no reason is known'}` : cell(what)
  const change = `${code(mutation.before)} becomes ${code(mutation.after)}`
  return `| ${breaks} | \`${file}\`:${number} ${change} | ${outcome} |`
}

function runAll(mutations) {
  const folder = prepare()
  const counts = { simulator: 0, tests: 0, nothing: 0 }
  let unanswered = 0
  try {
    console.log('| what it breaks | where | caught by |\n| --- | --- | --- |')
    for (const mutation of mutations) {
      const source = join(folder, mutation.file)
      const output = join(folder, 'dist', mutation.file.replace(/\.ts$/, '.js'))
      const [sourceBefore, outputBefore] = [source, output].map((path) =>
        readFileSync(path, 'utf8'),
      )
      const { number, text } = mutated(sourceBefore, mutation)
      writeFileSync(source, text)
      writeFileSync(output, compiled(text))
      const startedMs = performance.now()
      const outcome = caughtBy(folder, mutation)
      writeFileSync(source, sourceBefore)
      writeFileSync(output, outputBefore)
      counts[outcome.by]++
      if (outcome.by === 'nothing' && mutation.reason === undefined) unanswered++
      console.log(row(mutation, number, outcome))
      const seconds = Math.round((performance.now() - startedMs) / 1_000)
      console.error(`${seconds} s, ${outcome.by}: ${mutation.file}: ${mutation.breaks}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const { nothing, simulator, tests } = counts
  console.log(`\n${simulator} caught by the simulator, ${tests} by tests, ${nothing} survived`)
  process.exitCode = unanswered > 0 ? 1 : 0
}

const all = JSON.parse(readFileSync(join(import.meta.dirname, 'mutations.json'), 'utf8'))
if (asked.draw === undefined) {
  const isWanted = ({ file }, index) =>
    file.includes(asked.only) && index >= Number(asked.from) - 1 && index < Number(asked.to)
  runAll(all.filter(isWanted))
} else {
  const drawn = drawMutations(ROOT, Object.keys(TESTS), asked.draw, Number(asked.count))
  console.log(JSON.stringify(drawn, undefined, 2))
}
