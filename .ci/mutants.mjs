/**
 * Mutations: one line of the core is changed at a time, and something has to notice. A copy of the
 * sources and of what they compile to is changed; simulated networks run first, and where no invariant
 * breaks, the tests that fit the file, those beside it first. What nothing notices has survived.
 *
 *   npm run mutants -- [--only TEXT] [--places 1-10,13]  some: by their file, by their place in the list
 *   npm run mutants -- --draw SEED --count 10            prints drawn mutations for mutations.json
 *
 * First all of it runs without a mutation: seeds and files of tests that fail there are named and left
 * out, since they would notice anything. What fails with a mutation has thus passed without it.
 *
 * Prints a Markdown table. Ends with 1 where one survived for which mutations.json has no reason, where
 * tests neither failed nor ended, and where something had to be left out.
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
/** A folder of tests takes a minute on two busy cores. */
const TESTS_MS_MAX = 240_000
/** All of them together, without a mutation. */
const BASELINE_MS_MAX = 1_200_000
/** Vitest about itself, on a machine that is too busy: no test said it. */
const RUNNER_ERROR = /\[vitest-(worker|pool)|\[birpc\]/
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

const NETWORK = ['native', 'native-network', 'native-sending', 'native-conformance-handshake']
const SUB_PROTOCOLS = [
  'native-gossip',
  'native-gossip-validation',
  'native-requests',
  'native-items',
  'native-ping',
]
const inProtocols = (names) => names.map((name) => `test/protocols/${name}.test.ts`).join(' ')

const NODES = ['node', 'stop', 'pair', 'peering']
  .map((name) => `test/supervisor/${name}.test.ts`)
  .join(' ')

const BOTD = [
  'botd-conformance-handshake',
  'botd-conformance-sessions',
  'botd-conformance-attacks',
  'botd-threats',
]

/**
 * For mutations that were thought of alone, and before those of `TESTS`: nothing is drawn from them, so
 * that a seed draws what it always drew.
 */
const MORE_TESTS = {
  'codec/botd/': ['test/codec/botd', inProtocols(['botd', ...BOTD])],
  'codec/sealed-records': [inProtocols(BOTD)],
  'machines/handshakes/botd': ['test/machines/botd', inProtocols(BOTD)],
  'protocols/botd': [inProtocols(['botd-conformance-rates', ...BOTD])],
  'transport/crypto/': ['test/transport/crypto', inProtocols(BOTD)],
}

/** Those beside the file come before all of these. */
const TESTS = {
  'actors/': ['test/actors test/contracts/fits', inProtocols(SUB_PROTOCOLS), NODES],
  'codec/native/': [
    'test/codec/native',
    inProtocols([...NETWORK, 'native-conformance-frames', 'native-conformance-limits']),
  ],
  'machines/': ['test/machines', inProtocols(NETWORK), NODES],
  'supervisor/': [
    'test/supervisor',
    inProtocols([...NETWORK, 'native-discovery']),
    // The only one that speaks datagrams is among them.
    'test/contracts/fits',
  ],
}

const { values: asked } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    places: { type: 'string', default: '1-' },
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

/** Of which network nodes are simulated, to see what is noticed. */
const networkOf = ({ file }) => (file.includes('botd') ? 'botd' : 'native')

/** What broke with one of the seeds, in words; undefined where nothing did. */
function simulated(folder, network, seeds) {
  for (const seed of seeds) {
    const words = ['dist/cli/main.js', 'simulate', '--protocol', network, '--nodes', '6']
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
  const [, folders] = [...Object.entries(MORE_TESTS), ...Object.entries(TESTS)].find(([folder]) =>
    file.startsWith(folder),
  )
  const name = join('test', file.replace(/\.ts$/, ''))
  const folder = join(ROOT, dirname(name))
  const beside = (existsSync(folder) ? readdirSync(folder) : [])
    .map((test) => join(dirname(name), test))
    .filter((test) => test.startsWith(name) && test.endsWith('.test.ts'))
  return [...(beside.length > 0 ? [beside.join(' ')] : []), ...folders]
}

/** What the report of the tests says of a file that failed: a title, or why there were no tests. */
function failureOf({ assertionResults, message }) {
  const failed = assertionResults.find((result) => result.status === 'failed')
  if (failed !== undefined) return failed.title
  return message === '' ? undefined : message.split('\n')[0].slice(0, 100)
}

/** Runs tests; what failed by its file, and what was thrown outside of any test. */
function runTests(folder, words, timeout) {
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  // The report does not hold what was thrown outside of tests: that stands in what `dot` prints.
  const reporters = ['--reporter', 'dot', '--reporter', 'json', `--outputFile.json=${report}`]
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--no-color', ...words, ...reporters]
  const { error, status, stderr, stdout } = run(folder, vitest, timeout)
  if (status === 0) return { outcome: 'passed', failures: new Map() }
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : []
  const failures = new Map()
  for (const file of files) {
    const what = failureOf(file)
    if (what !== undefined) failures.set(file.name.replace(`${folder}/`, ''), what)
  }
  if (failures.size > 0) return { outcome: 'failed', failures }
  if (error?.code === 'ETIMEDOUT') return { outcome: 'did not end', failures }
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim())
  const thrown = lines.find((line) => /^(\w*Error|Unknown Error): /.test(line))
  if (thrown === undefined || RUNNER_ERROR.test(thrown))
    return { outcome: `could not be run (${thrown ?? `exit code ${status}`})`, failures }
  const [, origin = words[0]] = /originated in "([^"]+)"/.exec(stderr) ?? []
  failures.set(origin, `outside of any test: ${thrown.slice(0, 100)}`)
  return { outcome: 'failed', failures }
}

