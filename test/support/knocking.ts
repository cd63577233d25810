/**
 * Strangers who dial a node of the plain stand-in at 10.0.0.1 and say bytes.
 * @module
 */
import type { Protocol } from '../../index.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from './nodes.ts'

export const HELLO = Uint8Array.of(0, 0, 0, 0, 1)
export const RUBBISH = Uint8Array.of(255, 255, 255, 255, 1)

/** A node that listens, and strangers that say bytes. */
export function startListening(change: Partial<Protocol<PlainTypes>> = {}) {
  const world = startVirtualWorld({ seed: 'peering' })
  const start = () => startNode(world, 'alice', '10.0.0.1', { ...plain(), ...change })
  return { world, alice: start(), start, knock: knocker(world) }
}

function knocker(world: VirtualWorld) {
  let streams = 0
  const hosts = new Map<string, ReturnType<VirtualWorld['nodeWorld']>['streams']>()
  return (host: string, bytes: Uint8Array = HELLO): void => {
    const known = hosts.get(host)
    const dialling = known ?? world.nodeWorld(host, host).streams
    if (known === undefined) {
      hosts.set(host, dialling)
      dialling.start((input) => {
        if (input.kind === 'stream.opened') dialling.resume(input.stream)
        if (input.kind === 'stream.ended') dialling.end(input.stream)
      })
    }
    streams += 2
    dialling.open(streams, { host: '10.0.0.1', port: 7001 })
    world.settle()
    dialling.write(streams, bytes)
    world.settle()
  }
}

export const ONE_SLOT: Partial<Protocol<PlainTypes>> = {
  slots: [
    { name: 'inbound', role: 'listener', max: 1 },
    { name: 'outbound', role: 'dialler', max: 1 },
  ],
}
