import { describe, expect, test } from 'vitest'
import { CORE_LIMITS } from '../../index.ts'
import type { BookRules, Protocol, SocketAddress } from '../../index.ts'
import { encodeHex, encodeUtf8 } from '../../codec/bytes.ts'
import { native } from '../../protocols/native.ts'
import { ADDRESSES_TABLE } from '../../supervisor/address-book-contract.ts'
import { systemNames } from '../../transport/names.ts'
import { keyOf } from '../contracts/seats.ts'
import { asksNothing } from '../contracts/fits/common.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { HELLO, ONE_SLOT, RUBBISH, startListening } from '../support/knocking.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import type { Seat } from '../../testing/testing.ts'

test('a descriptor that is missing at an accept is told, and the next one is let in', () => {
  const { alice, knock, world } = startListening()
  world.network.failNextAccept('10.0.0.1')
  knock('10.0.0.2')
  expect(alice.eventsOf('listener.overloaded')).toMatchObject([{ fault: 'too-many-open' }])
  knock('10.0.0.2')
  expect(alice.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  expect(alice.supervisor.state).toBe('running')
})

describe('where every slot is taken', () => {
  test('a newcomer is refused by name', () => {
    const { alice, knock } = startListening(ONE_SLOT)
    knock('10.0.0.2')
    knock('10.0.0.3')
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['slots-full'])
    expect(alice.supervisor.audit()).toMatchObject({ connections: 1, slots: 1, streams: 1 })
  })

  test('the network may give somebody up for him, whom it was shown', () => {
    const shown: string[][] = []
    const { alice, knock } = startListening({
      ...ONE_SLOT,
      node: () => ({
        ...asksNothing(),
        evict(candidates) {
          shown.push(candidates.map(({ group }) => group))
          return candidates[0]?.name
        },
      }),
    })
    knock('10.0.0.2')
    knock('10.0.0.3')
    const [closed] = alice.eventsOf('connection.closed')
    expect(closed).toMatchObject({ reason: 'overload', detail: 'evicted' })
    expect(shown.flat()).toContain('10.0.0.2')
    expect(alice.supervisor.connections().map(({ address }) => address.split(':')[0])).toEqual([
      '10.0.0.3',
    ])
  })
})

test('no more are dialled than there are slots, and a slot that is free again is used again', () => {
  const world = startVirtualWorld({ seed: 'one slot' })
  const hosts = ['10.0.0.2', '10.0.0.3']
  for (const host of hosts)
    startNode(world, host, host, {
      ...plain(),
      deadlines: { ...plain().deadlines, progress: { ms: 3_600_000, detail: 'silent' } },
    })
  const alice = startNode(world, 'alice', '10.0.0.1', { ...plain(), ...ONE_SLOT })
  for (const host of hosts) alice.supervisor.connect(`${host}:7001`).catch(() => undefined)
  const connected = () =>
    alice.supervisor.connections().map(({ address }) => address.split(':')[0] ?? '')
  world.advance(10_000)
  const [first = ''] = connected()
  expect(connected()).toEqual([first])
  expect(alice.eventsOf('connection.started')).toHaveLength(1)
  expect(alice.supervisor.audit()).toMatchObject({ connections: 1, slots: 1 })
  world.kill(first)
  world.advance(30_000)
  expect(connected()).toEqual(hosts.filter((host) => host !== first))
  expect(alice.supervisor.audit()).toMatchObject({ connections: 1, slots: 1 })
})

test('who is pending and says nothing makes room, once he is a second old', () => {
  const { alice, knock, world } = startListening({
    admission: { ...plain().admission, pendingInbound: 1 },
  })
  knock('10.0.0.2', new Uint8Array(0))
  world.advance(CORE_LIMITS.displaceAfterMs)
  knock('10.0.0.3')
  expect(alice.eventsOf('connection.closed')).toMatchObject([
    { reason: 'overload', detail: 'displaced' },
  ])
  expect(alice.supervisor.connections()).toHaveLength(1)
})

test('a handshake that came to nothing was paid for: strangers from ever new places are refused', () => {
  const { alice, knock } = startListening()
  const { handshakesBurst } = CORE_LIMITS
  for (let stranger = 0; stranger <= handshakesBurst; stranger++) {
    knock(`10.1.${String(stranger)}.1`, RUBBISH)
  }
  expect(alice.eventsOf('connection.closed')).toHaveLength(handshakesBurst)
  expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['handshake-budget'])
})

