/**
 * How long the loop of a process is held up that gets as many messages as it can take: what else it has
 * to do waits as long.
 * @module
 */
import { median, spreadOf } from './figures.ts'
import type { Row } from './figures.ts'
import { messageLane, warmedCount } from './lanes.ts'
import type { Pair } from './lanes.ts'
import type { ComparisonOptions } from './comparison.ts'
import { withPeers } from './processes.ts'
import { RECORD_BYTES } from './bare-peers.ts'

const PAYLOAD_BYTES = 256

/** The 99th percentile of one round, milliseconds. */
async function delayOf({ listening, round }: Pair, count: number): Promise<number> {
  listening.say({ type: 'watch' })
  await round(count)
  const told = listening.next('delay')
  listening.say({ type: 'unwatch' })
  return (await told).p99Ms
}

export const loopDelay = ({ roundMs, rounds }: ComparisonOptions): Promise<Row> =>
  withPeers(async (peers) => {
    const lanes = new Map<string, { lane: Pair; count: number; delays: number[] }>()
    for (const by of ['peerloom', 'bare', 'secret-stream']) {
      const lane = await messageLane(peers, by, PAYLOAD_BYTES)
      const count = await warmedCount(lane, roundMs, RECORD_BYTES / PAYLOAD_BYTES)
      lanes.set(by, { lane, count, delays: [] })
    }
    for (let round = 0; round < rounds; round++) {
      for (const { count, delays, lane } of lanes.values()) delays.push(await delayOf(lane, count))
    }
    const own = lanes.get('peerloom')?.delays ?? []
    const against = ['bare', 'secret-stream'].map((name) => {
      const delays = lanes.get(name)?.delays ?? []
      const ratios = own.map((delay, round) => (delays[round] ?? NaN) / delay)
      return { name, ratio: median(ratios), spread: spreadOf(ratios), theirs: median(delays) }
    })
    return {
      ...{ row: 'event-loop-delay', value: median(own), unit: 'ms, p99', against },
      more: 'a receiver of 256 B under full load; the ratio is theirs by ours',
    }
  })
