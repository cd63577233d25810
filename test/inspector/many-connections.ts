/**
 * A node of many connections, each in the middle of its handshake, in a world that stands still.
 */
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { startNode } from '../support/nodes.ts'

/** The core numbers its streams even: these are of somebody who has no node. */
const streamOf = (place: number): number => 2 * place

export function startCrowded<T extends ProtocolTypes>(protocol: Protocol<T>, count: number) {
  const world = startVirtualWorld({ seed: 'crowded' })
  const many = 2 * count
  const { supervisor } = startNode(world, 'crowded', '10.0.0.1', {
    ...protocol,
    slots: [
      { name: 'outbound', role: 'dialler', max: 1 },
      { name: 'inbound', role: 'listener', max: many },
    ],
    admission: {
      ...{ pendingInbound: many, pendingOutbound: 1, pendingPerGroup: many, inboundPerGroup: many },
      acceptedPerGroup: { count: many, withinMs: 1_000 },
    },
  })
  const { streams } = world.nodeWorld('strangers', '10.0.0.2')
  streams.start(() => undefined)
  for (let place = 1; place <= count; place++) {
    streams.open(streamOf(place), { host: '10.0.0.1', port: protocol.defaultPort })
    // A node begins so many handshakes in a second, and no more.
    if (place % 40 === 0) world.advance(1_000)
  }
  world.settle()
  const there = supervisor.connections().length
  if (there !== count) throw new Error(`${String(there)} connections are there`)
  return { supervisor, world }
}
