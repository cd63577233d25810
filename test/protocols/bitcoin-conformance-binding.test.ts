/** Core's feature_bind_extra, feature_bind_port_discover, feature_bind_port_externalip, feature_discover, feature_port. */
import { describe, expect, test } from 'vitest'
import { addressOf, printAddress } from '../../codec/bitcoin/address.ts'
import { bitcoin, tools } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions } from '../../protocols/bitcoin.ts'
import { addBoundAddresses } from '../../protocols/bitcoin/bound-addresses.ts'
import { createOwnAddresses } from '../../protocols/bitcoin/own-addresses.ts'
import { seededRandom } from '../../transport/random.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { I2P, networkAddress, ONION } from './bitcoin-addresses-support.ts'
import { plainly, serving } from './bitcoin-opening-support.ts'

const HOST = '9.9.9.9'
/** As others see the node in this world: never at one of these. */
const INTERFACE = '11.1.1.1'
const OTHER_INTERFACE = '12.1.1.1'

/** A node that listens there, and what it tells so many peers of itself. */
function startListening(
  listen: readonly string[],
  options: BitcoinOptions = {},
  dials = listen[0],
) {
  const world = startVirtualWorld({ seed: 'binding' })
  const protocol = plainly({ connectOnly: true, ...options })
  const alice = startNode(world, 'alice', HOST, protocol, { listen })
  const told = new Set<string>()
  for (const host of ['30.1.1.1', '30.2.1.1', '30.3.1.1', '30.4.1.1', '30.5.1.1', '30.6.1.1']) {
    const peer = startNode(world, host, host, serving({ discover: false }))
    peer.supervisor.messages('addrv2').subscribe(({ message }) => {
      for (const { address } of message.entries) {
        const known = addressOf(address)
        if (known !== undefined) told.add(printAddress(known))
      }
    })
    const target = (dials ?? '').replace('0.0.0.0', HOST)
    peer.supervisor.connect(target).catch(() => undefined)
  }
  world.advance(1_000)
  return { alice, told, world }
}

/** What is the node's own after it has begun to listen there. */
function ownOf(
  listening: readonly SocketAddress[],
  interfaces: readonly string[],
  isDiscovering = true,
) {
  const own = createOwnAddresses({ reachable: new Set(['ipv4', 'ipv6']), isDiscovering })
  addBoundAddresses(own, listening, interfaces)
  // Another incarnation of the child: it is the same, and worth no more.
  addBoundAddresses(own, listening, interfaces)
  return own.list().map(({ address, score }) => {
    const known = addressOf(address)
    return `${known === undefined ? '' : printAddress(known)} ${String(score)}`
  })
}

describe('where a node listens', () => {
  test('feature_bind_extra: which sockets are bound', () => {
    const listen = [`${HOST}:18444`, `${HOST}:18500`]
    const { alice, world } = startListening(listen)
    expect(alice.supervisor.listening).toEqual([
      ...[
        { host: HOST, port: 18_444 },
        { host: HOST, port: 18_500 },
      ],
    ])
    const late = startNode(world, 'late', '31.1.1.1', serving())
    late.supervisor.connect(`${HOST}:18500`).catch(() => undefined)
    world.advance(1_000)
    expect(alice.supervisor.connections().filter(({ phase }) => phase === 'active')).toHaveLength(7)
    expect(startListening([], {}, `${HOST}:18444`).alice.supervisor.audit()).toMatchObject({
      ...{ listeners: 0, connections: 0 },
    })
  })

  test('feature_port: which sockets are bound', () => {
    const { alice } = startListening([`${HOST}:18555`])
    expect(alice.supervisor.listening).toEqual([{ host: HOST, port: 18_555 }])
    expect(alice.supervisor.connections()).toHaveLength(6)
    // Any that is free.
    const [any] = startListening([`${HOST}:0`], {}, `${HOST}:18444`).alice.supervisor.listening
    expect(any?.port).toBeGreaterThan(0)
    // The usual one of each network is its own to say.
    expect(
      (['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest'] as const).map(
        (network) => bitcoin({ network }).defaultPort,
      ),
    ).toEqual([8_333, 18_333, 48_333, 38_333, 18_444])
  })

  test('feature_port: conflicts refused', async () => {
    const world = startVirtualWorld({ seed: 'conflicts' })
    const twice = [`${HOST}:18444`, `${HOST}:18444`]
    const alice = startNode(world, 'alice', HOST, plainly(), { listen: twice })
    world.advance(100)
    await expect(alice.started).rejects.toMatchObject({ code: 'listen-failed' })
    expect(alice.eventsOf('node.failed')).toMatchObject([
      { message: `cannot listen on ${HOST}:18444: address-in-use` },
    ])
    expect(alice.supervisor.audit().listeners).toBe(0)
    const text = `${HOST}:99999`
    expect(() => startNode(world, 'bob', '9.9.9.8', plainly(), { listen: [text] })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    )
  })
})

