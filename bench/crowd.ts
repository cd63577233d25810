/**
 * What many connections cost the process that has them: memory while they are idle, and throughput of
 * those that are not.
 * @module
 */
import { compare } from './comparison.ts'
import type { ComparisonOptions } from './comparison.ts'
import { BURST } from './contender.ts'
import { RECORD_BYTES } from './bare-peers.ts'
import { median, spread } from './figures.ts'
import type { Point, Row } from './figures.ts'
import { crowdLane, messageLane, pouringLane, warmedCount } from './lanes.ts'
import type { CrowdLane } from './lanes.ts'
import { CROWD_LIMITS, HANDSHAKE_SKIPPED_MS } from './native-peers.ts'
import { withPeers } from './processes.ts'
import { raisedLimits } from './rival-rows.ts'

export interface CrowdOptions extends ComparisonOptions {
  /** Connections, one number after the other; the last one is that of the idle ones. */
  readonly counts: readonly number[]
  /** Of the row that compares two pairs: its rounds are as many and as long as those of other pairs. */
  readonly busy: ComparisonOptions
}

const PAYLOAD_BYTES = 256
const KIB = 1_024
const IDLE_GOAL_KIB = 16
const BUSY_GOAL = 0.9

const raisedText = (): string =>
  `${raisedLimits(CROWD_LIMITS)}; the clock jumps ${String(HANDSHAKE_SKIPPED_MS)} ms after each handshake, for the core's rate of them`

interface Grown {
  readonly bytesEach: Point[]
  /** Its throughput by that of one connection, taken in turns. */
  readonly ratios: Point[]
  ratioText: string
  connectedPerSecond: number
}

/** Connections of one contender, more and more of them; what each costs, and what all carry together. */
async function grow(
  many: CrowdLane,
  one: CrowdLane,
  { counts, roundMs, rounds }: CrowdOptions,
): Promise<Grown> {
  const grown: Grown = { bytesEach: [], ratios: [], ratioText: '', connectedPerSecond: NaN }
  await one.grow(1)
  const emptyBytes = await many.weigh()
  const count = await warmedCount(one, roundMs, BURST)
  let connections = 0
  for (const next of counts) {
    grown.connectedPerSecond = await many.grow(next - connections)
    connections = next
    grown.bytesEach.push({ at: next, value: ((await many.weigh()) - emptyBytes) / next })
    await many.round(count)
    const ratios: number[] = []
    for (let round = 0; round < rounds; round++) {
      const alone = await one.round(count)
      ratios.push((await many.round(count)) / alone)
    }
    grown.ratios.push({ at: next, value: median(ratios) })
    grown.ratioText = spread(ratios)
  }
  return grown
}

const last = (points: readonly Point[]): number => points.at(-1)?.value ?? NaN
const kib = (bytes: number): string => (bytes / KIB).toFixed(1)

export const crowds = (options: CrowdOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => crowdLane(peers, by, PAYLOAD_BYTES)
    const idle = options.counts.at(-1) ?? 0
    const many = await laneOf('peerloom-crowd')
    const ours = await grow(many, await laneOf('peerloom-crowd'), options)
    const bare = await grow(await laneOf('sockets'), await laneOf('sockets'), options)

    const { at } = many.receiving.peer
    const by = 'peerloom'
    const sender = await peers.start({ part: 'sender', by, payloadBytes: PAYLOAD_BYTES, at })
    const alone = { ...(await messageLane(peers, by, PAYLOAD_BYTES)), name: 'without them' }
    const busy = await compare(
      {
        ...{ row: `idle-${String(idle)}-busy`, unit: 'messages/s' },
        multiple: RECORD_BYTES / PAYLOAD_BYTES,
        ours: pouringLane('peerloom', sender, many.receiving),
        theirs: [{ lane: alone, goal: BUSY_GOAL }],
      },
      options.busy,
    )
    return [
      {
        ...{ row: `idle-${String(idle)}`, value: last(ours.bytesEach) / KIB, unit: 'KiB each' },
        goal: IDLE_GOAL_KIB,
        more: `a bare socket ${kib(last(bare.bytesEach))}; connected at ${ours.connectedPerSecond.toFixed(0)} a second; ${raisedText()}`,
      },
      busy,
      {
        ...{ row: 'growth', value: last(ours.ratios), unit: `of the throughput of 1 by ${idle}` },
        more: `${ours.ratioText}; bare sockets ${last(bare.ratios).toFixed(2)}`,
        curves: [
          {
            name: 'throughput of all, 1 = one connection',
            lines: { ours: ours.ratios, 'bare sockets': bare.ratios },
          },
          { name: 'bytes each', lines: { ours: ours.bytesEach, 'bare sockets': bare.bytesEach } },
        ],
      },
    ]
  })