test('silent ones who share an address with somebody make room for him', () => {
  const { admission } = plain()
  const { alice, knock, world } = startListening({
    admission: { ...admission, pendingPerGroup: 2 },
  })
  knock('10.0.0.2', new Uint8Array(0))
  knock('10.0.0.2', new Uint8Array(0))
  world.advance(CORE_LIMITS.displaceAfterMs)
  knock('10.0.0.2')
  expect(alice.eventsOf('connection.refused')).toEqual([])
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['displaced'])
  expect(alice.supervisor.connections().map(({ phase }) => phase)).toContain('active')
})

describe('strikes', () => {
  const { banMs, count } = plain().strikes

  test('add up to a ban, which outlives a restart and expires', () => {
    const { alice, knock, start, world } = startListening()
    for (let strike = 0; strike < count; strike++) {
      knock('10.0.0.2', RUBBISH)
      world.advance(1_500)
    }
    expect(alice.eventsOf('peer.struck')).toHaveLength(count)
    expect(alice.eventsOf('peer.banned')).toMatchObject([{ subject: 'address 10.0.0.2' }])
    knock('10.0.0.2')
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])

    world.kill('alice')
    const again = start()
    world.advance(100)
    knock('10.0.0.2')
    expect(again.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
    knock('10.0.0.3')
    expect(again.supervisor.connections()).toHaveLength(1)
    world.advance(banMs)
    knock('10.0.0.2')
    expect(again.eventsOf('connection.refused')).toHaveLength(1)
  })

  test('further apart than the period do not', () => {
    const { alice, knock, world } = startListening()
    for (let strike = 0; strike < 2 * count; strike++) {
      knock('10.0.0.2', RUBBISH)
      world.advance(plain().strikes.withinMs)
    }
    expect(alice.eventsOf('peer.banned')).toEqual([])
  })
})

test('who is discouraged loses every connection of his address, and nobody else does', () => {
  const { alice, knock, world } = startListening({
    details: {
      ...plain().details,
      'hello-twice': { reason: 'peer-fault', verdict: { do: 'discourage' } },
    },
  })
  knock('10.0.0.2')
  knock('10.0.0.3')
  knock('10.0.0.2', Uint8Array.of(...HELLO, ...HELLO))
  world.advance(1_500)
  expect(
    alice
      .eventsOf('connection.closed')
      .map(({ detail }) => detail)
      .sort(),
  ).toEqual(['discouraged', 'hello-twice'])
  expect(alice.supervisor.connections().map(({ address }) => address.split(':')[0])).toEqual([
    '10.0.0.3',
  ])
})

test('a ban by hand closes, refuses, and is lifted by hand', () => {
  const { alice, knock, world } = startListening()
  knock('10.0.0.2')
  alice.supervisor.ban('10.0.0.2', { why: 'because' })
  world.advance(1_500)
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['banned'])
  knock('10.0.0.2')
  expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
  alice.supervisor.unban('10.0.0.2')
  knock('10.0.0.2')
  expect(alice.supervisor.connections()).toHaveLength(1)
})

describe('a peer that is dialled by its name', () => {
  const startNamed = (hosts: readonly string[]) => {
    const world = startVirtualWorld({ seed: 'names', names: { 'bob.example': hosts } })
    const protocolOf = (seat: Seat) => native({ network: 'test', privateKey: keyOf(seat) })
    const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('dialler'))
    const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('listener'))
    const address = `node://${protocolOf('listener').identity ?? ''}@bob.example:9946`
    alice.supervisor.connect(address).catch(() => undefined)
    return { alice, bob, world }
  }

  test('is tried at each address that the name leads to', () => {
    const { alice, world } = startNamed(['10.0.0.98', '10.0.0.2'])
    world.advance(10_000)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual([
      'transport-unreachable',
    ])
  })

  test('is one dial, and a second one as long as its name is being looked up', () => {
    const { alice, world } = startNamed(['10.0.0.2'])
    expect(alice.supervisor.audit()).toMatchObject({ dials: 2, questions: 1 })
    world.advance(1_000)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(alice.supervisor.audit()).toMatchObject({ dials: 1, questions: 0 })
  })

  test('is reached where one of the addresses is banned, at the next one', () => {
    const { alice, world } = startNamed(['10.0.0.98', '10.0.0.2'])
    alice.supervisor.ban('10.0.0.98')
    world.advance(1_000)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(alice.eventsOf('connection.closed')).toEqual([])
  })

  test('that leads into a ban is dialled ever less often', () => {
    const { alice, world } = startNamed(['10.0.0.2'])
    alice.supervisor.ban('10.0.0.0/24')
    world.advance(180_000)
    const before = alice.eventsOf('connection.closed').length
    world.advance(180_000)
    const closed = alice.eventsOf('connection.closed').slice(before)
    expect(new Set(closed.map(({ detail }) => detail))).toEqual(new Set(['banned']))
    // Between half of `backoffMaxMs` and the whole of it apart.
    expect(closed.length).toBeLessThanOrEqual(6)
  })

  test('is kept out by a ban of the address that it leads to, before and while it is there', () => {
    const { alice, bob, world } = startNamed(['10.0.0.2'])
    world.advance(1_000)
    expect(alice.supervisor.connections()).toHaveLength(1)
    alice.supervisor.ban('10.0.0.2')
    world.advance(120_000)
    expect([alice.supervisor.connections(), bob.supervisor.connections()]).toEqual([[], []])
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toContain('banned')
  })
})

