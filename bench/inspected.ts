/**
 * What a page that looks costs the node: processor time a message, at full rate, with many connections,
 * next to the same node without its inspector. Two ways: phases of some seconds with it and without take
 * turns on one running node; and a profile of one phase says what part the inspector had of it. The first
 * is what was asked, and on a machine that does other things as well it is known to a tenth at best; the
 * second is of the same seconds, and is the row.
 * @module
 */
import { BURST } from './contender.ts'
import { median, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { crowdLane } from './lanes.ts'
import type { CrowdLane } from './lanes.ts'
import { withPeers } from './processes.ts'
import type { Peer } from './processes.ts'

const PAYLOAD_BYTES = 256
/** Five percent. */
const GOAL = 1.05
/** Through each connection while the node is profiled: some seconds. */
const BURSTS = 12
/** What a page costs is done by these, or beneath them. */
const PATHS = ['/dist/inspector/', '/node_modules/ws/']

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

/** Processor time of the node a message, over one phase: of all its threads, with what its heap cost. */
async function costOf(lane: CrowdLane, node: Peer, count: number): Promise<number> {
  const accountOf = async (): Promise<number> => {
    node.say({ type: 'account' })
    return (await node.next('spent')).micros
  }
  const before = await accountOf()
  await lane.round(count)
  return ((await accountOf()) - before) / count
}

/** How much more than all else the inspector has of the node's main thread, while `run` runs. */
async function growthWhile(node: Peer, run: () => Promise<unknown>): Promise<number> {
  node.say({ type: 'profile' })
  await node.next('profiling')
  await run()
  node.say({ type: 'unprofile', paths: PATHS })
  const { busyMicros, micros } = (await node.next('profiled')).share
  return busyMicros / (busyMicros - micros)
}

/**
 * One phase: the inspector is started for it, and a page looks until it was answered. It goes on looking, or
 * it leaves before the phase: both begin alike, since a phase behind a pause costs more than one without.
 */
async function phaseOf(
  node: Peer,
  page: Peer,
  isLooked: boolean,
  run: () => Promise<number>,
): Promise<{ readonly cost: number; readonly looked: Looked }> {
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
    const count = connections * BURST
    const run = () => costOf(lane, node, count)
    const ratios: number[] = []
    const costs: number[] = []
    // Once before it counts: what is compiled by then is compiled for both.
    await phaseOf(node, page, true, run)
    let { cost: before } = await phaseOf(node, page, false, run)
    for (let phase = 0; phase < phases; phase++) {
      const { cost } = await phaseOf(node, page, true, run)
      const { cost: after } = await phaseOf(node, page, false, run)
      ratios.push((2 * cost) / (before + after))
      costs.push(before)
      before = after
    }
    const { cost: growth, looked } = await phaseOf(node, page, true, () =>
      growthWhile(node, () => lane.round(count * BURSTS)),
    )
    return [
      {
        ...{ row: 'inspected', value: growth, goal: GOAL },
        unit: `x all else that its main thread does, ${String(connections)} connections`,
        more:
          `profiled over ${String(count * BURSTS)} messages of 256 B: ${String(looked.answers)} answers, ` +
          `${(looked.bytes / 1_024).toFixed(0)} KiB, a look every ${looked.everyMs.toFixed(0)} ms; ` +
          `with a page next to without, processor time of the process in ${String(phases)} phases of ` +
          `${String(count)}: ${median(ratios).toFixed(2)}, ${spread(ratios)}; ` +
          `not looked at ${median(costs).toFixed(2)} us a message`,
      },
    ]
  })
