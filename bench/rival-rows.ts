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
import type { Row } from './figures.ts'
import { messageLane, timedLane } from './lanes.ts'
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

export const roundTrip = (options: ComparisonOptions): Promise<Row> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => timedLane(peers, 'asker', by, 64)
    return compare(
      {
        ...{ row: 'round-trip', unit: 'round trips/s' },
        ours: await laneOf('peerloom'),
        theirs: [
          { lane: await laneOf('secret-stream'), goal: 1 },
          { lane: await laneOf('libp2p'), goal: 1 },
        ],
      },
      options,
    )
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

/** With every cryptography that is here: the addon is optional, and what is aimed at without it is less. */
const DIAL_GOALS = {
  addon: { secretStream: 2, libp2p: 2 },
  node: { libp2p: 1 },
  noble: {},
} as const

/** What of the node is not as it ships, said with the figures. */
const raisedText = (): string =>
  `raised: ${Object.entries(RAISED_LIMITS)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(
      ', ',
    )}; both clocks jump ${String(SKIPPED_MS)} ms after each, for the core's rates of dials and handshakes`

export const dials = (options: ComparisonOptions): Promise<readonly Row[]> =>
  withPeers(async (peers) => {
    const laneOf = (by: string) => timedLane(peers, 'dialler', by)
    const rivals = { secretStream: await laneOf('secret-stream'), libp2p: await laneOf('libp2p') }
    const rows: Row[] = []
    for (const choice of CHOICES.filter(isThere)) {
      const goals: { readonly secretStream?: number; readonly libp2p?: number } = DIAL_GOALS[choice]
      const against = (name: keyof typeof rivals) => {
        const goal = goals[name]
        return { lane: rivals[name], ...(goal === undefined ? {} : { goal }) }
      }
      rows.push(
        await compare(
          {
            ...{ row: choice === 'addon' ? 'dial' : `dial-${choice}`, unit: 'dials/s' },
            ours: await laneOf(`peerloom-${choice}`),
            theirs: [against('secretStream'), against('libp2p')],
            more: raisedText(),
          },
          options,
        ),
      )
    }
    return rows
  })