test('two dozen named peers are all reached, though each name takes five seconds to be found', () => {
  const world = startVirtualWorld({ seed: 'slow names' })
  const hosts = Array.from({ length: 24 }, (_, peer) => `10.1.0.${String(peer + 1)}`)
  const patient: Protocol<PlainTypes> = {
    ...plain(),
    deadlines: {
      ...{ ...plain().deadlines, connectMs: 10_000 },
      establish: { ms: 12_000, detail: 'hello-late' },
      progress: { ms: 3_600_000, detail: 'silent' },
    },
  }
  for (const host of hosts) startNode(world, host, host, patient)
  const names = systemNames({
    lookup(name, answer) {
      world.clock.at(world.clock.nowMs + 5_000, () => {
        answer(null, [{ address: name.replace('.example', ''), family: 4 }])
      })
    },
  })
  const slots = [{ name: 'outbound', role: 'dialler', max: hosts.length }] as const
  const bootstrap = hosts.map((host) => `${host}.example:7001`)
  const alice = startNode(world, 'alice', '10.0.0.1', { ...patient, slots }, { names, bootstrap })
  world.advance(300_000)
  const connections = alice.supervisor.connections()
  expect(connections.filter(({ phase }) => phase === 'active')).toHaveLength(hosts.length)
})

test('whom a node finds it dials, however many of its seeds are dead', () => {
  const world = startVirtualWorld({ seed: 'dead seeds' })
  const protocolOf = (seat: Seat) => native({ network: 'test', privateKey: keyOf(seat) })
  const bob = `node://${protocolOf('listener').identity ?? ''}@10.0.0.2:9946`
  startNode(world, 'bob', '10.0.0.2', protocolOf('listener'))
  startNode(world, 'carol', '10.0.0.3', protocolOf('bystander'), { bootstrap: [bob] })
  world.advance(10_000)
  // More tries in the first minute than it has tokens for.
  const dead = Array.from({ length: 120 }, (_, index) => {
    const identity = encodeHex(new Uint8Array(32).fill(1).with(0, index))
    return `node://${identity}@10.1.0.${String(index)}:9946`
  })
  const options = { listen: [], bootstrap: [bob, ...dead] }
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('dialler'), options)
  world.advance(60_000)
  const connected = alice.eventsOf('connection.active').map(({ identity }) => identity)
  expect(connected).toContain(protocolOf('bystander').identity)
})

test('a dial has the time that its network gives it, however long that is', () => {
  const world = startVirtualWorld({ seed: 'slow network' })
  const limits = { connectMs: 200_000, handshakeMs: 300_000 }
  const protocol = native({ network: 'test', privateKey: keyOf('dialler'), limits })
  const silent = world.nodeWorld('silent', '10.0.0.2').streams
  silent.start(() => undefined)
  silent.listen(1, { host: '10.0.0.2', port: 9946 })
  const bob = native({ network: 'test', privateKey: keyOf('listener') }).identity ?? ''
  const bootstrap = [`node://${bob}@10.0.0.2:9946`]
  const alice = startNode(world, 'alice', '10.0.0.1', protocol, { bootstrap })
  world.advance(299_000)
  expect(alice.supervisor.connections()).toMatchObject([{ phase: 'handshaking' }])
  world.advance(2_000)
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual([
    protocol.deadlines.establish.detail,
  ])
})

