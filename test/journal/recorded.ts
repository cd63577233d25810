/**
 * Recorded days of two nodes: they meet, talk, one bans the other for a while, and they meet again.
 * @module
 */
import { createSupervisor } from '../../index.ts'
import type { Protocol, ProtocolTypes, Recipe } from '../../index.ts'
import type { JournalRecording } from '../../journal/recording.ts'
import { native, tools } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { keyed } from '../contracts/fits/keyed.ts'
import type { KeyedTypes } from '../contracts/fits/keyed-wire.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode } from '../support/nodes.ts'

export const keyOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))

export interface Recordable<T extends ProtocolTypes> {
  protocol(name: string): Protocol<T>
  /** As a recording's own recipe makes it. */
  remake(recipe: Recipe): Protocol<T>
  dial(host: string): string
  say(number: number): T['message']
}

const NETWORK = 'test/journal'
const nativeOf = (name: string): Protocol<NativeTypes> =>
  native({ network: NETWORK, privateKey: keyOf(name), limits: { strikes: 5 } })

export const recordable = {
  native: {
    protocol: nativeOf,
    remake(recipe) {
      if (tools.remake === undefined) throw new Error('recordings of this network are replayed')
      return tools.remake(recipe)
    },
    dial: (host) => `node://${nativeOf('alice').identity ?? ''}@${host}:9946`,
    say: (number) => ({ type: 'message', protocol: 'test', payload: new Uint8Array(number) }),
  } satisfies Recordable<NativeTypes>,
  keyed: {
    protocol: (name) => keyed(keyOf(name)),
    remake: () => keyed(keyOf('bob')),
    dial: (host) => `${host}:7002`,
    say: (number) => ({ type: 'note', payload: Uint8Array.of(number) }),
  } satisfies Recordable<KeyedTypes>,
  plain: {
    protocol: () => plain(),
    remake: () => plain(),
    dial: (host) => `${host}:7001`,
    say: (number) => ({ type: 'blob', payload: new Uint8Array(number) }),
  } satisfies Recordable<PlainTypes>,
}

/** Bob's whole life goes into the journal. */
export function recordDay<T extends ProtocolTypes>(
  subject: Recordable<T>,
  journal: JournalRecording,
  { isStopped = true }: { readonly isStopped?: boolean } = {},
) {
  const world = startVirtualWorld({ seed: 'journal' })
  const alice = startNode(world, 'alice', '10.0.0.1', subject.protocol('alice'))
  const { datagrams, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
  const protocol = subject.protocol('bob')
  const bob = createSupervisor({
    ...{ name: 'bob', protocol, transport: streams, store, world: rest, record: journal },
    listen: [`10.0.0.2:${protocol.defaultPort}`],
    peers: { bootstrap: [subject.dial('10.0.0.1')] },
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  bob.start().catch(() => undefined)
  world.advance(1_000)
  const talk = (): void => {
    const name = bob.connections()[0]?.name ?? ''
    for (let number = 0; number < 20; number++) bob.send(name, subject.say(number))
    world.advance(500)
  }
  talk()
  alice.supervisor.ban('10.0.0.2', { ms: 2_000 })
  world.advance(10_000)
  talk()
  if (isStopped) {
    void bob.stop()
    world.advance(10_000)
  }
  return { alice, bob, world }
}
