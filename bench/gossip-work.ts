/**
 * What nodes that gossip are asked to do: each publishes, and publishes again once all the others have
 * it, so that as many publications are on their way as there are nodes.
 * @module
 */
import { median, now } from './figures.ts'

export const GOSSIP_NODES = 20
export const GOSSIP_TOPIC = 'bench'
/** Whom each dials, by how far ahead in the ring: six neighbours each. */
export const GOSSIP_OFFSETS = [1, 2, 3] as const

export interface Gossiper {
  publish(payload: Uint8Array): void
  /** Calls with each publication of another node, once. */
  subscribe(take: (payload: Uint8Array) => void): void
}

export interface GossipOutcome {
  readonly micros: number
  /** From the call that published until a subscriber has it, of all deliveries. */
  readonly latencyMedianMicros: number
  /** By all nodes, to their sockets. */
  readonly writtenBytes: number
}

const NUMBER_BYTES = 4

interface OnItsWay {
  readonly publisher: Gossiper
  readonly sinceMicros: number
  missing: number
}

/** @param writtenBytes what all of them have written so far */
export function startGossip(
  gossipers: readonly Gossiper[],
  writtenBytes: () => number,
): {
  run(count: number, payloadBytes: number): Promise<GossipOutcome>
} {
  const onTheirWay = new Map<number, OnItsWay>()
  let number = 0
  let left = 0
  let payloadBytes = NUMBER_BYTES
  let latencies: number[] = []
  let finish: () => void = () => undefined

  const publish = (publisher: Gossiper): void => {
    left--
    const payload = new Uint8Array(payloadBytes)
    new DataView(payload.buffer).setUint32(0, ++number)
    onTheirWay.set(number, { publisher, sinceMicros: now(), missing: gossipers.length - 1 })
    publisher.publish(payload)
  }

  const take = (payload: Uint8Array): void => {
    const id = new DataView(payload.buffer, payload.byteOffset).getUint32(0)
    const found = onTheirWay.get(id)
    if (found === undefined) throw new Error(`publication ${String(id)} came twice or from nowhere`)
    latencies.push(now() - found.sinceMicros)
    if (--found.missing > 0) return
    onTheirWay.delete(id)
    if (left > 0) publish(found.publisher)
    else if (onTheirWay.size === 0) finish()
  }

  for (const gossiper of gossipers) gossiper.subscribe(take)
  return {
    async run(count, bytes) {
      left = count
      latencies = []
      payloadBytes = Math.max(NUMBER_BYTES, bytes)
      const finished = new Promise<void>((resolve) => (finish = resolve))
      const [before, bytesBefore] = [now(), writtenBytes()]
      for (const gossiper of gossipers.slice(0, count)) publish(gossiper)
      await finished
      return {
        micros: now() - before,
        latencyMedianMicros: median(latencies),
        writtenBytes: writtenBytes() - bytesBefore,
      }
    },
  }
}