test('whom the application disconnected is not dialled to see whether its place in the book is free', () => {
  const world = startVirtualWorld({ seed: 'one place' })
  for (const host of ['10.0.0.2', '10.0.0.3']) startNode(world, host, host, plain())
  // One place for all that was ever reached.
  const book: BookRules<SocketAddress> = {
    keyBytes: ({ host, port }) => encodeUtf8(`${host}:${String(port)}`),
    groupBytes: ({ host }) => encodeUtf8(host),
    digest: () => new Uint8Array(32),
    isStorable: () => true,
  }
  const protocol = { ...plain(), addresses: { ...plain().addresses, book } }
  const alice = startNode(world, 'alice', '10.0.0.1', protocol)
  const dialled = () => alice.eventsOf('connection.started').map(({ address }) => address)
  alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
  world.advance(1_000)
  alice.supervisor.disconnect('10.0.0.2:7001')
  world.advance(5 * 3_600_000)
  alice.supervisor.connect('10.0.0.3:7001').catch(() => undefined)
  world.advance(600_000)
  expect(dialled()).toContain('10.0.0.3:7001')
  expect(dialled().filter((address) => address === '10.0.0.2:7001')).toHaveLength(1)
})

describe('a proxy that is away, or no descriptor that is left', () => {
  /** Alice has been with Bob, knows him from her book alone, and for two minutes dials fail like this. */
  function startBehind(fault: 'proxy-failed' | 'too-many-open' | 'unreachable') {
    const world = startVirtualWorld({ seed: 'proxy' })
    const protocolOf = (seat: Seat) => native({ network: 'test/proxy', privateKey: keyOf(seat) })
    const startAlice = () => startNode(world, 'alice', '10.0.0.1', protocolOf('dialler'))
    startNode(world, 'bob', '10.0.0.2', protocolOf('listener'))
    const first = startAlice()
    const id = protocolOf('listener').identity ?? ''
    first.supervisor.connect(`node://${id}@10.0.0.2:9946`).catch(() => undefined)
    world.advance(10_000)
    expect(first.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    world.kill('alice')
    world.network.setReach(() => fault)
    const alice = startAlice()
    /** What the store is told of each address. */
    const written = new Map<string, Set<string>>()
    alice.supervisor.port.watch(
      (observation) => {
        if (observation.of !== 'effect' || observation.effect.kind !== 'store.write') return
        for (const { key, table, value } of observation.effect.changes) {
          if (table !== ADDRESSES_TABLE || value === undefined) continue
          const values = written.get(encodeHex(key)) ?? new Set()
          written.set(encodeHex(key), values.add(encodeHex(value)))
        }
      },
      { kinds: ['effect'] },
    )
    world.advance(120_000)
    const recordCount = Math.max(...[...written.values()].map(({ size }) => size))
    const failures = alice.supervisor.peers().map((peer) => peer.failures)
    const dialCount = alice.eventsOf('connection.closed').length
    world.network.setReach(({ host }) => (host === '10.0.0.1' ? 'open' : fault))
    world.advance(2_000)
    return { alice, dialCount, failures, recordCount, connections: alice.supervisor.connections() }
  }

  test.each(['proxy-failed', 'too-many-open'] as const)(
    '%s is charged to no address: it is dialled on and on, and reached when that is over',
    (fault) => {
      const { alice, connections, dialCount, failures, recordCount } = startBehind(fault)
      expect(alice.eventsOf('connection.closed')[0]).toMatchObject({
        reason: 'transport',
        detail: `transport-${fault}`,
        address: expect.stringContaining('10.0.0.2') as string,
      })
      expect(failures.every((count) => count === 0)).toBe(true)
      expect(dialCount).toBeGreaterThan(100)
      // What stands in the book stays as it was.
      expect(recordCount).toBe(1)
      expect(connections).toMatchObject([{ phase: 'active' }])
    },
  )

  test('is another thing than a peer that is away, who is dialled ever less often', () => {
    const { connections, dialCount, failures, recordCount } = startBehind('unreachable')
    expect(Math.max(...failures)).toBeGreaterThan(4)
    expect(dialCount).toBeLessThan(20)
    expect(recordCount).toBeGreaterThan(4)
    expect(connections).toEqual([])
  })
})
