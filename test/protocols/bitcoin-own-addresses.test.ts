import { describe, expect, test } from 'vitest'
import { addressOf, printAddress } from '../../codec/bitcoin/address.ts'
import type { NetworkAddress, PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import { createOwnAddresses } from '../../protocols/bitcoin/own-addresses.ts'
import type { AddressAsker, OwnAddressSource } from '../../protocols/bitcoin/own-addresses.ts'
import { reachability } from '../../protocols/bitcoin/reachability.ts'
import { seededRandom } from '../../transport/random.ts'
import { ALL_NETWORKS, I2P, networkAddress, ONION } from './bitcoin-addresses-support.ts'

const LISTEN_PORT = 8333
const IPV4 = '1.2.3.4:8333'
const OTHER_IPV4 = '5.6.7.8:8333'
const IPV6 = '[2a00::1]:8333'
const SIX_TO_FOUR = '[2002:102:304::1]:8333'
const TEREDO = '[2001:0:1:2:3:4:5:6]:8333'
const CJDNS = '[fc00::1]:8333'

const textOf = (address: NetworkAddress | undefined) => {
  const known = address === undefined ? undefined : addressOf(address)
  return known === undefined ? undefined : printAddress(known)
}

type Asked = Partial<Omit<AddressAsker, 'address' | 'seenAs'>> & { readonly seenAs?: string }

function startOwn(
  own: readonly (readonly [text: string, source: OwnAddressSource])[],
  options: { readonly reachable?: readonly PeerNetwork[]; readonly isDiscovering?: boolean } = {},
) {
  const { reachable = [...ALL_NETWORKS], isDiscovering = true } = options
  const addresses = createOwnAddresses({ reachable: new Set(reachable), isDiscovering })
  const added = own.map(([text, source]) => addresses.add(networkAddress(text), source))
  const random = seededRandom('own')
  const offered = (peer: string, { seenAs, ...asked }: Asked = {}) => {
    const address = networkAddress(peer)
    const through = address.network === 'none' ? 'unroutable' : address.network
    const asker: AddressAsker = {
      ...{ address, through, isInbound: true },
      seenAs: seenAs === undefined ? undefined : networkAddress(seenAs),
      ...asked,
    }
    return textOf(addresses.offer(asker, LISTEN_PORT, random))
  }
  const scores = () => addresses.list().map(({ score }) => score)
  /** How often the address that the peer sees is offered, of a thousand. */
  const believed = (peer: string, asked: Asked) => {
    const all = Array.from({ length: 1_000 }, () => offered(peer, asked))
    return all.filter((text) => text === asked.seenAs).length
  }
  return { added, addresses, believed, offered, scores }
}

describe('an address of ours', () => {
  test('is one that all can reach, in a network that we can', () => {
    const { added } = startOwn(
      [
        ['10.0.0.1', 'interface'],
        ['127.0.0.1', 'stated'],
        [IPV6, 'interface'],
        [IPV4, 'interface'],
      ],
      { reachable: ['ipv4'] },
    )
    expect(added).toEqual([false, false, false, true])
  })

  test('that is stated needs no way to its network, and no discovery', () => {
    const setup = { reachable: ['ipv4'], isDiscovering: false } as const
    const { added, offered } = startOwn(
      [
        [ONION, 'stated'],
        [IPV4, 'bound'],
      ],
      setup,
    )
    expect(added).toEqual([true, false])
    expect(offered(ONION)).toBe(`${ONION}:8333`)
  })

  test('is worth what it was learnt by, more with each time, and with each peer that sees us there', () => {
    const { addresses, scores } = startOwn([
      [IPV4, 'interface'],
      [OTHER_IPV4, 'bound'],
      [IPV6, 'mapped'],
      [ONION, 'stated'],
    ])
    expect(scores()).toEqual([1, 2, 3, 4])
    addresses.add(networkAddress('5.6.7.8:1'), 'mapped')
    addresses.add(networkAddress('[2a00::1]:1'), 'interface')
    addresses.vote(networkAddress('1.2.3.4:50000'))
    addresses.vote(networkAddress('9.9.9.9:8333'))
    expect(scores()).toEqual([2, 4, 3, 4])
    expect(addresses.list().map(({ address }) => textOf(address))).toEqual([
      IPV4,
      '5.6.7.8:1',
      IPV6,
      `${ONION}:8333`,
    ])
  })

  test('is known under any port, until it is given up', () => {
    const { addresses } = startOwn([[IPV4, 'stated']])
    const has = (text: string) => addresses.has(networkAddress(text))
    expect([has('1.2.3.4:1'), has(OTHER_IPV4)]).toEqual([true, false])
    addresses.remove(networkAddress(IPV4))
    expect(has('1.2.3.4:1')).toBe(false)
  })

  test('is one of 64 at most', () => {
    const many = Array.from({ length: 65 }, (_, last) => [`1.2.3.${last}`, 'bound'] as const)
    expect(startOwn(many).added.filter((isAdded) => isAdded)).toHaveLength(64)
  })
})

describe('a peer is offered', () => {
  const ALL = [
    [OTHER_IPV4, 'interface'],
    [IPV4, 'bound'],
    [TEREDO, 'stated'],
    [SIX_TO_FOUR, 'stated'],
    [IPV6, 'interface'],
    [ONION, 'stated'],
    [`${I2P}:0`, 'stated'],
    [CJDNS, 'interface'],
  ] as const

  test.each([
    ['over IPv4', '9.9.9.9', IPV4],
    ['over IPv6', '[2a01::9]', IPV6],
    ['over CJDNS', '[fc99::9]', CJDNS],
    ['over Tor', ONION, `${ONION}:8333`],
    ['over I2P', `${I2P}:0`, `${I2P}:0`],
  ])('%s what suits it best, and of equals what is surest', (_, peer, best) => {
    expect(startOwn(ALL).offered(peer)).toBe(best)
  })

  test('who comes through Tor our address there, and no other', () => {
    const { offered } = startOwn(ALL)
    expect(offered('127.0.0.1', { through: 'onion' })).toBe(`${ONION}:8333`)
    const without = startOwn(ALL.slice(0, 5))
    expect(without.offered('127.0.0.1', { through: 'onion' })).toBeUndefined()
    expect(without.offered(ONION)).toBeUndefined()
  })

  test('from elsewhere none of Tor or I2P', () => {
    const { offered } = startOwn([
      [ONION, 'stated'],
      [`${I2P}:0`, 'stated'],
    ])
    expect(offered('9.9.9.9')).toBeUndefined()
    expect(offered('[fc99::9]')).toBeUndefined()
    expect(offered(`${I2P}:0`)).toBe(`${I2P}:0`)
  })

  test('nothing where we know of nothing', () => {
    expect(startOwn([]).offered('9.9.9.9')).toBeUndefined()
  })

  test('what it sees us as where we know of nothing, with the port that we listen on if we dialled', () => {
    const { offered } = startOwn([])
    expect(offered('9.9.9.9', { seenAs: '5.6.7.8:50000' })).toBe('5.6.7.8:50000')
    expect(offered('9.9.9.9', { seenAs: '5.6.7.8:50000', isInbound: false })).toBe('5.6.7.8:8333')
  })

  test('what it sees us as every second time, and every eighth where we are sure', () => {
    const seenAs = OTHER_IPV4
    const { addresses, believed } = startOwn([[IPV4, 'stated']])
    expect(Math.abs(believed('9.9.9.9', { seenAs }) / 1_000 - 1 / 2)).toBeLessThan(0.07)
    addresses.vote(networkAddress(IPV4))
    expect(Math.abs(believed('9.9.9.9', { seenAs }) / 1_000 - 1 / 8)).toBeLessThan(0.05)
  })

  test('the host that it sees, with the port of our own, if we dialled it', () => {
    const { offered } = startOwn([['1.2.3.4:7777', 'bound']])
    const seen = { seenAs: '5.6.7.8:50000', isInbound: false }
    const all = new Set(Array.from({ length: 100 }, () => offered('9.9.9.9', seen)))
    expect([...all].sort()).toEqual(['1.2.3.4:7777', '5.6.7.8:7777'])
  })

  test.each([
    ['without discovery', '9.9.9.9', '5.6.7.8:1', { isDiscovering: false }],
    ['of a network without a way', '9.9.9.9', '5.6.7.8:1', { reachable: ['ipv6'] as const }],
    ['that nobody else can reach', '9.9.9.9', '10.0.0.1:1', {}],
    ['said by somebody in this house', '10.0.0.9', '5.6.7.8:1', {}],
  ])('nothing of what it says %s', (_, peer, seenAs, options) => {
    expect(startOwn([], options).offered(peer, { seenAs })).toBeUndefined()
  })
})

test('which way is the better one', () => {
  const rank = (own: string, peer: string) =>
    reachability(networkAddress(own), networkAddress(peer))
  const peers = ['9.9.9.9', '[2a01::9]', TEREDO, ONION, `${I2P}:0`, '[fc99::9]', '10.0.0.9']
  const ranksOf = (own: string) => peers.map((peer) => rank(own, peer)).join(' ')
  expect(ranksOf(IPV4)).toBe('4 4 4 4 1 1 4')
  expect(ranksOf(IPV6)).toBe('1 5 3 1 1 1 3')
  expect(ranksOf(SIX_TO_FOUR)).toBe('1 3 3 1 1 1 3')
  expect(ranksOf(TEREDO)).toBe('1 2 2 1 1 1 2')
  expect(ranksOf(ONION)).toBe('1 1 1 6 1 1 6')
  expect(ranksOf(`${I2P}:0`)).toBe('1 1 1 1 6 1 1')
  expect(ranksOf(CJDNS)).toBe('1 1 1 1 1 6 1')
  expect(ranksOf('10.0.0.1')).toBe('0 0 0 0 0 0 0')
  expect(rank(IPV6, SIX_TO_FOUR)).toBe(5)
})
