/**
 * Peerloom next to what people would use instead: the same work, in the same minutes, on the same Node.
 * `README.md` says how each of them is set up.
 * @module
 */
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { CryptoChoice } from '../transport/crypto/choose.ts'
import { RECORD_BYTES } from './bare-peers.ts'
import { compare } from './comparison.ts'
import type { ComparisonOptions } from './comparison.ts'
import { median, spreadOf } from './figures.ts'
import type { Row } from './figures.ts'
import { GOSSIP_NODES } from './gossip-work.ts'
import { gossipLane, messageLane, timedLane } from './lanes.ts'
import { RAISED_LIMITS, SKIPPED_MS } from './native-peers.ts'
import { withPeers } from './processes.ts'

export interface MessageGoals {
  readonly secretStream: number
  readonly libp2p: number
  readonly bare?: number
}

export const messages = (
  payloadBytes: number,
  row: string,
  goals: MessageGoals,
  options: ComparisonOptions,
): Promise<Row> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => messageLane(peers, by, payloadBytes)
    return compare(
      {
        ...{ row, unit: 'messages/s', multiple: RECORD_BYTES / payloadBytes },
        ours: await laneOf('peerloom'),
        theirs: [
          { lane: await laneOf('secret-stream'), goal: goals.secretStream },
          { lane: await laneOf('libp2p'), goal: goals.libp2p },
          {
            lane: await laneOf('bare'),
            ...(goals.bare === undefined ? {} : { goal: goals.bare }),
          },
        ],
      },
      options,
    )
  })

export const roundTrip = (options: ComparisonOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => timedLane(peers, 'asker', by, 64)
    const unit = 'round trips/s'
    const theirs = [
      { lane: await laneOf('secret-stream'), goal: 1 },
      { lane: await laneOf('libp2p'), goal: 1 },
    ]
    const bare = await laneOf('bare-round-trip')
    const ours = await laneOf('peerloom')
    return [
      await compare(
        { row: 'round-trip', unit, ours, theirs: [...theirs, { lane: bare }] },
        options,
      ),
      // This platform's sockets and cipher by themselves, held to the same goals.
      await compare({ row: 'round-trip-bare', unit, ours: bare, theirs }, options),
    ]
  })

const CHOICES = ['addon', 'node', 'noble'] as const

const isThere = (choice: CryptoChoice): boolean => {
  try {
    chooseCrypto(choice)
    return true
  } catch {
    // The row is left out, and the table says which are there.
    return false
  }
}

/**
 * With every cryptography that is here: the addon is optional, and what is aimed at without it is less.
 * Where the bare program of the same cryptography misses one, no node that speaks this handshake reaches it.
 */
const DIAL_GOALS = {
  addon: { secretStream: 2, libp2p: 2 },
  node: { libp2p: 1 },
  noble: {},
} as const

/** What of the node is not as it ships, said with the figures. */
export const raisedLimits = (limits: object = RAISED_LIMITS): string => {
  const raised = Object.entries(limits).map(([name, value]) => `${name} ${String(value)}`)
  return `raised: ${raised.join(', ')}`
}

const raisedText = (): string =>
  `${raisedLimits()}; both clocks jump ${String(SKIPPED_MS)} ms after each, for the core's rates of dials and handshakes`

/** All sides are started for each row: whoever had gone on from the row before would be warmer than who begins. */
const dialRow = (
  row: string,
  by: string,
  goals: { readonly secretStream?: number; readonly libp2p?: number },
  options: ComparisonOptions,
  more?: string,
): Promise<Row> =>
  withPeers(async (peers) => {
    const laneOf = (name: string) => timedLane(peers, 'dialler', name)
    const against = async (name: string, goal: number | undefined) => ({
      lane: await laneOf(name),
      ...(goal === undefined ? {} : { goal }),
    })
    const theirs = [
      await against('secret-stream', goals.secretStream),
      await against('libp2p', goals.libp2p),
    ]
    const ours = await laneOf(by)
    const told = more === undefined ? {} : { more }
    return compare({ row, unit: 'dials/s', ours, theirs, ...told }, options)
  })

export async function dials(options: ComparisonOptions): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const choice of CHOICES.filter(isThere)) {
    const goals = DIAL_GOALS[choice]
    const row = choice === 'addon' ? 'dial' : `dial-${choice}`
    rows.push(await dialRow(row, `peerloom-${choice}`, goals, options, raisedText()))
    if (choice === 'noble') continue
    // What there is no getting below, held to the same goals.
    rows.push(await dialRow(`${row}-bare`, `bare-${choice}`, goals, options))
  }
  return rows
}

const GOSSIP_PAYLOAD_BYTES = 256

/** Bytes are told for so many publications. */
const PUBLICATIONS = 1_000

/** Deliveries a second, how long one takes, and what was written for it, of the same rounds. */
export const gossip = (options: ComparisonOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => gossipLane(peers, by, GOSSIP_PAYLOAD_BYTES, GOSSIP_NODES - 1)
    const ours = await laneOf('peerloom')
    const theirs = await laneOf('libp2p')
    const floor = await laneOf('gossip-floor')
    const more = `publications of ${String(GOSSIP_PAYLOAD_BYTES)} bytes; ${raisedLimits()}`
    const deliveries = await compare(
      {
        ...{ row: 'gossip-20', unit: 'deliveries/s', ours, more },
        multiple: GOSSIP_NODES,
        theirs: [{ lane: theirs, goal: 10 }, { lane: floor }],
      },
      options,
    )
    const own = ours.latencies.slice(-options.rounds)
    const other = theirs.latencies.slice(-options.rounds)
    const ratios = own.map((latency, round) => (other[round] ?? NaN) / latency)
    const latency = {
      ...{ row: 'gossip-20-latency', value: median(own) / 1_000, unit: 'ms' },
      against: [
        {
          ...{ name: theirs.name, ratio: median(ratios), spread: spreadOf(ratios), goal: 10 },
          theirs: median(other) / 1_000,
        },
      ],
    }
    // Of all nodes, whatever they are about.
    const ownBytes = ours.bytes.slice(-options.rounds)
    const otherBytes = theirs.bytes.slice(-options.rounds)
    const byteRatios = ownBytes.map((bytes, round) => (otherBytes[round] ?? NaN) / bytes)
    const inAll = (bytes: readonly number[]): number => (median(bytes) * PUBLICATIONS) / 1e6
    const wireBytes = {
      row: 'gossip-wire-bytes',
      ...{ value: inAll(ownBytes), unit: `MB for ${String(PUBLICATIONS)} publications` },
      against: [
        {
          ...{ name: theirs.name, ratio: median(byteRatios), spread: spreadOf(byteRatios) },
          theirs: inAll(otherBytes),
        },
      ],
    }
    return [deliveries, latency, wireBytes]
  })
