import { describe, expect, test } from 'vitest'
import { DNS_SEEDS } from '../../codec/bitcoin/dns-seeds.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { BitcoinOptions } from '../../protocols/bitcoin.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import { staticNames } from '../../transport/names.ts'
import { saying } from '../support/rude.ts'
import { networkAddress } from './bitcoin-addresses-support.ts'
import {
  detailsOf,
  placeOf,
  plainly,
  serving,
  startOpeningWorld,
} from './bitcoin-opening-support.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const NOBODY = '21.0.0.1:18444'

const entryOf = (text: string) => ({
  ...{ seenSeconds: 1_700_000_000, services: 9n, address: networkAddress(text) },
})
const telling = (...texts: readonly string[]): BitcoinMessage => ({
  ...{ type: 'addr', entries: texts.map(entryOf) },
})

describe('a seed node', () => {
  const SEED = '20.1.0.1'

  /** What the seed node heard, and how its connection went. */
  function startAsking(answer: readonly BitcoinMessage[] = [], options: BitcoinOptions = {}) {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const heard: string[] = []
    const protocol = serving()
    const seed = startPeer(SEED, answer.length === 0 ? protocol : saying(protocol, ...answer))
    for (const type of ['getaddr', 'getheaders', 'getblocks'] as const) {
      seed.supervisor.messages(type).subscribe(() => heard.push(type))
    }
    const alice = startAlice({ seedNodes: [SEED], ...options })
    return { alice, heard, seed, world }
  }

  test('p2p_addrfetch: getaddr but no getheaders', () => {
    const { alice, heard, world } = startAsking()
    world.advance(5 * SECOND_MS)
    expect(alice.held('addr-fetch')).toEqual([placeOf(SEED)])
    expect(heard).toEqual(['getaddr'])
  })

  test('p2p_addrfetch: one-entry addr keeps, larger closes (one)', () => {
    const { alice, world } = startAsking([telling('22.1.0.1:8333')])
    world.advance(10 * SECOND_MS)
    expect(alice.held('addr-fetch')).toEqual([placeOf(SEED)])
    expect(detailsOf(alice.events)).not.toContain('addresses-fetched')
  })

  test('p2p_addrfetch: one-entry addr keeps, larger closes (more)', () => {
    const { alice, world } = startAsking([telling('22.1.0.1:8333', '22.2.0.1:8333')])
    world.advance(10 * SECOND_MS)
    expect(alice.held('addr-fetch')).toEqual([])
    expect(detailsOf(alice.events)).toContain('addresses-fetched')
  })

  test('p2p_addrfetch: timeout 300 s', () => {
    const { alice, world } = startAsking()
    world.advance(299 * SECOND_MS)
    expect(alice.held('addr-fetch')).toEqual([placeOf(SEED)])
    world.advance(2 * SECOND_MS)
    expect(alice.held('addr-fetch')).toEqual([])
    expect(detailsOf(alice.events)).toEqual(['addresses-not-told'])
  })

  test('that serves nothing is left with its version', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer(SEED, plainly({ connectOnly: true }))
    const alice = startAlice({ seedNodes: [SEED] })
    world.advance(5 * SECOND_MS)
    expect(detailsOf(alice.events)).toEqual(['services-missing'])
  })

  test('p2p_seednode: seed node tried immediately with empty addrman, after 10 s otherwise, not at all when none configured (immediately)', () => {
    const { alice, world } = startAsking()
    world.advance(600)
    expect(alice.dialled('addr-fetch')).toEqual([placeOf(SEED)])
  })

  test('p2p_seednode: seed node tried immediately with empty addrman, after 10 s otherwise, not at all when none configured (after 10 s)', () => {
    const { alice, world } = startAsking([], { limits: { fullRelayMax: 2 } })
    // The child looks for the first time when the book has it.
    alice.tell(NOBODY)
    world.advance(9 * SECOND_MS)
    const early = alice.dialled('addr-fetch')
    world.advance(2 * SECOND_MS)
    expect([early, alice.dialled('addr-fetch')]).toEqual([[], [placeOf(SEED)]])
  })

  test('p2p_seednode: seed node tried immediately with empty addrman, after 10 s otherwise, not at all when none configured (none configured)', () => {
    const { startAlice, world } = startOpeningWorld()
    const alice = startAlice()
    alice.tell(NOBODY)
    world.advance(10 * MINUTE_MS)
    expect(alice.dialled('addr-fetch')).toEqual([])
  })

  test('is not asked where two peers that relay addresses are there', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    for (const host of [SEED, '20.2.0.1', '20.3.0.1']) startPeer(host)
    const alice = startAlice({ seedNodes: [SEED] }, { bootstrap: ['20.2.0.1', '20.3.0.1'] })
    alice.tell(NOBODY)
    world.advance(10 * MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(2)
    expect(alice.dialled('addr-fetch')).toEqual([])
  })

  test('is ignored where the node dials whom it is told to and nobody else', () => {
    const { alice, world } = startAsking([], { connectOnly: true })
    world.advance(10 * MINUTE_MS)
    expect(alice.dialled()).toEqual([])
  })

  test('is followed by the next one every ten seconds', () => {
    const { startAlice, world } = startOpeningWorld()
    const seedNodes = ['23.1.0.1', '23.2.0.1', '23.3.0.1']
    const alice = startAlice({ seedNodes })
    world.advance(600)
    expect(alice.dialled('addr-fetch')).toHaveLength(1)
    world.advance(9 * SECOND_MS)
    expect(alice.dialled('addr-fetch')).toHaveLength(1)
    world.advance(20 * SECOND_MS)
    expect(new Set(alice.dialled('addr-fetch'))).toEqual(
      new Set(seedNodes.map((one) => placeOf(one))),
    )
  })

  test('that is not up yet is asked again, ever more rarely, and the operator is told', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    const alice = startAlice({ seedNodes: [SEED] })
    const asked = () => alice.dialled('addr-fetch').length
    world.advance(59 * SECOND_MS)
    expect([asked(), alice.eventsOf('child.noted')]).toEqual([1, []])
    world.advance(4 * SECOND_MS)
    expect(asked()).toBe(2)
    expect(alice.eventsOf('child.noted')).toMatchObject([
      { child: 'seeding', what: 'nobody-found' },
    ])
    world.advance(5 * MINUTE_MS)
    expect(asked()).toBe(3)
    startPeer(SEED, saying(serving(), telling('22.1.0.1:8333', '22.2.0.1:8333')))
    world.advance(2 * MINUTE_MS)
    expect(detailsOf(alice.events)).toContain('addresses-fetched')
    world.advance(9 * MINUTE_MS)
    expect([asked(), alice.eventsOf('child.noted').length]).toEqual([4, 3])
  })

  test('that is none is refused when the node is made', () => {
    expect(() => bitcoin({ seedNodes: ['no:where:at:all'] })).toThrow(/seed node/)
  })
})

