/** Core's feature_proxy: a node of the Bitcoin network behind proxies that note what they are told. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseProxy } from '../../cli/node/proxy.ts'
import { concatBytes, encodeAscii } from '../../codec/bytes.ts'
import { createSupervisor } from '../../index.ts'
import type { SupervisorEvent } from '../../index.ts'
import { networkInfo, tools } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions } from '../../protocols/bitcoin.ts'
import { describeConnection } from '../../protocols/bitcoin/description.ts'
import { startStreams } from '../../testing/transport-handle.ts'
import { namesThrough } from '../../transport/names.ts'
import { seededRandom } from '../../transport/random.ts'
import { socks5 } from '../../transport/socks5.ts'
import type { Socks5Way, Socks5Ways, WayOf } from '../../transport/socks5.ts'
import { tcp } from '../../transport/tcp.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { startFolder } from '../cli/command.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { startDoor } from '../support/socks-door.ts'
import { startSocksRelay } from '../support/socks-relay.ts'
import type { SocksRelay } from '../support/socks-relay.ts'
import { NO_AUTHENTICATION, OPENED, requestOf, virtualAfter } from '../support/socks-script.ts'
import { platformUntil } from '../transport/support.ts'
import { I2P, ONION } from './bitcoin-addresses-support.ts'
import { plainly, PORT, serving } from './bitcoin-opening-support.ts'
import { MAGIC } from './bitcoin-support.ts'

const IPV4 = '20.1.0.1'
const IPV6 = '2a00:1::1'
const CJDNS = 'fc00:1::1'
const NAME = 'peer.example'
/** What each leads to is the proxy's to know. */
const LEADS_TO = { [IPV6]: IPV4, [CJDNS]: IPV4, [ONION]: IPV4, [NAME]: IPV4 }

type World = ReturnType<typeof startVirtualWorld>

/** A node that dials whom it is told to, and what its socket was asked to open. */
function startBehind(world: World, ways: Socks5Ways | WayOf, options: BitcoinOptions = {}) {
  const { later } = world.clock.queue
  const { datagrams: _, store, streams: below, ...rest } = world.nodeWorld('alice', '9.9.9.9')
  const opened: SocketAddress[] = []
  const streams = socks5({
    over: {
      ...below,
      open(stream, address) {
        opened.push(address)
        below.open(stream, address)
      },
    },
    ...{ later, ways, after: virtualAfter(world.clock), random: seededRandom('proxy') },
  })
  const names = namesThrough(streams, rest.names, { later })
  const supervisor = createSupervisor({
    ...{ name: 'alice', protocol: plainly({ connectOnly: true, ...options }) },
    ...{ transport: streams, store, world: { ...rest, names } },
  })
  const events: SupervisorEvent[] = []
  supervisor.events.subscribe((event) => events.push(event))
  supervisor.start().catch(() => undefined)
  world.settle()
  const connect = (...addresses: readonly string[]): void => {
    for (const address of addresses) supervisor.connect(address).catch(() => undefined)
    world.advance(1_000)
  }
  return { connect, events, opened, streams, supervisor }
}

/** A proxy on a host of its own, that knows the way to all of them. */
function startRelay(world: World, host: string) {
  const relay = startSocksRelay({
    ...{ streams: world.network.node(host).streams, host, names: LEADS_TO, authenticates: true },
  })
  world.settle()
  const at = relay.address()
  if (at === undefined) throw new Error('the proxy does not listen')
  return { ...relay, at }
}

function startFour() {
  const world = startVirtualWorld({ seed: 'feature_proxy' })
  startNode(world, 'bob', IPV4, serving())
  const [ipv4, ipv6, onion, names] = ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'].map((host) =>
    startRelay(world, host),
  )
  if (!ipv4 || !ipv6 || !onion || !names) throw new Error('a proxy is missing')
  return { world, ipv4, ipv6, onion, names }
}

const hostsOf = ({ requests }: Pick<SocksRelay, 'requests'>): readonly string[] =>
  requests.map(({ host }) => host)

const placeOf = (host: string): string => (host.includes(':') ? `[${host}]:18444` : `${host}:18444`)