/** What passes without a mutation, and the words for what does not. */
function baselineOf(folder, mutations) {
  const seeds = new Map()
  const left = []
  for (const network of new Set(mutations.map(networkOf))) {
    const failing = SEEDS.map((seed) => [seed, simulated(folder, network, [seed])])
    const sound = failing.flatMap(([seed, what]) => (what === undefined ? [seed] : []))
    seeds.set(network, sound)
    for (const [seed, what] of failing) {
      if (what !== undefined) left.push(`${network}, seed ${seed}: ${what}`)
    }
  }
  const all = new Set(mutations.flatMap(({ file }) => stagesFor(file).join(' ').split(' ')))
  const { failures, outcome } = runTests(folder, [...all], BASELINE_MS_MAX)
  if (outcome !== 'passed' && outcome !== 'failed')
    throw new Error(`the unchanged tests: ${outcome}`)
  for (const [file, what] of failures) {
    if (!file.endsWith('.test.ts')) throw new Error(`the unchanged tests, ${what}`)
    left.push(`${file}: ${what}`)
  }
  return { seeds, left, without: [...failures.keys()].flatMap((file) => ['--exclude', file]) }
}

function caughtBy(folder, mutation, { seeds, without }) {
  const network = networkOf(mutation)
  const broken = simulated(folder, network, seeds.get(network))
  if (broken !== undefined) return { by: 'simulator', what: broken }
  const open = []
  for (const stage of stagesFor(mutation.file)) {
    const words = [...stage.split(' '), ...without, '--bail', '1', '--passWithNoTests']
    const { failures, outcome } = runTests(folder, words, TESTS_MS_MAX)
    const [first] = failures
    if (first !== undefined) return { by: 'tests', what: first.join(': ') }
    if (outcome !== 'passed') open.push(`${stage} ${outcome}`)
  }
  if (open.length > 0) return { by: 'undecided', what: `**undecided**: ${open.join('; ')}` }
  return { by: 'nothing', what: undefined }
}

const cell = (text) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
const code = (text) => (text === '' ? 'the line is gone' : `\`${cell(text)}\``)

function row(mutation, number, { by, what }) {
  const { breaks, file, reason } = mutation
  const outcome = by === 'nothing' ? `**survived**: ${reason ?? 'no reason is known'}` : cell(what)
  const change = `${code(mutation.before)} becomes ${code(mutation.after)}`
  return `| ${breaks} | \`${file}\`:${number} ${change} | ${outcome} |`
}

function runAll(mutations) {
  const folder = prepare()
  const counts = { simulator: 0, tests: 0, nothing: 0, undecided: 0 }
  let unanswered = 0
  let left = []
  try {
    const baseline = baselineOf(folder, mutations)
    left = baseline.left
    for (const what of left) console.error(`fails without a mutation, left out: ${what}`)
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
      const outcome = caughtBy(folder, mutation, baseline)
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
  const { nothing, simulator, tests, undecided } = counts
  console.log(
    `\n${simulator} caught by the simulator, ${tests} by tests, ${nothing} survived, ${undecided} undecided`,
  )
  process.exitCode = unanswered + undecided + left.length > 0 ? 1 : 0
}

const all = JSON.parse(readFileSync(join(import.meta.dirname, 'mutations.json'), 'utf8'))
if (asked.draw === undefined) {
  const ranges = asked.places.split(',').map((range) => {
    const [first, last = first] = range.split('-')
    return { first: Number(first), last: last === '' ? Infinity : Number(last) }
  })
  const isWanted = ({ file }, index) =>
    file.includes(asked.only) &&
    ranges.some(({ first, last }) => first <= index + 1 && index + 1 <= last)
  runAll(all.filter(isWanted))
} else {
  const drawn = drawMutations(ROOT, Object.keys(TESTS), asked.draw, Number(asked.count))
  console.log(JSON.stringify(drawn, undefined, 2))
}
