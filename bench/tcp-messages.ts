/**
 * One-way messages over TCP between two processes, through the whole node on both sides, next to a
 * bare socket pair that moves the same payloads under the same cipher.
 * @module
 */
import { RECORD_MESSAGES } from './bare-peers.ts'
import { median, now, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { withPeers } from './processes.ts'
import type { Peer, Peers } from './processes.ts'
import type { RecordedTo } from './peer-orders.ts'

export interface MessagesOptions {
  readonly rounds: number
  /** Of a round, about. */
  readonly messages: number
}

interface Lane {
  readonly sender: Peer
  readonly receiver: Peer
  /** So many more messages, from the order to the last arrival: how many a second. */
  readonly round: (count: number) => Promise<number>
}

function startLane(sender: Peer, receiver: Peer): Lane {
  let total = 0
  const round = async (count: number): Promise<number> => {
    // Receivers count from when they began.
    total += count
    const arrived = receiver.next('arrived')
    receiver.say({ type: 'expect', total })
    const before = now()
    sender.say({ type: 'go', count })
    const told = await arrived
    if (told.total !== total) throw new Error(`${told.total} messages arrived, not ${total}`)
    return (count * 1_000_000) / (now() - before)
  }
  return { sender, receiver, round }
}

const accountOf = async (peer: Peer) => {
  peer.say({ type: 'account' })
  return peer.next('spent')
}

interface Account {
  /** Processor time a message since the account began: of the sender, and of the receiver. */
  each(messages: number): Promise<string>
}

async function startAccount({ receiver, sender }: Lane): Promise<Account> {
  const before = [await accountOf(sender), await accountOf(receiver)] as const
  return {
    async each(messages) {
      const after = [await accountOf(sender), await accountOf(receiver)] as const
      const micros = [after[0].micros - before[0].micros, after[1].micros - before[1].micros]
      return `${micros.map((spent) => (spent / messages).toFixed(2)).join(' + ')} us`
    },
  }
}

export function tcpMessages({ messages, rounds }: MessagesOptions): Promise<Row> {
  const count = Math.ceil(messages / RECORD_MESSAGES) * RECORD_MESSAGES
  return withPeers(async (peers) => {
    const receiver = await peers.start({ part: 'receiver' })
    const node = startLane(await peers.start({ part: 'sender', at: receiver.at }), receiver)
    const bareReceiver = await peers.start({ part: 'bare-receiver' })
    const bareSender = await peers.start({ part: 'bare-sender', at: bareReceiver.at })
    const bare = startLane(bareSender, bareReceiver)

    // What is compiled on the way is compiled.
    await node.round(count)
    await bare.round(count)
    const accounts = [await startAccount(node), await startAccount(bare)] as const
    const nodes: number[] = []
    const bares: number[] = []
    for (let round = 0; round < rounds; round++) {
      nodes.push(await node.round(count))
      bares.push(await bare.round(count))
    }
    const ratios = nodes.map((rate, round) => rate / (bares[round] ?? NaN))
    const [own, reference] = [median(nodes), median(bares)].map((rate) => (rate / 1_000).toFixed(0))
    const spent = await accounts[0].each(rounds * count)
    const bareSpent = await accounts[1].each(rounds * count)
    const more =
      `${spread(ratios)} in ${rounds} rounds of ${count}; ${own} k messages/s, the socket alone ${reference} k; ` +
      `processor time a message, sender + receiver: ${spent}, the socket alone ${bareSpent}`
    return { row: 'tcp-message-256B', value: median(ratios), unit: 'of the bare socket', more }
  })
}

async function startNodes(peers: Peers, record?: RecordedTo): Promise<Lane> {
  const recorded = record === undefined ? {} : { record }
  const receiver = await peers.start({ part: 'receiver', ...recorded })
  return startLane(await peers.start({ part: 'sender', at: receiver.at, ...recorded }), receiver)
}

/** What both nodes of a lane have recorded: a message is in the journal of each. */
async function recordedBy({ receiver, sender }: Lane) {
  const recorded = [(await accountOf(sender)).recorded, (await accountOf(receiver)).recorded]
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
  lanes: { readonly plain: Lane; readonly recorded: Lane },
  { messages, rounds }: MessagesOptions,
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
        `${((bytes - before.bytes) / (ratios.length * messages)).toFixed(0)} bytes a message in both journals`
  return {
    row: `recording-${record}`,
    // Of a recording that did not hold everything there is no figure.
    value: cutShort.length === 0 ? median(ratios) : NaN,
    unit: 'x the time of two nodes that are not recorded',
    ...(record === 'memory' ? { goal: 1.15 } : {}),
    more: held + figures,
  }
}

/** The same with both nodes recorded, next to two that are not. */
export function recordedMessages(options: MessagesOptions): Promise<readonly Row[]> {
  return withPeers(async (peers) => {
    const plain = await startNodes(peers)
    const rows: Row[] = []
    for (const record of ['memory', 'file'] as const) {
      const recorded = await startNodes(peers, record)
      rows.push(await recordedRow(record, { plain, recorded }, options))
    }
    return rows
  })
}
