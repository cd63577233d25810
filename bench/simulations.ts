/**
 * What a simulated second costs, and a node: whole networks in processes of their own, a small one next
 * to a large one, by the command that anybody would run.
 * @module
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { median, spread } from './figures.ts'
import type { Row } from './figures.ts'

const MAIN = new URL('../cli/main.js', import.meta.url).pathname
/** A round of the large one takes two minutes on a slow and busy machine. */
const ROUND_MS_MAX = 600_000

export interface SimulationsOptions {
  readonly rounds: number
  readonly seconds: number
  /** Of the small network and of the large one. */
  readonly nodes: readonly [number, number]
}

interface Simulated {
  readonly steps: number
  readonly realMs: number
  readonly simulatedPerRealSecond: number
  readonly memoryBytesPerNode: number
}

const isSimulated = (event: object): event is Simulated =>
  'event' in event && event.event === 'simulated'

async function simulate(nodes: number, seconds: number, seed: number): Promise<Simulated> {
  const words = ['simulate', '--protocol', 'native', '--faults', 'lossy', '--json'].concat([
    ...['--nodes', String(nodes), '--for', `${String(seconds)}s`, '--seed', String(seed)],
  ])
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...words], {
    timeout: ROUND_MS_MAX,
  })
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const event: unknown = JSON.parse(line)
    if (typeof event === 'object' && event !== null && isSimulated(event)) return event
  }
  throw new Error('a simulation ended without saying what came of it')
}

const about = (nodes: number, runs: readonly Simulated[]): string => {
  const perSecond = median(runs.map(({ simulatedPerRealSecond }) => simulatedPerRealSecond))
  const bytes = median(runs.map(({ memoryBytesPerNode }) => memoryBytesPerNode))
  return `${String(nodes)} nodes: ${perSecond.toFixed(2)} simulated s a real s, ${(bytes / 1e6).toFixed(1)} MB a node`
}

export async function simulations(options: SimulationsOptions): Promise<Row> {
  const { nodes, rounds, seconds } = options
  const [few, many] = nodes
  const small: Simulated[] = []
  const large: Simulated[] = []
  for (let round = 1; round <= rounds; round++) {
    small.push(await simulate(few, seconds, round))
    large.push(await simulate(many, seconds, round))
  }
  const stepMs = ({ realMs, steps }: Simulated): number => realMs / steps
  const ratios = large.map((one, round) => {
    const other = small[round]
    return other === undefined ? NaN : stepMs(one) / stepMs(other)
  })
  return {
    row: `simulation-${String(many)}`,
    value: median(ratios),
    unit: `x the time of a step among ${String(few)} nodes`,
    more: `${spread(ratios)} in ${String(rounds)} rounds of ${String(seconds)} s; ${about(few, small)}; ${about(many, large)}`,
  }
}
