import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../codec/bytes.ts'
import type { ChildTools } from '../../index.ts'
import type { BitcoinOptions, BitcoinTypes } from '../../protocols/bitcoin.ts'
import { encodeAnchor } from '../../protocols/bitcoin/anchors.ts'
import { startNode } from '../support/nodes.ts'
import { addressFrom, ONION } from './bitcoin-addresses-support.ts'
import { placeOf, plainly, serving, startOpeningWorld } from './bitcoin-opening-support.ts'
import { startStage } from './bitcoin-stage.ts'
import { VERACK, versionOf } from './bitcoin-support.ts'

const HOSTS = Array.from({ length: 16 }, (_, index) => `20.${index}.0.1`)
const MINUTE_MS = 60_000

/** A world of sixteen peers in as many groups, all of them known. */
function startFull(options: BitcoinOptions = {}) {
  const { startAlice, startPeer, world } = startOpeningWorld()
  const peers = HOSTS.map((host) => startPeer(host))
  const alice = startAlice(options)
  alice.tell(...HOSTS.map((host) => placeOf(host)))
  return { alice, peers, startAlice, world }
}

const groupOf = (address: string): string => address.split('.').slice(0, 2).join('.')

describe('a node that knows many', () => {
  test('p2p_add_connections: exact counts per connection type', () => {
    const { alice, world } = startFull()
    world.advance(MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(8)
    expect(alice.held('block-relay-only')).toHaveLength(2)
    expect(alice.held('addr-fetch')).toEqual([])
    world.advance(30 * MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(8)
    expect(alice.held('block-relay-only')).toHaveLength(2)
  })

  test('p2p_add_connections: re-adding after disconnect', () => {
    const { alice, peers, world } = startFull()
    world.advance(MINUTE_MS)
    const [gone] = alice.held('full-relay')
    const peer = peers.find(({ host }) => placeOf(host) === gone)
    for (const { name } of peer?.supervisor.connections() ?? []) peer?.supervisor.disconnect(name)
    world.advance(10)
    expect(alice.held('full-relay')).toHaveLength(7)
    world.advance(MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(8)
  })

  test('p2p_add_connections: feeler sends version with relay 0 and closes (it closes)', () => {
    const { alice, peers, world } = startFull()
    world.advance(20 * MINUTE_MS)
    const feelers = alice.dialled('feeler')
    expect(feelers.length).toBeGreaterThan(2)
    expect(alice.held('feeler').length).toBeLessThan(2)
    const ends = alice.events.flatMap((event) =>
      event.type === 'connection.closed' && feelers.includes(event.address) ? [event.detail] : [],
    )
    expect(new Set(ends)).toEqual(new Set(['feeler-done']))
    const [first] = feelers
    const seen = peers
      .find(({ host }) => placeOf(host) === first)
      ?.eventsOf('connection.closed')
      .map(({ detail }) => detail)
    // It was never active there: nothing was said behind the version.
    expect(seen).toHaveLength(1)
    expect(alice.book().size.tried).toBeGreaterThanOrEqual(10)
  })

  test('row 10: no two of those that it dialled and that last share a group of addresses', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const hosts = Array.from({ length: 20 }, (_, index) => `20.${index % 5}.${index}.1`)
    for (const host of hosts) startPeer(host)
    const alice = startAlice()
    alice.tell(...hosts.map((host) => placeOf(host)))
    world.advance(MINUTE_MS)
    const held = [...alice.held('full-relay'), ...alice.held('block-relay-only')]
    expect(held).toHaveLength(5)
    expect(new Set(held.map(groupOf)).size).toBe(5)
  })

  test('row 10: whom the application dials counts for the groups of others, and is bound by none', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    for (const host of ['20.1.0.1', '20.1.0.2', '20.1.0.3', '20.2.0.1']) startPeer(host)
    const alice = startAlice()
    alice.supervisor.connect('20.1.0.1:18444').catch(() => undefined)
    alice.supervisor.connect('20.1.0.2:18444').catch(() => undefined)
    world.advance(1_000)
    alice.tell('20.1.0.3:18444', '20.2.0.1:18444')
    world.advance(MINUTE_MS)
    expect(alice.held('manual')).toHaveLength(2)
    expect(alice.held('full-relay')).toEqual(['20.2.0.1:18444'])
  })

  test('row 10: feelers go to groups that it has already', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const hosts = Array.from({ length: 30 }, (_, index) => `20.${index % 10}.${index}.1`)
    for (const host of hosts) startPeer(host)
    const alice = startAlice()
    alice.tell(...hosts.map((host) => placeOf(host)))
    world.advance(20 * MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(8)
    expect(alice.dialled('feeler').length).toBeGreaterThan(3)
  })

  test('row 34: an address with the port of another service waits while there are others', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const alice = startAlice({ limits: { fullRelayMax: 1, blockRelayOnlyMax: 0, feelerMax: 0 } })
    startPeer('20.1.0.1')
    alice.tell('20.2.0.1:22', '20.3.0.1:25', '20.4.0.1:6667', placeOf('20.1.0.1'))
    world.advance(2_000)
    expect(alice.dialled()[0]).toBe('20.1.0.1:18444')
    expect(alice.held('full-relay')).toEqual(['20.1.0.1:18444'])
  })

  test('row 34: where there is no other it is dialled', () => {
    const { startAlice, world } = startOpeningWorld()
    const alice = startAlice()
    alice.tell('20.2.0.1:22')
    world.advance(500)
    expect(alice.dialled()).toEqual(['20.2.0.1:22'])
  })

  test('who does not serve what is needed is not dialled, but by a feeler where it has blocks', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const alice = startAlice({ limits: { fullRelayMax: 1, blockRelayOnlyMax: 0 } })
    startPeer('20.1.0.1')
    alice.tellOf('20.2.0.1:18444', 0n)
    alice.tellOf('20.3.0.1:18444', 0x400n)
    world.advance(MINUTE_MS)
    expect(alice.dialled('full-relay')).toEqual([])
    alice.tell(placeOf('20.1.0.1'))
    world.advance(60 * MINUTE_MS)
    expect(alice.held('full-relay')).toEqual([placeOf('20.1.0.1')])
    expect(alice.dialled('feeler')).toContain('20.3.0.1:18444')
    expect(alice.dialled('feeler')).not.toContain('20.2.0.1:18444')
  })

  test('a pruned peer serves what is needed where our chain is of today', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer('20.1.0.1', serving({ services: ['networkLimited', 'witness'] }))
    const alice = startAlice()
    alice.tellOf(placeOf('20.1.0.1'), 0x408n)
    world.advance(MINUTE_MS)
    expect(alice.dialled()).toEqual([])
    alice.supervisor.instruct({ tip: { height: 7, unixMs: alice.tools().wallMs() - 1_000 } })
    world.advance(MINUTE_MS)
    expect(alice.held('full-relay')).toEqual([placeOf('20.1.0.1')])
  })

  test('who is banned or connected already is not dialled', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const bob = startPeer('20.1.0.1')
    startPeer('20.2.0.1')
    const alice = startAlice()
    bob.supervisor.connect('9.9.9.9:18444').catch(() => undefined)
    world.advance(1_000)
    alice.supervisor.ban('20.2.0.1', { why: 'because' })
    alice.tell(placeOf('20.1.0.1'), placeOf('20.2.0.1'))
    world.advance(5 * MINUTE_MS)
    expect(alice.dialled()).toEqual([])
  })

  test('what a peer says that it serves takes the place of what was told of it', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer('20.1.0.1', serving({ services: ['network', 'witness', 'compactFilters'] }))
    const alice = startAlice()
    alice.tellOf(placeOf('20.1.0.1'), SERVING_MORE)
    world.advance(MINUTE_MS)
    expect(alice.book().find(placeOf('20.1.0.1'))?.marks).toBe(0x49n)
  })

  test('an address of our own is not dialled', () => {
    const { startAlice, world } = startOpeningWorld()
    const alice = startAlice({ externalAddresses: ['20.1.0.1:18444'] })
    alice.tell('20.1.0.1:18444')
    world.advance(5 * MINUTE_MS)
    expect(alice.dialled()).toEqual([])
  })

  test('a network of which it has no peer gets one more, now and then', () => {
    const { alice, world } = startFull({ networks: ['ipv4', 'onion'] })
    world.advance(MINUTE_MS)
    // Feelers go there as well, and find nobody.
    alice.tell(`${ONION}:18444`)
    world.advance(40 * MINUTE_MS)
    const dialled = alice
      .eventsOf('connection.started')
      .filter(({ address, slot }) => address === `${ONION}:18444` && slot === 'full-relay')
    expect(dialled.length).toBeGreaterThan(0)
    expect(alice.held('full-relay')).toHaveLength(8)
  })

  test('one that was told to dial nobody else dials nobody else', () => {
    const { alice, world } = startFull({ connectOnly: true })
    world.advance(30 * MINUTE_MS)
    expect(alice.dialled()).toEqual([])
  })
})

