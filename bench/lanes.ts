/**
 * A pair of processes of one contender that does one kind of work, round by round.
 * @module
 */
import { now } from './figures.ts'
import type { Peer, Peers } from './processes.ts'

export interface Lane {
  readonly name: string
  /** Does so much, and says how much that was a second, in the row's unit. */
  round(count: number): Promise<number>
  /** How many of the row's units one of the counted is. Left out: 1. */
  readonly unitsEach?: number
}

export interface Pair extends Lane {
  readonly dialling: Peer
  readonly listening: Peer
}

const perSecond = (count: number, micros: number): number => (count * 1_000_000) / micros

/** One-way messages: from the order to send until the last has arrived. */
export async function messageLane(peers: Peers, by: string, payloadBytes: number): Promise<Pair> {
  const listening = await peers.start({ part: 'receiver', by, payloadBytes })
  const dialling = await peers.start({ part: 'sender', by, payloadBytes, at: listening.at })
  let total = 0
  return {
    ...{ name: by, dialling, listening },
    async round(count) {
      // Receivers count from when they began.
      total += count
      const arrived = listening.next('arrived')
      listening.say({ type: 'order', count: total })
      const before = now()
      dialling.say({ type: 'order', count })
      const told = await arrived
      if (told.total !== total) throw new Error(`${told.total} messages arrived, not ${total}`)
      return perSecond(count, now() - before)
    },
  }
}

const pairs = {
  /** Messages there and back, one at a time. */
  asker: 'echo',
  /** Connections, one at a time. */
  dialler: 'listener',
} as const

/** Work that the dialling side takes the time of. */
export async function timedLane(
  peers: Peers,
  part: keyof typeof pairs,
  by: string,
  payloadBytes = 0,
): Promise<Pair> {
  const listening = await peers.start({ part: pairs[part], by, payloadBytes })
  const dialling = await peers.start({ part, by, payloadBytes, at: listening.at })
  return {
    ...{ name: by, dialling, listening },
    async round(count) {
      const over = dialling.next('done')
      dialling.say({ type: 'order', count })
      return perSecond(count, (await over).micros)
    },
  }
}

export interface GossipLane extends Lane {
  /** Of each round so far, microseconds. */
  readonly latencies: number[]
  /** Of each round so far: bytes written for one publication. */
  readonly bytes: number[]
}

/** Publications of a network in one process; a round's rate is that of deliveries. */
export async function gossipLane(
  peers: Peers,
  by: string,
  payloadBytes: number,
  deliveriesEach: number,
): Promise<GossipLane> {
  const network = await peers.start({ part: 'gossip', by, payloadBytes })
  const latencies: number[] = []
  const bytes: number[] = []
  return {
    ...{ name: by, latencies, bytes, unitsEach: deliveriesEach },
    async round(count) {
      const over = network.next('done')
      network.say({ type: 'order', count })
      const { latencyMedianMicros, micros, writtenBytes } = await over
      if (latencyMedianMicros === undefined) throw new Error(`${by} says nothing of latencies`)
      if (writtenBytes === undefined) throw new Error(`${by} says nothing of bytes`)
      latencies.push(latencyMedianMicros)
      bytes.push(writtenBytes / count)
      return perSecond(count * deliveriesEach, micros)
    },
  }
}
