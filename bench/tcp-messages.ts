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

const spentOf = async (peer: Peer): Promise<number> => {
  peer.say({ type: 'account' })
  return (await peer.next('spent')).micros
}

/** Processor time from now on, in microseconds: of the sender, and of the receiver. */
async function startAccount({ receiver, sender }: Lane) {
  const before = [await spentOf(sender), await spentOf(receiver)] as const
  return async (messages: number): Promise<string> => {
    const [sent, received] = [await spentOf(sender), await spentOf(receiver)]
    const [each, eachReceived] = [(sent - before[0]) / messages, (received - before[1]) / messages]
    return `${each.toFixed(2)} + ${eachReceived.toFixed(2)} us`
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
    const spent = await accounts[0](rounds * count)
    const bareSpent = await accounts[1](rounds * count)
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

/** The same with both nodes recorded, next to two that are not. */
export function recordedMessages({ messages, rounds }: MessagesOptions): Promise<readonly Row[]> {
  return withPeers(async (peers) => {
    const plain = await startNodes(peers)
    const rows: Row[] = []
    for (const record of ['memory', 'file'] as const) {
      const recorded = await startNodes(peers, record)
      await plain.round(messages)
      await recorded.round(messages)
      const ratios: number[] = []
      const accounts = [await startAccount(plain), await startAccount(recorded)] as const
      for (let round = 0; round < rounds; round++) {
        ratios.push((await plain.round(messages)) / (await recorded.round(messages)))
      }
      rows.push({
        row: `recording-${record}`,
        value: median(ratios),
        unit: 'x the time of two nodes that are not recorded',
        ...(record === 'memory' ? { goal: 1.15 } : {}),
        more:
          `${spread(ratios)} in ${rounds} rounds of ${messages} messages of 256 B; ` +
          `processor time a message, sender + receiver: ${await accounts[1](rounds * messages)}, ` +
          `not recorded ${await accounts[0](rounds * messages)}`,
      })
    }
    return rows
  })
}
