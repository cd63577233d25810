/**
 * A process of `simulate-seeds.mjs`: it runs the seeds that it is sent, one after another, so that code
 * is compiled once for all of them, and sends what came of each.
 */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const load = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href)
const { simulate, SIMULATION_PRESETS } = await load('testing/testing.js')
/** By network: its module, once it was asked for. */
const loading = new Map()
const toolsOf = async (protocol) => {
  if (!loading.has(protocol)) loading.set(protocol, load(`protocols/${protocol}.js`))
  return (await loading.get(protocol)).tools
}

process.on('message', async ({ crypto, durationMs, faults, nodes, protocol, seed }) => {
  const tools = await toolsOf(protocol)
  const preset = SIMULATION_PRESETS[faults]
  const options = {
    protocol,
    tools,
    nodes,
    seed: String(seed),
    durationMs,
    preset,
    crypto,
  }
  try {
    const last = simulate(options)
    process.send({ seed, last, broken: last.violations, err: '' })
  } catch (error) {
    process.send({ seed, broken: [], err: error.stack ?? String(error) })
  }
})
process.send('ready')