/** A proxy that says what a test says, and a node that dials through it. */
function startScripted(target: string) {
  const world = startVirtualWorld({ seed: 'contents' })
  const proxy = startStreams(world.network.node('10.0.0.3').streams)
  proxy.streams.listen(1, { host: '10.0.0.3', port: 9050 })
  world.settle()
  const behind = startBehind(world, { otherwise: { at: { host: '10.0.0.3', port: 9050 } } })
  behind.connect(target)
  const accepted = proxy.inputs.find(({ kind }) => kind === 'listener.accepted')
  if (accepted?.kind !== 'listener.accepted') throw new Error('nobody came to the proxy')
  const { stream } = accepted
  proxy.streams.resume(stream)
  world.settle()
  let read = 0
  return {
    /** What came since it was asked last. */
    heard() {
      const all = [...proxy.received(stream)]
      const fresh = all.slice(read)
      read = all.length
      return fresh
    },
    say(bytes: Uint8Array) {
      proxy.streams.write(stream, bytes)
      world.settle()
    },
  }
}

const WITH_PASSWORD = Uint8Array.of(5, 2)
const LET_IN = Uint8Array.of(1, 0)

describe('feature_proxy', () => {
  test('feature_proxy: proxy routing per network and type (per network)', () => {
    const { ipv4, ipv6, names, onion, world } = startFour()
    const { connect, opened, supervisor } = startBehind(world, {
      ...{ ipv4: { at: ipv4.at }, ipv6: { at: ipv6.at } },
      ...{ onion: { at: onion.at }, names: { at: names.at } },
    })
    connect(...[IPV4, IPV6, ONION, NAME].map(placeOf))
    expect([ipv4, ipv6, onion, names].map(hostsOf)).toEqual([[IPV4], [IPV6], [ONION], [NAME]])
    expect(supervisor.connections().map(({ phase }) => phase)).toEqual(Array(4).fill('active'))
    // Nothing went past them.
    const proxies = [ipv4, ipv6, onion, names].map(({ at }) => at)
    for (const address of opened) expect(proxies).toContainEqual(address)
    const networks = supervisor
      .connections()
      .map((one) => describeConnection(one).fields['network'])
    expect(networks).toEqual(['ipv4', 'ipv6', 'onion', 'not_publicly_routable'])
  })

  test('feature_proxy: proxy routing per network and type (CJDNS its own, and one without a way)', () => {
    const { ipv6, onion, world } = startFour()
    const { connect, events, opened } = startBehind(world, (host) => {
      if (host.startsWith('fc')) return { at: ipv6.at }
      return host.endsWith('.onion') ? { at: onion.at } : 'refused'
    })
    connect(placeOf(CJDNS), placeOf(ONION), placeOf(IPV4), placeOf(NAME))
    expect([hostsOf(ipv6), hostsOf(onion)]).toEqual([[CJDNS], [ONION]])
    expect(opened).toHaveLength(2)
    const failed = events.flatMap((event) =>
      event.type === 'connection.closed' ? [`${event.address} ${event.detail}`] : [],
    )
    expect(failed).toContain(`${placeOf(IPV4)} transport-unreachable`)
  })

  test('feature_proxy: proxy routing per network and type (per type of connection)', () => {
    const world = startVirtualWorld({ seed: 'types' })
    const hosts = Array.from({ length: 12 }, (_, index) => `20.${String(index)}.0.1`)
    for (const host of hosts) startNode(world, host, host, serving())
    const relay = startRelay(world, '10.0.0.3')
    const { events, opened, supervisor } = startBehind(
      world,
      { otherwise: { at: relay.at } },
      {
        ...{ connectOnly: false, seedNodes: hosts.map(placeOf) },
        // While there is one for everything, more seed nodes are asked.
        limits: { fullRelayMax: 1, blockRelayOnlyMax: 1 },
      },
    )
    supervisor.connect(placeOf('20.1.0.1')).catch(() => undefined)
    world.advance(20 * 60_000)
    const dialled = events.flatMap((event) =>
      event.type === 'connection.started' && event.role === 'dialler' ? [event] : [],
    )
    expect(new Set(dialled.map(({ slot }) => slot))).toEqual(
      new Set(['manual', 'full-relay', 'block-relay-only', 'feeler', 'addr-fetch']),
    )
    expect(relay.requests.map(({ host, port }) => `${host}:${String(port)}`)).toEqual(
      dialled.map(({ address }) => address),
    )
    for (const address of opened) expect(address).toEqual(relay.at)
  })

  test.each([
    [IPV4, PORT],
    [IPV6, 7],
    [ONION, PORT],
    [NAME, 0x1234],
  ])('feature_proxy: SOCKS5 command contents (%s)', (host, port) => {
    const { heard, say } = startScripted(placeOf(host).replace('18444', String(port)))
    expect(heard()).toEqual([5, 2, 0, 2])
    say(WITH_PASSWORD)
    const [version, userBytes = 0, ...rest] = heard()
    expect([version, rest[userBytes], rest.length]).toEqual([1, userBytes, 2 * userBytes + 1])
    expect(rest.slice(0, userBytes)).toEqual(rest.slice(userBytes + 1))
    say(LET_IN)
    // A literal is said as a name as well: version, connect, 0, name, its length, and the port.
    expect(heard()).toEqual(requestOf(host, port))
    // Before the proxy has opened it, nothing of what is for the peer is said to it.
    say(OPENED.subarray(0, 4))
    expect(heard()).toEqual([])
    say(OPENED.subarray(4))
    const sent = Uint8Array.from(heard())
    const begins = concatBytes(MAGIC, encodeAscii('version\0\0\0\0\0'))
    expect(sent.subarray(0, begins.length)).toEqual(begins)
  })

  test('feature_proxy: credentials differ per connection', () => {
    const { ipv4, onion, world } = startFour()
    const { connect } = startBehind(world, { onion: { at: onion.at }, otherwise: { at: ipv4.at } })
    connect(placeOf(IPV4), placeOf(IPV6), placeOf(ONION), placeOf(NAME))
    const users = [ipv4, onion].flatMap(({ requests }) => requests.map(({ user = '' }) => user))
    expect(users).toHaveLength(4)
    expect(new Set(users).size).toBe(4)
    for (const user of users) expect(user).toMatch(/^[0-9a-f]{16}-[0-3]$/)
    expect(new Set(users.map((user) => user.split('-')[0])).size).toBe(1)
  })

  test('feature_proxy: credentials differ per connection (none where none are wanted)', () => {
    const world = startVirtualWorld({ seed: 'none' })
    const proxy = startStreams(world.network.node('10.0.0.3').streams)
    const at = { host: '10.0.0.3', port: 9050 }
    proxy.streams.listen(1, at)
    world.settle()
    startBehind(world, { otherwise: { at, credentials: 'none' } }).connect(placeOf(IPV4))
    const accepted = proxy.inputs.find(({ kind }) => kind === 'listener.accepted')
    const stream = accepted?.kind === 'listener.accepted' ? accepted.stream : 0
    proxy.streams.resume(stream)
    world.settle()
    proxy.streams.write(stream, NO_AUTHENTICATION)
    world.settle()
    expect([...proxy.received(stream)]).toEqual([5, 1, 0, ...requestOf(IPV4, PORT)])
  })

  test('feature_proxy: unix sockets', async () => {
    const relay = startSocksRelay({
      streams: tcp(),
      host: '127.0.0.1',
      names: { [NAME]: '127.0.0.1' },
    })
    onTestFinished(() => relay.close())
    await platformUntil(() => relay.address() !== undefined, 'the proxy to listen')
    const path = join(startFolder(), 'socks')
    await startDoor(path, relay.address()?.port ?? 0)
    const bob = createSupervisor({
      ...{ protocol: serving(), transport: tcp(), listen: ['127.0.0.1:0'] },
    })
    await bob.start()
    onTestFinished(async () => void (await bob.stop({ graceMs: 0 })))
    const streams = socks5({ over: tcp(), ways: { otherwise: { at: { path } } } })
    const alice = createSupervisor({ protocol: plainly({ connectOnly: true }), transport: streams })
    await alice.start()
    onTestFinished(async () => void (await alice.stop({ graceMs: 0 })))
    const port = bob.listening[0]?.port ?? 0
    await alice.connect(`${NAME}:${String(port)}`, { timeoutMs: 20_000 })
    expect(alice.connections()).toMatchObject([{ phase: 'active' }])
    expect(relay.requests).toMatchObject([{ host: NAME, port }])
    expect(networkInfo({}, streams)[0]?.way).toEqual({ proxy: { path }, isIsolated: true })
    expect(parseProxy(`unix:${path}`)).toEqual({ path })
  })

  test('feature_proxy: option errors', () => {
    const over = startVirtualWorld({ seed: 'errors' }).network.node('9.9.9.9').streams
    const refused = (way: Socks5Way, kind: keyof Socks5Ways) => () =>
      socks5({ over, ways: { [kind]: way } })
    for (const kind of ['ipv4', 'ipv6', 'onion', 'names', 'otherwise'] as const) {
      expect(refused({ at: { host: 'localhost', port: 9050 } }, kind)).toThrow(RangeError)
      expect(refused({ at: { host: '127.0.0.1', port: 65_536 } }, kind)).toThrow(
        /127\.0\.0\.1:65536/,
      )
      expect(refused({ at: { path: 'not/absolute' } }, kind)).toThrow(/path of a proxy is absolute/)
    }
    for (const text of ['', '127.0.0.1:', '127.0.0.1:-1', '127.0.0.1:abc', 'unix:', 'unix']) {
      expect(() => parseProxy(text)).toThrow(/--proxy takes an IP address and a port/)
    }
    const reaching = (...reaches: readonly string[]) =>
      tools.create({ network: 'regtest', transport: 'auto', reaches }, { privateKey: undefined })
    expect(() => reaching('tor')).toThrow(/of ipv4, ipv6, onion, i2p, cjdns/)
    expect(reaching('onion', 'ipv4').recipe?.().settings).toMatchObject({
      networks: ['onion', 'ipv4'],
    })
  })

  test('feature_proxy: network info', () => {
    const over = startVirtualWorld({ seed: 'info' }).network.node('9.9.9.9').streams
    const at = { host: '127.0.0.1', port: 9050 }
    const tor = { host: '127.0.0.1', port: 9150 }
    const linesOf = (ways: Socks5Ways | WayOf | undefined, options: BitcoinOptions = {}) =>
      networkInfo(options, ways === undefined ? over : socks5({ over, ways })).map(
        ({ isReachable, network, way }) => {
          const text =
            typeof way === 'string' ? way : `${JSON.stringify(way.proxy)} ${String(way.isIsolated)}`
          return `${network} ${isReachable ? 'reachable' : 'not'} ${text}`
        },
      )
    expect(linesOf(undefined)).toEqual([
      ...['ipv4 reachable direct', 'ipv6 reachable direct', 'onion not refused'],
      ...['i2p not refused', 'cjdns not direct'],
    ])
    const through = `${JSON.stringify(at)} true`
    expect(linesOf({ otherwise: { at } }, { networks: ['ipv4', 'onion'] })).toEqual([
      ...[`ipv4 reachable ${through}`, `ipv6 not ${through}`, `onion reachable ${through}`],
      ...['i2p not refused', `cjdns not ${through}`],
    ])
    expect(
      linesOf({ ipv4: 'direct', onion: { at: tor, credentials: 'none' } }, { networks: ['onion'] }),
    ).toEqual([
      ...['ipv4 not direct', 'ipv6 not refused', `onion reachable ${JSON.stringify(tor)} false`],
      ...['i2p not refused', 'cjdns not refused'],
    ])
    expect(linesOf({ otherwise: 'direct' })[2]).toBe('onion not refused')
    expect(linesOf(() => ({ at: { host: 'localhost', port: 1 } }))[0]).toBe(
      'ipv4 reachable refused',
    )
    // Behind one another: the proxy below is told.
    const below = socks5({ over, ways: { ipv4: { at } } })
    expect(socks5({ over: below, ways: { ipv4: 'direct' } }).wayTo?.(IPV4)).toEqual({
      ...{ proxy: at, isIsolated: true },
    })
    expect(below.wayTo?.('no host at all')).toBe('refused')
  })
})

test('p2p_i2p_ports: port ≠ 0 refused', async () => {
  const { ipv4, world } = startFour()
  const { connect, opened, supervisor } = startBehind(world, { otherwise: { at: ipv4.at } })
  await expect(supervisor.connect(`${I2P}:8333`)).rejects.toMatchObject({ code: 'bad-argument' })
  expect(() => plainly({ seedNodes: [`${I2P}:8333`] })).toThrow(/no port, or port 0/)
  // And with port 0 there is no way to it: nothing is said of it to a proxy or a resolver.
  connect(`${I2P}:0`)
  expect([opened, ipv4.requests]).toEqual([[], []])
})
