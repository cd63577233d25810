/**
 * What a page that looks costs the node: processor time a message, at full rate, with many connections,
 * next to the same node without its inspector.
 * @module
 */
import { BURST } from './contender.ts'
import { median, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { crowdLane, warmedCount } from './lanes.ts'
import type { CrowdLane } from './lanes.ts'
import { withPeers } from './processes.ts'
import type { Peer } from './processes.ts'

const PAYLOAD_BYTES = 256
/** Five percent. */
const GOAL = 1.05

export interface InspectedOptions {
  readonly connections: number
  readonly rounds: number
  readonly roundMs: number
}

interface Looked {
  readonly answers: number
  readonly bytes: number
  readonly everyMs: number
}

/** Processor time of the node a message, over one round. */
async function costOf(lane: CrowdLane, node: Peer, count: number): Promise<number> {
  const accountOf = async (): Promise<number> => {
    node.say({ type: 'account' })
    return (await node.next('spent')).micros
  }
  const before = await accountOf()
  await lane.round(count)
  return ((await accountOf()) - before) / count
}

/** The same while a page looks: the inspector is started for it, and closed again. */
async function whileLooked(
  node: Peer,
  page: Peer,
  run: () => Promise<number>,
): Promise<{ readonly cost: number; readonly looked: Looked }> {
  node.say({ type: 'inspect' })
  const { url } = await node.next('inspected')
  page.say({ type: 'look', url })
  await page.next('looks')
  const cost = await run()
  page.say({ type: 'unlook' })
  const looked = await page.next('looked')
  node.say({ type: 'uninspect' })
  await node.next('uninspected')
  return { cost, looked }
}

export const inspected = ({
  connections,
  roundMs,
  rounds,
}: InspectedOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const lane = await crowdLane(peers, 'peerloom-crowd', PAYLOAD_BYTES)
    const node = lane.receiving.peer
    const page = await peers.start({ part: 'page', by: 'page', payloadBytes: 0 })
    await lane.grow(connections)
    const count = await warmedCount(lane, roundMs, BURST)
    const run = () => costOf(lane, node, count)
    const ratios: number[] = []
    const costs: number[] = []
    const looks: Looked[] = []
    // Once before it counts: what is compiled by then is compiled for both.
    await whileLooked(node, page, run)
    for (let round = 0; round < rounds; round++) {
      // Whoever is first gains or loses by it: they take turns in that, too.
      const first = round % 2 === 0 ? await run() : undefined
      const { cost, looked } = await whileLooked(node, page, run)
      const plain = first ?? (await run())
      ratios.push(cost / plain)
      costs.push(plain)
      looks.push(looked)
    }
    const sum = (of: keyof Looked): number => looks.reduce((total, look) => total + look[of], 0)
    const everyMs = median(looks.map((look) => look.everyMs))
    return [
      {
        ...{ row: 'inspected', value: median(ratios), goal: GOAL },
        unit: `x the processor time a message, ${String(connections)} connections`,
        more:
          `${spread(ratios)} in ${String(rounds)} rounds of ${String(count)} messages of 256 B; ` +
          `not looked at ${median(costs).toFixed(2)} us a message; ` +
          `${String(sum('answers'))} answers, ${(sum('bytes') / 1_024).toFixed(0)} KiB; ` +
          `a look every ${everyMs.toFixed(0)} ms or as often as the loop comes round`,
      },
    ]
  })
