/**
 * Many seeds of the simulator, one process a core:
 *
 *   npm run simulate:seeds -- --from 1 --to 1000 [--nodes 20] [--for 10m] [--faults swarm] [--crypto real]
 *     [--protocol bitcoin]   one of ours; default: native
 *     [--keep FILE]   what came of each seed goes there, and what stands there is not run again: for one
 *                     build and one set of options
 *
 * Prints the seeds that break something with the words that show them again, and what of all that can
 * happen did not happen in any of them. Ends with 1 where something broke.
 */
import { fork } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CORE_DETAILS } from '../dist/machines/reasons.js'

const ROOT = join(import.meta.dirname, '..')

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    to: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '20' },
    for: { type: 'string', default: '10m' },
    faults: { type: 'string', default: 'swarm' },
    crypto: { type: 'string', default: 'model' },
    protocol: { type: 'string', default: 'native' },
    keep: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const [, digits, unit] = /^(\d+)(ms|s|m|h)$/.exec(values.for) ?? []
if (digits === undefined) throw new Error('--for is a whole number and a unit, such as 90s or 10m')
const run = {
  crypto: values.crypto,
  durationMs: Number(digits) * UNITS[unit],
  faults: values.faults,
  nodes: Number(values.nodes),
  protocol: values.protocol,
}
const { [`${values.protocol.toUpperCase()}_DETAILS`]: ownDetails } = await import(
  `../dist/protocols/${values.protocol}/details.js`
)
const again = (seed) =>
  `peerloom simulate --protocol ${run.protocol} --nodes ${run.nodes} --seed ${seed} --for ${values.for} --faults ${run.faults} --crypto ${run.crypto}`

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

function note({ broken, err, last, seed }, isKept = false) {
  done++
  if (values.keep !== undefined && !isKept) {
    appendFileSync(values.keep, `${JSON.stringify({ broken, err, last, seed })}\n`)
  }
  if (last === undefined || broken.length > 0) {
    failed.push(seed)
    console.log(`seed ${seed} is broken`)
    for (const { atMs, invariant, node, what } of broken) {
      console.log(`  ${invariant} at ${atMs} ms, ${node}: ${what}\n  ${again(seed)}`)
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
    // The last one may have been cut.
    if (!line.endsWith('}')) continue
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
/** One process, until no seeds are left; a seed in which it dies is broken, and another one goes on. */
const work = () =>
  new Promise((resolve) => {
    let seed
    const child = fork(join(import.meta.dirname, 'simulate-seed.mjs'))
    child.on('message', (outcome) => {
      if (outcome !== 'ready') note(outcome)
      seed = left.shift()
      if (seed === undefined) child.disconnect()
      else child.send({ ...run, seed })
    })
    child.on('exit', (code) => {
      if (seed === undefined) return resolve()
      note({ seed, broken: [], err: `its process ended with ${code}` })
      return resolve(work())
    })
  })
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
const details = [...Object.keys(CORE_DETAILS), ...Object.keys(ownDetails)]
console.log(`details never seen: ${missing(seen.details, details)}`)
console.log(
  `${done} seeds, ${failed.length} broken${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`,
)
// A process that ends before its first seed, because it cannot load what it runs, takes none.
if (left.length > 0) console.log(`${left.length} seeds were not run`)
process.exitCode = failed.length > 0 || left.length > 0 ? 1 : 0
