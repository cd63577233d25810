/**
 * Gossipsub on js-libp2p, in one process, as its documentation sets it up: strict signing, flood
 * publishing, a mesh of six of six neighbours.
 * @module
 */
import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { setTimeout as wait } from 'node:timers/promises'
import type { Part, Tell } from '../contender.ts'
import { GOSSIP_NODES, GOSSIP_OFFSETS, GOSSIP_TOPIC, startGossip } from '../gossip-work.ts'
import { watchSocketBytes } from '../socket-bytes.ts'
import { startNode } from './libp2p-node.ts'

/** A heartbeat is a second; the mesh is made in the first ones. */
const HEARTBEATS_MS = 3_000
const READY_MS_MAX = 60_000
const LOOK_MS = 100

const startPubsub = () =>
  startNode(['/ip4/127.0.0.1/tcp/0'], { identify: identify(), pubsub: gossipsub() })

async function startRing(): Promise<readonly GossipSub[]> {
  const nodes = await Promise.all(Array.from({ length: GOSSIP_NODES }, () => startPubsub()))
  for (const node of nodes) node.services.pubsub.subscribe(GOSSIP_TOPIC)
  for (const [index, node] of nodes.entries()) {
    for (const offset of GOSSIP_OFFSETS) {
      await node.dial(nodes[(index + offset) % nodes.length]?.getMultiaddrs() ?? [])
    }
  }
  const neighbours = 2 * GOSSIP_OFFSETS.length
  const isReady = (): boolean =>
    nodes.every(({ services }) => services.pubsub.getSubscribers(GOSSIP_TOPIC).length >= neighbours)
  for (let waitedMs = 0; !isReady(); waitedMs += LOOK_MS) {
    if (waitedMs > READY_MS_MAX) throw new Error('the nodes do not hear of each other')
    await wait(LOOK_MS)
  }
  await wait(HEARTBEATS_MS)
  return nodes.map(({ services }) => services.pubsub)
}

export async function gossip(tell: Tell, payloadBytes: number): Promise<Part> {
  const writtenBytes = watchSocketBytes()
  const nodes = await startRing()
  tell({ type: 'ready', at: '' })
  const { run } = startGossip(
    nodes.map((node) => ({
      publish(payload) {
        node.publish(GOSSIP_TOPIC, payload).catch((error: unknown) => {
          tell({ type: 'fault', sentence: String(error) })
        })
      },
      subscribe(take) {
        node.addEventListener('message', ({ detail }) => {
          take(detail.data)
        })
      },
    })),
    writtenBytes,
  )
  return {
    async order(count) {
      tell({ type: 'done', ...(await run(count, payloadBytes)) })
    },
  }
}