describe('what a node tells of where it is', () => {
  test('feature_bind_port_discover: which interface addresses are added', () => {
    const interfaceAddresses = [INTERFACE, OTHER_INTERFACE, '10.0.0.9', '127.0.0.1']
    const { told } = startListening(['0.0.0.0:18777'], { interfaceAddresses })
    const own = [...told].filter((text) => !text.startsWith(HOST))
    // One of them is the best for all: they are of one kind, and equally sure.
    expect(own).toEqual([`${INTERFACE}:18777`])
    expect(ownOf([{ host: '0.0.0.0', port: 7 }], [...interfaceAddresses, '2a00::1'])).toEqual([
      `${INTERFACE}:7 1`,
      `${OTHER_INTERFACE}:7 1`,
    ])
    expect(ownOf([{ host: '::', port: 7 }], [INTERFACE, '2a00::1', 'fe80::1'])).toEqual([
      ...[`${INTERFACE}:7 1`, '[2a00::1]:7 1'],
    ])
  })

  test('feature_bind_port_discover: which interface addresses are added (none where it listens at one)', () => {
    const { told } = startListening([`${HOST}:18777`], { interfaceAddresses: [INTERFACE] })
    expect([...told]).toEqual([`${HOST}:18777`])
    expect(ownOf([{ host: HOST, port: 7 }], [INTERFACE])).toEqual([`${HOST}:7 2`])
    expect(ownOf([{ host: '10.0.0.9', port: 7 }], [INTERFACE])).toEqual([])
    expect(() => plainly({ interfaceAddresses: ['eth0'] })).toThrow(RangeError)
  })

  test('feature_discover: which interface addresses are added', () => {
    const options = { interfaceAddresses: [INTERFACE], discover: false }
    expect([...startListening(['0.0.0.0:18444'], options).told]).toEqual([])
    expect([...startListening([`${HOST}:18444`], options).told]).toEqual([])
    expect(ownOf([{ host: '0.0.0.0', port: 7 }], [INTERFACE], false)).toEqual([])
    // Where an address is stated no others are looked for, unless that is asked for.
    const externalAddresses = ['13.1.1.1:5']
    const found = { interfaceAddresses: [INTERFACE], externalAddresses }
    expect([...startListening(['0.0.0.0:18444'], found).told]).toEqual(externalAddresses)
    const both = startListening(['0.0.0.0:18444'], { ...found, discover: true }).told
    expect(both.size).toBeGreaterThan(1)
    // What is stated is told all the same.
    const stated = { ...options, externalAddresses: ['13.1.1.1:5'] }
    expect([...startListening(['0.0.0.0:18444'], stated).told]).toEqual(['13.1.1.1:5'])
  })

  test('feature_bind_port_externalip: which port is advertised', () => {
    const toldWith = (externalAddresses: readonly string[], listen = [`${HOST}:18777`]) => [
      ...startListening(listen, { externalAddresses, discover: false }).told,
    ]
    expect(toldWith(['13.1.1.1'])).toEqual(['13.1.1.1:18777'])
    expect(toldWith(['13.1.1.1:30'])).toEqual(['13.1.1.1:30'])
    // Of several that of the first.
    expect(toldWith(['13.1.1.1'], [`${HOST}:18888`, `${HOST}:18777`])).toEqual(['13.1.1.1:18888'])
    // But not of that at which Tor hands over who comes in.
    const onionTarget = `${HOST}:18888`
    const listen = [onionTarget, `${HOST}:18777`]
    const options = { externalAddresses: ['13.1.1.1'], onionTarget }
    expect([...startListening(listen, options, listen[1]).told]).toEqual(['13.1.1.1:18777'])
    expect([...startListening(listen, { onionTarget }, listen[1]).told]).toEqual([listen[1]])
    const own = createOwnAddresses({ reachable: new Set(), isDiscovering: false })
    for (const text of [`${ONION}:0`, `${I2P}:0`]) {
      const [host = ''] = text.split(':')
      own.add({ ...networkAddress(host), port: 0 }, 'stated')
    }
    const offeredTo = (host: string) =>
      own.offer(
        {
          ...{ address: networkAddress(host), isInbound: true, seenAs: undefined },
          through: host === ONION ? 'onion' : 'i2p',
        },
        777,
        seededRandom('port'),
      )?.port
    // I2P has no ports.
    expect([offeredTo(ONION), offeredTo(I2P)]).toEqual([777, 0])
  })
})

test('a recording keeps which interfaces the machine has, and whether more is looked for', () => {
  const interfaceAddresses = [INTERFACE]
  expect(plainly({ interfaceAddresses }).recipe?.().settings).toMatchObject({ interfaceAddresses })
  const again = (settings: object) => () => tools.remake?.({ settings, secrets: {} })
  expect(again({ interfaceAddresses })()?.recipe?.().settings).toMatchObject({ interfaceAddresses })
  expect(again({ interfaceAddresses: 'all' })).toThrow(
    /the option interfaceAddresses is a list of texts/,
  )
  for (const settings of [{}, { discover: true }, { discover: false }]) {
    const kept = again(settings)()?.recipe?.().settings
    expect(kept).toMatchObject(settings)
    expect(Object.keys(kept ?? {}).includes('discover')).toBe('discover' in settings)
  }
  expect(again({ discover: 'no' })).toThrow(/the option discover is true or false/)
})