describe('names', () => {
  const PORT = 8_333
  /** Each leads to an address of its own. */
  const HOSTS = new Map(DNS_SEEDS.mainnet.map((name, index) => [name, `24.${index}.0.1`]))
  const NAMES = Object.fromEntries([...HOSTS].map(([name, host]) => [`x9.${name}`, [host]]))
  const mainnet = (options: BitcoinOptions = {}): BitcoinOptions => ({
    ...{ network: 'mainnet', ...options },
  })

  function startNamed(options: BitcoinOptions = {}, names = NAMES) {
    const opening = startOpeningWorld({ names })
    const alice = opening.startAlice(mainnet(options), { listen: [] })
    /** How many of them have told their address. */
    const asked = (): number =>
      [...HOSTS.values()].filter((host) => alice.book().find(placeOf(host, PORT)) !== undefined)
        .length
    return { ...opening, alice, asked }
  }
  const startFilled = (count: number, options: BitcoinOptions = {}) => {
    const named = startNamed(options)
    for (let index = 0; index < count; index++) {
      named.alice.tell(`${30 + (index >> 7)}.${index & 127}.0.1:${PORT}`)
    }
    return named
  }
  const QUIET = { limits: { fullRelayMax: 0, blockRelayOnlyMax: 0, feelerMax: 0 } }

  test('p2p_dns_seeds: connect disables DNS', () => {
    const { alice, asked, world } = startNamed({ connectOnly: true })
    world.advance(20 * MINUTE_MS)
    expect(asked()).toBe(0)
    expect(alice.dialled()).toEqual([])
  })

  test('p2p_dns_seeds: forced seeding', () => {
    const { asked, world } = startFilled(20, { ...QUIET, dnsSeeds: 'force' })
    world.advance(600)
    expect(asked()).toBe(7)
  })

  test('are asked at once, all of them, where the address book is empty', () => {
    const { alice, asked, world } = startNamed(QUIET)
    world.advance(600)
    expect(asked()).toBe(7)
    const found = alice.book().find(placeOf('24.0.0.1', PORT))
    const ageMs = alice.tools().wallMs() - (found?.seenMs ?? 0)
    expect(found?.marks).toBe(9n)
    expect(ageMs).toBeGreaterThan(3 * 86_400_000 - 1)
    expect(ageMs).toBeLessThan(7 * 86_400_000 + 1_000)
  })

  test('p2p_dns_seeds: skipped with 2 full-relay but not with 2 block-only peers (full-relay)', () => {
    const { startAlice, startPeer, world } = startOpeningWorld({ names: NAMES })
    const hosts = ['20.1.0.1', '20.2.0.1']
    for (const host of hosts) startPeer(host, serving(mainnet()))
    const alice = startAlice(mainnet(), { bootstrap: hosts, listen: [] })
    alice.tell(`21.0.0.1:${PORT}`)
    world.advance(5 * MINUTE_MS)
    expect(alice.held('full-relay')).toHaveLength(2)
    expect(alice.book().find(placeOf('24.0.0.1', PORT))).toBeUndefined()
    expect(alice.book().size.new).toBeLessThan(4)
  })

  test('p2p_dns_seeds: skipped with 2 full-relay but not with 2 block-only peers (block-only)', () => {
    const { startAlice, startPeer, world } = startOpeningWorld({ names: NAMES })
    const hosts = ['20.1.0.1', '20.2.0.1']
    for (const host of hosts) startPeer(host, serving(mainnet()))
    const limits = { fullRelayMax: 0, blockRelayOnlyMax: 2, feelerMax: 0 }
    const alice = startAlice(mainnet({ limits }), { listen: [] })
    for (const host of hosts) alice.tell(placeOf(host, PORT))
    world.advance(10 * SECOND_MS)
    expect(alice.held('block-relay-only')).toHaveLength(2)
    world.advance(2 * SECOND_MS)
    expect(alice.book().size.new).toBe(3)
    world.advance(MINUTE_MS)
    expect(alice.book().size.new).toBe(7)
  })

  test('p2p_dns_seeds: waits 11 s / 300 s depending on the 1000-entry threshold (11 s, again after each three)', () => {
    const { asked, world } = startFilled(20, QUIET)
    const counts: number[] = []
    for (let second = 0; second < 40; second++) {
      world.advance(SECOND_MS)
      counts.push(asked())
    }
    expect([counts[9], counts[12], counts[20], counts[24], counts[31], counts[36]]).toEqual([
      0, 3, 3, 6, 6, 7,
    ])
  })

  test('p2p_dns_seeds: waits 11 s / 300 s depending on the 1000-entry threshold (300 s)', () => {
    const { alice, asked, world } = startFilled(1_200, QUIET)
    const { new: fresh, tried } = alice.book().size
    expect(fresh + tried).toBeGreaterThanOrEqual(1_000)
    world.advance(299 * SECOND_MS)
    expect(asked()).toBe(0)
    world.advance(3 * SECOND_MS)
    expect(asked()).toBe(3)
  })

  test('come half a minute behind seed nodes', () => {
    const { asked, world } = startNamed({ ...QUIET, seedNodes: ['23.1.0.1'] })
    world.advance(29 * SECOND_MS)
    expect(asked()).toBe(0)
    world.advance(3 * SECOND_MS)
    expect(asked()).toBe(7)
  })

  test('that lead nowhere are asked as peers, by the name itself', () => {
    const { alice, world } = startNamed(QUIET, {})
    world.advance(30 * SECOND_MS)
    const names = DNS_SEEDS.mainnet.map((name) => `${name}:${PORT}`)
    expect(new Set(alice.dialled('addr-fetch'))).toEqual(new Set(names))
  })

  test('are asked again where the network came up behind the node', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    for (const host of HOSTS.values()) startPeer(host, serving(mainnet()))
    const later = (run: () => void) => world.clock.at(world.clock.nowMs + 1, run)
    const [down, up] = [staticNames({}, { later }), staticNames(NAMES, { later })]
    let [isUp, asked] = [false, 0]
    const alice = startAlice(mainnet(), {
      listen: [],
      names: {
        start(enter) {
          down.start(enter)
          up.start(enter)
        },
        resolve(request, name) {
          if (name.startsWith('x9.')) asked++
          const names = isUp ? up : down
          names.resolve(request, name)
        },
        forget: () => undefined,
      },
    })
    world.advance(5 * SECOND_MS)
    isUp = true
    world.advance(50 * SECOND_MS)
    expect([asked, alice.held()]).toEqual([7, []])
    world.advance(2 * MINUTE_MS)
    expect(asked).toBe(14)
    expect(alice.held('full-relay').length).toBeGreaterThan(4)
    world.advance(4 * MINUTE_MS)
    expect([asked, alice.eventsOf('child.noted').length]).toEqual([14, 1])
  })

  test('tell 32 addresses at most, of a source of their own', () => {
    const many = Array.from({ length: 60 }, (_, index) => `26.0.${index}.1`)
    const [first = ''] = DNS_SEEDS.mainnet
    const { alice, world } = startNamed(QUIET, { [`x9.${first}`]: many })
    world.advance(2 * SECOND_MS)
    const { new: fresh } = alice.book().size
    expect(fresh).toBeGreaterThan(20)
    expect(fresh).toBeLessThanOrEqual(32)
  })

  test('are asked of nobody where that is off', () => {
    const { alice, asked, world } = startNamed({ ...QUIET, dnsSeeds: false })
    world.advance(20 * MINUTE_MS)
    expect([asked(), alice.dialled()]).toEqual([0, []])
  })
})