const SERVING_MORE = 0x40fn

test('p2p_add_connections: exact counts per connection type (with those that come in, and those asked for)', () => {
  const { startAlice, startPeer, world } = startOpeningWorld()
  const hosts = Array.from({ length: 16 }, (_, index) => `20.${String(index)}.0.1`)
  for (const host of hosts) startPeer(host)
  const alice = startAlice({ seedNodes: [placeOf('20.0.0.1')] })
  world.advance(1_000)
  expect(alice.held('addr-fetch')).toEqual([placeOf('20.0.0.1')])
  for (const host of ['31.1.1.1', '31.2.1.1', '31.3.1.1']) {
    startPeer(host, serving())
      .supervisor.connect('9.9.9.9:18444')
      .catch(() => undefined)
  }
  alice.supervisor.connect(placeOf('20.15.0.1')).catch(() => undefined)
  alice.supervisor.connect(placeOf('20.14.0.1')).catch(() => undefined)
  alice.tell(...hosts.slice(1, 14).map((host) => placeOf(host)))
  world.advance(60_000)
  const counts: Record<string, number> = {}
  for (const { slot } of alice.supervisor.connections()) counts[slot] = (counts[slot] ?? 0) + 1
  delete counts['feeler']
  expect(counts).toEqual({
    ...{ manual: 2, 'full-relay': 8, 'block-relay-only': 2, inbound: 3, 'addr-fetch': 1 },
  })
})

