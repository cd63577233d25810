import { describe, expect, test } from 'vitest'
import type { BitcoinFacts } from '../../machines/handshakes/bitcoin/contract.ts'
import { describeConnection } from '../../protocols/bitcoin/description.ts'
import { initialsOf, namesOf } from '../../protocols/bitcoin/services.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { I2P, ONION } from './bitcoin-addresses-support.ts'
import { regtest } from './bitcoin-support.ts'

function startTwo() {
  const world = startVirtualWorld({ seed: 'described' })
  const bob = startNode(world, 'bob', '10.0.0.2', regtest({ services: ['network', 'witness'] }))
  const alice = startNode(world, 'alice', '10.0.0.1', regtest())
  alice.supervisor.connect('10.0.0.2:18444').catch(() => undefined)
  const described = (node: typeof alice) => node.supervisor.connections().map(describeConnection)
  return { alice, bob, described, world }
}

const PEER = {
  ...{ protocolVersion: 70_016, commonVersion: 70_016, services: 9n, height: 7, relay: true },
  ...{ userAgent: '/a"<\u001B[2J>b/', wtxidRelay: true, wantsAddrV2: true, seenAs: undefined },
  clockOffsetSeconds: 0,
}
const FACTS: BitcoinFacts = { transport: 'v1', sessionId: '', peer: PEER }
const CONNECTION = {
  ...{ address: '203.0.114.7:8333', slot: 'inbound', facts: FACTS, traffic: undefined, about: {} },
}

describe('a connection', () => {
  test('that is active is described alike on both sides', () => {
    const { alice, bob, described, world } = startTwo()
    world.advance(1_000)
    const [ours] = described(alice)
    const [theirs] = described(bob)
    expect(ours?.fields).toMatchObject({
      ...{ type: 'manual', transport: 'v2', sessionId: theirs?.fields['sessionId'] },
      ...{ protocolVersion: 70_017, services: '0000000000000809' },
      ...{ serviceNames: ['NETWORK', 'WITNESS', 'P2P_V2'], userAgent: '/Peerloom:0.1.0/' },
      ...{ height: 0, relay: true },
    })
    expect(ours?.fields['sessionId']).toMatch(/^[0-9a-f]{64}$/)
    expect(theirs?.fields).toMatchObject({ type: 'inbound', serviceNames: ['P2P_V2'] })
    expect(ours?.fields['sentBytesByMessage']).toEqual(theirs?.fields['receivedBytesByMessage'])
    expect(ours?.fields['receivedBytesByMessage']).toEqual(theirs?.fields['sentBytesByMessage'])
    expect(ours?.fields['receivedBytesByMessage']).toMatchObject({ verack: 33, pong: 29 })
    const { minimumPingMs, pingMs } = ours?.fields ?? {}
    // Nothing is far away in this world.
    expect([pingMs, minimumPingMs]).toEqual([0, 0])
    expect(ours?.columns).toMatchObject({
      ...{ type: 'manual', via: 'v2', services: 'nw2', 'user agent': '/Peerloom:0.1.0/' },
    })
  })

  test('of which nothing is known yet has its type, and nothing that was not said', () => {
    const { fields, columns } = describeConnection({ ...CONNECTION, facts: undefined })
    expect(fields).toEqual({
      ...{ type: 'inbound', network: 'ipv4', transport: null, sessionId: null },
      protocolVersion: null,
      ...{ services: null, serviceNames: [], userAgent: null, height: null, relay: null },
      ...{ pingMs: null, minimumPingMs: null, permissions: [] },
      ...{ receivedBytesByMessage: {}, sentBytesByMessage: {} },
    })
    expect(Object.values(columns).filter((text) => text !== '')).toEqual(['inbound'])
  })

  test('over v1 has the empty session id that Core shows, and a name without harm', () => {
    const { columns, fields } = describeConnection(CONNECTION)
    expect(fields).toMatchObject({ transport: 'v1', sessionId: '', userAgent: '/a2Jb/', height: 7 })
    expect(columns).toMatchObject({ session: '', 'user agent': '/a2Jb/' })
  })

  test.each([
    ['/btcwire:0.5.0/btcd:1.0/', '/btcwire:0.5.0/btcd:1.0/'],
    ['/btcwire:0.5.0/btcd:0.26.1/', '/btcwire:0.5.0/btcd:0.2…'],
  ])('shows in a table that the user agent %s is cut, where it is', (userAgent, shown) => {
    const facts: BitcoinFacts = { ...FACTS, peer: { ...PEER, userAgent } }
    const { columns, fields } = describeConnection({ ...CONNECTION, facts })
    expect([fields['userAgent'], columns['user agent']]).toEqual([userAgent, shown])
  })

  test('shows in a table what takes the most bytes, and its pings', () => {
    const received = { ping: 32, headers: 900, inv: 100, addrv2: 50 }
    const { columns } = describeConnection({
      ...CONNECTION,
      about: { pingMs: 12.6, minimumPingMs: 0.44 },
      traffic: { received, sent: {} },
    })
    expect(columns).toMatchObject({
      ...{ ping: '13 ms', 'min ping': '0.4 ms' },
      ...{ 'most bytes in': 'headers 900 inv 100 addrv2 50', 'most bytes out': '' },
    })
  })
})

test.each([
  ['9.9.9.9:8333', 'ipv4'],
  ['[2a00::1]:8333', 'ipv6'],
  ['[fc00::1]:8333', 'cjdns'],
  [`${ONION}:8333`, 'onion'],
  [`${I2P}:0`, 'i2p'],
  ['127.0.0.1:50000', 'not_publicly_routable'],
  ['seed.example:8333', 'not_publicly_routable'],
  ['no address', 'not_publicly_routable'],
])('%s is of the network %s', (address, network) => {
  expect(describeConnection({ ...CONNECTION, address }).fields).toMatchObject({ network })
})

test('services without a name are printed by their bit, and stand in no initials', () => {
  expect(namesOf(0xc0dn | (1n << 63n))).toEqual([
    ...['NETWORK', 'BLOOM', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2', 'UNKNOWN[2^63]'],
  ])
  expect(namesOf(2n)).toEqual(['UNKNOWN[2^1]'])
  expect(initialsOf(0xc4fn)).toBe('nbwcl2')
})
