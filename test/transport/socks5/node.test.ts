/** A whole node behind a proxy: whom it asks, what it tells, and that a recording of it replays. */
import { describe, expect, test } from 'vitest'
import { createSupervisor } from '../../../index.ts'
import type { SupervisorEvent } from '../../../index.ts'
import { decodeNodeJournal } from '../../../journal/node-journal.ts'
import { memoryJournal } from '../../../journal/memory-journal.ts'
import { replay } from '../../../journal/replay.ts'
import { namesThrough, staticNames } from '../../../transport/names.ts'
import { seededRandom } from '../../../transport/random.ts'
import { socks5 } from '../../../transport/socks5.ts'
import { plain } from '../../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../../support/nodes.ts'
import { startSocksRelay } from '../../support/socks-relay.ts'
import { virtualAfter } from '../../support/socks-script.ts'

const NAME = 'bob.example'

/** Alice is behind a proxy, which alone knows where Bob is. */
function startBehindProxy() {
  const world = startVirtualWorld({ seed: 'behind a proxy' })
  const { later } = world.clock.queue
  const bob = startNode(world, 'bob', '10.0.0.2', plain())
  const proxyStreams = world.network.node('10.0.0.3').streams
  const relay = startSocksRelay({
    ...{ streams: proxyStreams, host: '10.0.0.3', names: { [NAME]: '10.0.0.2' } },
    authenticates: true,
  })
  world.settle()
  const at = relay.address()
  if (at === undefined) throw new Error('the proxy does not listen')
  const { datagrams: _, store, streams: over, ...rest } = world.nodeWorld('alice', '10.0.0.1')
  const streams = socks5({
    ...{ over, later, after: virtualAfter(world.clock), random: seededRandom('proxy') },
    ways: { otherwise: { at } },
  })
  const resolved: string[] = []
  const below = staticNames({ [NAME]: ['10.0.0.99'] }, { later })
  const journal = memoryJournal()
  const alice = createSupervisor({
    ...{ name: 'alice', protocol: plain(), transport: streams, store, record: journal },
    world: {
      ...rest,
      names: namesThrough(
        streams,
        {
          ...below,
          resolve(request, host) {
            resolved.push(host)
            below.resolve(request, host)
          },
        },
        { later },
      ),
    },
  })
  const events: SupervisorEvent[] = []
  alice.events.subscribe((event) => events.push(event))
  alice.start().catch(() => undefined)
  world.settle()
  return { alice, bob, events, journal, relay, resolved, world }
}

describe('a node behind a proxy', () => {
  test('passes names to it: no resolver hears them, and the peer is reached', () => {
    const { alice, bob, relay, resolved, world } = startBehindProxy()
    alice.connect(`${NAME}:7001`).catch(() => undefined)
    world.advance(5_000)
    expect(alice.connections()).toMatchObject([{ phase: 'active', address: `${NAME}:7001` }])
    expect(bob.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(resolved).toEqual([])
    expect(relay.requests).toMatchObject([{ host: NAME, port: 7001 }])
  })

  test('is recorded with what it was told of names, and lives again without the proxy', () => {
    const { alice, journal, relay, world } = startBehindProxy()
    alice.connect(`${NAME}:7001`).catch(() => undefined)
    alice.connect('10.0.0.2:7001').catch(() => undefined)
    world.advance(5_000)
    relay.close()
    world.advance(60_000)
    void alice.stop()
    world.advance(10_000)
    const read = decodeNodeJournal(journal.bytes())
    expect(read.entries.map(({ input }) => input)).toContainEqual(
      expect.objectContaining({ kind: 'names.resolved', hosts: [NAME] }),
    )
    expect(replay(read, { protocol: () => plain() }).run()).toBeUndefined()
    // Of what the proxy was told nothing stands in it.
    const text = new TextDecoder('latin1').decode(journal.bytes())
    for (const { user = 'nobody' } of relay.requests) expect(text).not.toContain(user)
    expect(relay.requests.map(({ user }) => user)).toHaveLength(2)
  })

  test('reaches its peers again once the proxy is back, and charges them nothing', () => {
    const { alice, events, relay, world } = startBehindProxy()
    relay.close()
    alice.connect(`${NAME}:7001`).catch(() => undefined)
    world.advance(60_000)
    const details = events.flatMap((event) =>
      event.type === 'connection.closed' ? [event.detail] : [],
    )
    expect(new Set(details)).toEqual(new Set(['transport-proxy-failed']))
    expect(alice.peers().map(({ failures }) => failures)).toEqual([0])
  })
})

test('a supervisor leaves names to streams that take them, where nobody gave it other names', async () => {
  const opened: string[] = []
  const stub = startVirtualWorld({ seed: 'stub' }).network.node('10.0.0.1').streams
  let told: (host: string) => void
  const heard = new Promise<string>((resolve) => (told = resolve))
  const alice = createSupervisor({
    protocol: plain(),
    transport: {
      ...stub,
      start: () => undefined,
      takesName: () => true,
      open(_, { host }) {
        opened.push(host)
        told(host)
      },
    },
  })
  await alice.start()
  alice.connect('never.invalid:7001').catch(() => undefined)
  expect(await heard).toBe('never.invalid')
  await alice.stop({ graceMs: 0 })
})
