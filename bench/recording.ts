/**
 * What a journal of both nodes costs them: one-way messages over TCP between two processes, next to two
 * nodes that are not recorded; and, as the floor of a journal in memory, what it costs to copy what
 * enters them into memory that stays and to take fingerprints of what they send, and nothing else.
 * @module
 */
import { median, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { messageLane } from './lanes.ts'
import type { Pair } from './lanes.ts'
import { withPeers } from './processes.ts'
import type { Peer } from './processes.ts'
import type { RecordedTo } from './peer-orders.ts'

const PAYLOAD_BYTES = 256

export interface RecordingOptions {
  readonly rounds: number
  /** Of a round, about. */
  readonly messages: number
}

const accountOf = async (peer: Peer) => {
  peer.say({ type: 'account' })
  return peer.next('spent')
}

interface Account {
  /** Processor time a message since the account began: of the sender, and of the receiver. */
  each(messages: number): Promise<string>
}

async function startAccount({ dialling, listening }: Pair): Promise<Account> {
  const before = [await accountOf(dialling), await accountOf(listening)] as const
  return {
    async each(messages) {
      const after = [await accountOf(dialling), await accountOf(listening)] as const
      const micros = [after[0].micros - before[0].micros, after[1].micros - before[1].micros]
      return `${micros.map((spent) => (spent / messages).toFixed(2)).join(' + ')} us`
    },
  }
}

/** What both nodes of a lane have recorded: a message is in the journal of each. */
async function recordedBy({ dialling, listening }: Pair) {
  const recorded = [(await accountOf(dialling)).recorded, (await accountOf(listening)).recorded]
  const journals = recorded.filter((journal) => journal !== undefined)
  if (journals.length !== recorded.length) throw new Error('a node is not recorded')
  return {
    bytes: journals.reduce((sum, { bytes }) => sum + bytes, 0),
    cutShort: journals
      .filter(({ ending }) => ending !== 'open')
      .map(({ ending, entries }) => `${ending} after ${entries} steps`),
  }
}

/** A lane that is recorded and one that is not, in turns, for as long as the recording holds everything. */
async function recordedRow(
  record: RecordedTo,
  lanes: { readonly plain: Pair; readonly recorded: Pair },
  { messages, rounds }: RecordingOptions,
): Promise<Row> {
  const { plain, recorded } = lanes
  await plain.round(messages)
  await recorded.round(messages)
  const accounts = [await startAccount(plain), await startAccount(recorded)] as const
  const before = await recordedBy(recorded)
  const ratios: number[] = []
  const rates: number[] = []
  let { bytes, cutShort } = before
  let spent = ''
  // A round in which a recording ended was not recorded: it counts as none.
  while (ratios.length < rounds && cutShort.length === 0) {
    const rate = await plain.round(messages)
    const rateRecorded = await recorded.round(messages)
    const now = await recordedBy(recorded)
    cutShort = now.cutShort
    if (cutShort.length > 0) break
    bytes = now.bytes
    rates.push(rate)
    ratios.push(rate / rateRecorded)
    const sent = ratios.length * messages
    spent = `${await accounts[1].each(sent)}, not recorded ${await accounts[0].each(sent)}`
  }
  const held =
    cutShort.length === 0
      ? ''
      : `CUT SHORT in round ${ratios.length + 1}: ${cutShort.join(', ')}; before that `
  const figures =
    ratios.length === 0
      ? 'nothing is measured'
      : `${spread(ratios)} in ${ratios.length} rounds of ${messages} messages of 256 B; ` +
        `not recorded ${(median(rates) / 1_000).toFixed(0)} k messages/s; ` +
        `processor time a message, sender + receiver: ${spent}; ` +
        `${((bytes - before.bytes) / (ratios.length * messages)).toFixed(0)} bytes a message kept by both`
  const isInMemory = record !== 'file'
  return {
    row: `recording-${record}`,
    // Of a recording that did not hold everything there is no figure.
    value: cutShort.length === 0 ? median(ratios) : NaN,
    unit: 'x the time of two nodes that are not recorded',
    ...(isInMemory ? { goal: 1.15 } : {}),
    more: held + figures,
  }
}

/** The same with both nodes recorded, next to two that are not. */
export function recordedMessages(options: RecordingOptions): Promise<readonly Row[]> {
  return withPeers(async (peers) => {
    const plain = await messageLane(peers, 'peerloom', PAYLOAD_BYTES)
    const rows: Row[] = []
    for (const record of ['memory', 'floor', 'file'] as const) {
      const recorded = await messageLane(peers, `peerloom-recorded-${record}`, PAYLOAD_BYTES)
      rows.push(await recordedRow(record, { plain, recorded }, options))
    }
    return rows
  })
}
