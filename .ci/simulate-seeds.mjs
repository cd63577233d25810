/**
 * Many seeds of the simulator, each in a process of its own, as many at a time as there are cores:
 *
 *   npm run simulate:seeds -- --from 1 --to 1000 [--nodes 20] [--for 10m] [--faults swarm] [--crypto real]
 *     [--keep FILE]   what came of each seed goes there, and what stands there is not run again: for one
 *                     build and one set of options
 *
 * Prints the seeds that break something with the words that show them again, and what of all that can
 * happen did not happen in any of them. Ends with 1 where something broke.
 */
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CORE_DETAILS } from '../dist/machines/reasons.js'
import { NATIVE_DETAILS } from '../dist/protocols/native/details.js'

const ROOT = join(import.meta.dirname, '..')
const MAIN = join(ROOT, 'dist/cli/main.js')
/** A run's lines are some kilobytes; a broken one lists what broke. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '20' },
    for: { type: 'string', default: '10m' },
    faults: { type: 'string', default: 'swarm' },
    crypto: { type: 'string', default: 'model' },
    keep: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})

const wordsOf = (seed) =>
  ['simulate', '--protocol', 'native', '--seed', String(seed), '--nodes', values.nodes].concat([
    ...['--for', values.for, '--faults', values.faults, '--crypto', values.crypto, '--json'],
  ])

/** Its last event, and those before it. */
const run = (seed) =>
  new Promise((resolve) => {
    const options = { maxBuffer: OUTPUT_BYTES_MAX }
    execFile(process.execPath, [MAIN, ...wordsOf(seed)], options, (error, out, err) => {
      const events = out
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
      const last = events.find(({ event }) => event === 'simulated')
      resolve({
        seed,
        last,
        broken: events.filter(({ event }) => event === 'violation'),
        err,
        error,
      })
    })
  })

/** The codes in a table of docs/errors.md, which a test holds to the types. */
function codesIn(union) {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const section = text.split('\n## ').find((part) => part.split('\n', 1)[0].includes(union)) ?? ''
  return [...section.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code)
}

const seen = { faults: {}, reasons: {}, details: {}, dropped: {}, refusals: {}, notes: {} }
const sums = { steps: 0, published: 0, delivered: 0, restarts: 0, bans: 0 }
const failed = []
let done = 0

function note({ broken, err, error, last, seed }, isKept = false) {
  done++
  if (values.keep !== undefined && !isKept) {
    const ended = error === null || broken.length > 0
    const line = JSON.stringify({ broken, err: ended ? '' : err, last, seed })
    appendFileSync(values.keep, `${line}\n`)
  }
  if (last === undefined || broken.length > 0) {
    failed.push(seed)
    console.log(`seed ${seed} is broken`)
    for (const { again, atMs, invariant, node, what } of broken) {
      console.log(`  ${invariant} at ${atMs} ms, ${node}: ${what}\n  ${again}`)
    }
    if (last === undefined) console.log(`  it did not end: ${err.trim()}`)
  }
  for (const [group, counts] of Object.entries(seen)) {
    for (const [name, count] of Object.entries(last?.[group] ?? {})) {
      counts[name] = (counts[name] ?? 0) + count
    }
  }
  for (const name of Object.keys(sums)) sums[name] += last?.[name] ?? 0
  if (done % 10 === 0) console.log(`${done} seeds, ${failed.length} broken`)
}

const kept = new Map()
if (values.keep !== undefined && existsSync(values.keep)) {
  for (const line of readFileSync(values.keep, 'utf8').trim().split('\n')) {
    const outcome = JSON.parse(line)
    kept.set(outcome.seed, outcome)
  }
}
const left = []
for (let seed = Number(values.from); seed <= Number(values.to); seed++) {
  const outcome = kept.get(seed)
  if (outcome === undefined) left.push(seed)
  else note(outcome, true)
}
const work = async () => {
  for (let seed = left.shift(); seed !== undefined; seed = left.shift()) note(await run(seed))
}
await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, work))

const missing = (counts, codes) =>
  codes
    .filter((code) => !(counts[code] > 0))
    .toSorted()
    .join(', ')
for (const [group, counts] of Object.entries(seen))
  console.log(`${group}: ${JSON.stringify(counts)}`)
console.log(`sums: ${JSON.stringify(sums)}`)
console.log(`fault kinds never seen: ${missing(seen.faults, Object.keys(seen.faults))}`)
console.log(`reasons never seen: ${missing(seen.reasons, codesIn('CloseReason'))}`)
console.log(`drop reasons never seen: ${missing(seen.dropped, codesIn('DropReason'))}`)
console.log(`refusals never seen: ${missing(seen.refusals, codesIn('RefusalReason'))}`)
const details = [...Object.keys(CORE_DETAILS), ...Object.keys(NATIVE_DETAILS)]
console.log(`details never seen: ${missing(seen.details, details)}`)
console.log(
  `${done} seeds, ${failed.length} broken${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`,
)
process.exitCode = failed.length > 0 ? 1 : 0