describe('fixed seeds', () => {
  const FIXED = ['27.1.0.1:18444', '27.2.0.1:18444']
  const QUIET = { fullRelayMax: 0, blockRelayOnlyMax: 0, feelerMax: 0 }
  const start = (options: BitcoinOptions, network: 'mainnet' | 'regtest' = 'regtest') => {
    const { startAlice, world } = startOpeningWorld()
    const alice = startAlice({ network, fixedSeeds: FIXED, limits: QUIET, ...options })
    const known = (): boolean => FIXED.every((text) => alice.book().find(text) !== undefined)
    return { alice, known, world }
  }

  test('feature_config_args: fixed seeds: at once or after 60 s depending on other sources (at once)', () => {
    const { alice, known, world } = start({ dnsSeeds: false })
    world.advance(600)
    expect(known()).toBe(true)
    const ageMs = alice.tools().wallMs() - (alice.book().find('27.1.0.1:18444')?.seenMs ?? 0)
    expect(ageMs).toBeGreaterThan(7 * 86_400_000 - 1)
    expect(ageMs).toBeLessThan(14 * 86_400_000 + 1_000)
  })

  test.each([
    ['names may be asked', { dnsSeeds: true }, 'mainnet'],
    ['there is a seed node', { dnsSeeds: false, seedNodes: ['23.1.0.1'] }, 'regtest'],
  ] as const)(
    'feature_config_args: fixed seeds: at once or after 60 s depending on other sources (60 s where %s)',
    (_, options, network) => {
      const { known, world } = start(options, network)
      world.advance(59 * SECOND_MS)
      expect(known()).toBe(false)
      world.advance(3 * SECOND_MS)
      expect(known()).toBe(true)
    },
  )

  test('feature_config_args: fixed seeds: at once or after 60 s depending on other sources (60 s with a peer by hand)', () => {
    const { alice, known, world } = start({ dnsSeeds: false })
    alice.supervisor.connect('23.1.0.1:18444').catch(() => undefined)
    world.advance(59 * SECOND_MS)
    const early = known()
    world.advance(3 * SECOND_MS)
    expect([early, known()]).toEqual([false, true])
  })

  test('are not taken where addresses of their kind are known', () => {
    const { alice, known, world } = start({ dnsSeeds: false })
    alice.tell(NOBODY)
    world.advance(10 * MINUTE_MS)
    expect(known()).toBe(false)
  })

  test('that are none are refused when the node is made, with their number', () => {
    expect(() => bitcoin({ fixedSeeds: ['1.2.3.4', 'seed.example'] })).toThrow(/seed 2/)
    expect(() => bitcoin({ fixedSeeds: ['1.2.3.4:0'] })).toThrow(/seed 1/)
  })
})
