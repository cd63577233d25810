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

const FIRST_COUNT = 8

/** Warms it up, round by round larger, until a round takes long enough to tell how many fill one. */
export async function warmedCount(
  { round, unitsEach = 1 }: Lane,
  roundMs: number,
  multiple: number,
): Promise<number> {
  const whole = (count: number): number => Math.max(1, Math.round(count / multiple)) * multiple
  for (let count = whole(FIRST_COUNT); ; count = whole(count * 4)) {
    const rate = (await round(count)) / unitsEach
    if ((count / rate) * 1_000 > roundMs / 4) return whole((rate * roundMs) / 1_000)
  }
}

const perSecond = (count: number, micros: number): number => (count * 1_000_000) / micros

/** A receiver of messages, and whoever sends them to it. */
export interface Receiving {
  readonly peer: Peer & { readonly at: string }
  /** So many more are sent from now on: settles when the last has arrived. */
  arrivalOf(count: number): Promise<void>
}

export async function startReceiving(
  peers: Peers,
  by: string,
  payloadBytes: number,
): Promise<Receiving> {
  const peer = await peers.start({ part: 'receiver', by, payloadBytes })
  let expected = 0
  return {
    peer,
    async arrivalOf(count) {
      // Receivers count from when they began.
      expected += count
      const arrived = peer.next('arrived')
      peer.say({ type: 'order', count: expected })
      const { total } = await arrived
      if (total !== expected) throw new Error(`${total} messages arrived, not ${expected}`)
    },
  }
}

/** One-way messages: from the order to send until the last has arrived. */
export const pouringLane = (name: string, from: Peer, to: Receiving): Lane => ({
  name,
  async round(count) {
    const arrived = to.arrivalOf(count)
    const before = now()
    from.say({ type: 'order', count })
    await arrived
    return perSecond(count, now() - before)
  },
})

export async function messageLane(peers: Peers, by: string, payloadBytes: number): Promise<Pair> {
  const receiving = await startReceiving(peers, by, payloadBytes)
  const listening = receiving.peer
  const dialling = await peers.start({ part: 'sender', by, payloadBytes, at: listening.at })
  return { ...pouringLane(by, dialling, receiving), dialling, listening }
}

/** A receiver with connections that may become more. */
export interface CrowdLane extends Lane {
  readonly receiving: Receiving
  /** Adds so many connections, each of which says one message; how many a second. */
  grow(count: number): Promise<number>
  /** Bytes of heap and outside of it, all garbage collected. */
  weigh(): Promise<number>
}

export async function crowdLane(
  peers: Peers,
  by: string,
  payloadBytes: number,
): Promise<CrowdLane> {
  const receiving = await startReceiving(peers, by, payloadBytes)
  const { peer } = receiving
  const crowd = await peers.start({ part: 'crowd', by, payloadBytes, at: peer.at })
  return {
    ...pouringLane(by, crowd, receiving),
    receiving,
    async grow(count) {
      const arrived = receiving.arrivalOf(count)
      const over = crowd.next('done')
      crowd.say({ type: 'grow', count })
      await arrived
      return perSecond(count, (await over).micros)
    },
    async weigh() {
      const weighed = peer.next('memory')
      peer.say({ type: 'weigh' })
      const { externalBytes, heapBytes } = await weighed
      return heapBytes + externalBytes
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