test('p2p_add_connections: feeler sends version with relay 0 and closes (relay 0)', () => {
  const { dialled } = startStage({ dials: ['feeler'], transport: 'v1' })
  const [feeler] = dialled
  expect(feeler?.heard).toMatchObject([{ type: 'version', relay: false }])
})

test('p2p_add_connections: early version message tolerated', () => {
  const { active, dialled, say } = startStage({ dials: ['full-relay'], transport: 'v1' })
  const [peer] = dialled
  if (peer === undefined) throw new Error('nobody was dialled')
  say(peer, versionOf({ services: 9n }), VERACK)
  expect(active()).toBe(1)
})

describe('a chain that does not grow', () => {
  /** Its tip stands still from here on. */
  function startStill() {
    const full = startFull()
    const { alice, world } = full
    alice.supervisor.instruct({ tip: { height: 100, unixMs: alice.tools().wallMs() } })
    world.advance(25 * MINUTE_MS)
    return full
  }

  test('row 12: has a ninth full-relay peer looked for after half an hour', () => {
    const { alice, world } = startStill()
    expect(alice.dialled('full-relay')).toHaveLength(8)
    world.advance(20 * MINUTE_MS)
    expect(alice.dialled('full-relay').length).toBeGreaterThan(8)
  })

  test('row 12: and afterwards there are eight again', () => {
    const { alice, world } = startStill()
    world.advance(20 * MINUTE_MS)
    const ends = alice.eventsOf('connection.closed').map(({ detail }) => detail)
    expect(ends).toContain('exchanged')
    expect(alice.held('full-relay').length).toBeLessThanOrEqual(9)
    alice.supervisor.instruct({ tip: { height: 101, unixMs: alice.tools().wallMs() } })
    world.advance(15 * MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(8)
  })

  test('row 12: has no further peer while it grows', () => {
    const { alice, world } = startFull()
    for (let height = 1; height < 12; height++) {
      alice.supervisor.instruct({ tip: { height, unixMs: alice.tools().wallMs() } })
      world.advance(10 * MINUTE_MS)
    }
    expect(alice.dialled('full-relay')).toHaveLength(8)
    // A third one for blocks comes and goes, to see whether its chain is better.
    expect(alice.dialled('block-relay-only').length).toBeGreaterThan(2)
    expect(alice.held('block-relay-only').length).toBeLessThanOrEqual(3)
  })

  test('row 12: nobody is looked for where nobody follows a chain', () => {
    const { alice, world } = startFull()
    world.advance(60 * MINUTE_MS)
    expect(alice.dialled('full-relay')).toHaveLength(8)
    expect(alice.dialled('block-relay-only')).toHaveLength(2)
  })
})

describe('anchors', () => {
  const LIMITS = { fullRelayMax: 1, blockRelayOnlyMax: 2, feelerMax: 0 }

  /** A node that was stopped in good order with two peers for blocks alone. */
  async function startStopped() {
    const full = startFull({ limits: LIMITS })
    const { alice, world } = full
    world.advance(MINUTE_MS)
    const anchors = alice.held('block-relay-only')
    const others = alice.held('full-relay')
    await alice.stop()
    return { ...full, anchors, others }
  }
  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (written for those alone, and dialled)', async () => {
    const { anchors, startAlice, world } = await startStopped()
    expect(anchors).toHaveLength(2)
    const again = startAlice({ limits: LIMITS })
    world.advance(1_500)
    expect(new Set(again.dialled().slice(0, 2))).toEqual(new Set(anchors))
    expect(new Set(again.held('block-relay-only'))).toEqual(new Set(anchors))
  })

  test('row 9: the first two dials after a restart go to the former block-relay-only peers', async () => {
    const { anchors, others, startAlice, world } = await startStopped()
    const again = startAlice({ limits: LIMITS })
    world.advance(10_000)
    expect(new Set(again.dialled().slice(0, 2))).toEqual(new Set(anchors))
    expect(others).toHaveLength(1)
    expect(again.held('full-relay')).toHaveLength(1)
  })

  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (deleted)', async () => {
    const { startAlice, world } = await startStopped()
    startAlice({ limits: LIMITS })
    world.advance(1_500)
    world.kill('alice')
    const third = startAlice({ limits: LIMITS })
    world.advance(600)
    expect(third.dialled()).toHaveLength(1)
    expect(third.dialled('full-relay')).toHaveLength(1)
  })

  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (none for others)', async () => {
    const { alice, startAlice, world } = startFull({ limits: { ...LIMITS, blockRelayOnlyMax: 0 } })
    world.advance(MINUTE_MS)
    await alice.stop()
    const again = startAlice({ limits: LIMITS })
    world.advance(600)
    expect(again.dialled()[0]).toBeDefined()
    expect(again.dialled('full-relay')).toHaveLength(1)
  })

  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (none of a node that was killed)', () => {
    const { startAlice, world } = startFull({ limits: LIMITS })
    world.advance(MINUTE_MS)
    world.kill('alice')
    const again = startAlice({ limits: LIMITS })
    world.advance(600)
    expect(again.dialled('full-relay')).toHaveLength(1)
    expect(again.dialled('block-relay-only')).toEqual([])
  })

  /** What a child of that name finds in the store when the node is started. */
  async function startWith(values: readonly Uint8Array[], options: BitcoinOptions = {}) {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const planter = startNode(world, 'alice', '9.9.9.9', {
      ...plainly({ connectOnly: true }),
      children: [
        {
          name: 'opening',
          restart: 'permanent',
          keep: () => undefined,
          start({ store }: ChildTools<BitcoinTypes>) {
            store.write(
              values.map((value, index) => ({
                ...{ table: 'anchors', key: Uint8Array.of(index), value },
              })),
            )
            return () => undefined
          },
        },
      ],
    })
    const stopped = planter.supervisor.stop()
    world.advance(10_000)
    await stopped
    world.kill('alice')
    const alice = startAlice({ limits: LIMITS, ...options })
    world.advance(1_600)
    return { alice, startPeer, world }
  }
  const anchorOf = (text: string) => encodeAnchor({ address: addressFrom(text), services: 9n })

  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (garbage)', async () => {
    const garbage = [Uint8Array.of(1), encodeUtf8('no anchor at all'), new Uint8Array(300)]
    const { alice } = await startWith([...garbage, anchorOf('20.1.0.1:18444')])
    expect(alice.dialled('block-relay-only')).toEqual(['20.1.0.1:18444'])
    expect(alice.eventsOf('child.noted')).toMatchObject([
      { child: 'opening', what: 'anchors-unreadable', about: { count: 3 } },
    ])
    expect(alice.eventsOf('fault')).toEqual([])
  })

  test('feature_anchors: anchors written only for block-only peers, deleted at start, garbage tolerated, onion anchors survive, reconnection attempted (onion)', async () => {
    const text = `${ONION}:18444`
    const { alice } = await startWith([anchorOf(text)], { networks: ['ipv4', 'onion'] })
    expect(alice.dialled('block-relay-only')).toEqual([text])
    const without = await startWith([anchorOf(text)])
    expect(without.alice.dialled()).toEqual([])
  })
})
