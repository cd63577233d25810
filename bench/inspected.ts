/**
 * What a page that looks costs the node: processor time a message, at full rate, with many connections,
 * next to the same node without its inspector. Phases of some seconds with it and without take turns on one
 * running node.
 * @module
 */
import { BURST } from './contender.ts'
import { median, spread, spreadOf } from './figures.ts'
import type { Row } from './figures.ts'
import { crowdLane } from './lanes.ts'
import type { CrowdLane } from './lanes.ts'
import { withPeers } from './processes.ts'
import type { Peer } from './processes.ts'

const PAYLOAD_BYTES = 256
/** Five percent. */
const GOAL = 1.05
/** Through each connection in a phase: a heap that large is collected within each phase, and not in some. */
const BURSTS = 4

export interface InspectedOptions {
  readonly connections: number
  /** Phases with a page, each between two without. */
  readonly phases: number
}

interface Looked {
  readonly answers: number
  readonly bytes: number
  readonly everyMs: number
}

/** Processor time of the node a message, over one phase. */
interface Cost {
  /** Of all its threads, with what its heap cost. */
  readonly process: number
  /** Of its JavaScript alone. */
  readonly thread: number
}

async function costOf(lane: CrowdLane, node: Peer, count: number): Promise<Cost> {
  const accountOf = () => {
    node.say({ type: 'account' })
    return node.next('spent')
  }
  const before = await accountOf()
  await lane.round(count)
  const after = await accountOf()
  return {
    thread: (after.threadMicros - before.threadMicros) / count,
    process: (after.micros - before.micros) / count,
  }
}

/**
 * One phase: the inspector is started for it, and a page looks until it was answered. It goes on looking, or
 * it leaves before the phase: both begin alike, since a phase behind a pause costs more than one without.
 */
async function phaseOf(
  node: Peer,
  page: Peer,
  isLooked: boolean,
  run: () => Promise<Cost>,
): Promise<{ readonly cost: Cost; readonly looked: Looked }> {
  const leave = async (): Promise<Looked> => {
    page.say({ type: 'unlook' })
    const looked = await page.next('looked')
    node.say({ type: 'uninspect' })
    await node.next('uninspected')
    return looked
  }
  node.say({ type: 'inspect' })
  const { url } = await node.next('inspected')
  page.say({ type: 'look', url })
  await page.next('looks')
  if (isLooked) {
    const cost = await run()
    return { cost, looked: await leave() }
  }
  const looked = await leave()
  return { cost: await run(), looked }
}

export const inspected = ({ connections, phases }: InspectedOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const lane = await crowdLane(peers, 'peerloom-crowd', PAYLOAD_BYTES)
    const node = lane.receiving.peer
    const page = await peers.start({ part: 'page', by: 'page', payloadBytes: 0 })
    await lane.grow(connections)
    const count = connections * BURST * BURSTS
    const run = () => costOf(lane, node, count)
    const ratios: Record<keyof Cost, number[]> = { thread: [], process: [] }
    const costs: number[] = []
    const looks: Looked[] = []
    // Once before it counts: what is compiled by then is compiled for both.
    await phaseOf(node, page, true, run)
    let { cost: before } = await phaseOf(node, page, false, run)
    for (let phase = 0; phase < phases; phase++) {
      const { cost, looked } = await phaseOf(node, page, true, run)
      const { cost: after } = await phaseOf(node, page, false, run)
      for (const of of ['thread', 'process'] as const) {
        ratios[of].push((2 * cost[of]) / (before[of] + after[of]))
      }
      costs.push(before.process)
      looks.push(looked)
      before = after
    }
    const sum = (of: keyof Looked): number => looks.reduce((total, look) => total + look[of], 0)
    const everyMs = median(looks.map((look) => look.everyMs))
    const spreadText = (of: keyof Cost): string =>
      `${spread(ratios[of])}, the middle half within ${(spreadOf(ratios[of]) * median(ratios[of])).toFixed(3)}`
    return [
      {
        ...{ row: 'inspected', value: median(ratios.process), goal: GOAL },
        unit: `x the processor time a message, ${String(connections)} connections`,
        more:
          `${spreadText('process')}, in ${String(phases)} ` +
          `phases of ${String(count)} messages of 256 B, each next to those before and behind it; ` +
          `of its JavaScript without collections ${median(ratios.thread).toFixed(2)} x, ` +
          `${spreadText('thread')}; not looked at ${median(costs).toFixed(2)} us a message; ` +
          `${String(sum('answers'))} answers, ${(sum('bytes') / 1_024).toFixed(0)} KiB; ` +
          `a look every ${everyMs.toFixed(0)} ms`,
      },
    ]
  })
