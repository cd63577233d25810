/** A node of the command line behind a SOCKS5 proxy on loopback. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseProxy } from '../../../cli/node/proxy.ts'
import { tcp } from '../../../transport/tcp.ts'
import { ONION } from '../../protocols/bitcoin-addresses-support.ts'
import { startDoor } from '../../support/socks-door.ts'
import { startSocksRelay } from '../../support/socks-relay.ts'
import { platformUntil } from '../../transport/support.ts'
import { runCommand, startCommand, startFolder, startListening } from '../command.ts'

/** It alone knows where the name leads. */
const NAME = 'peer.example.invalid'

async function startProxy() {
  const relay = startSocksRelay({
    ...{ streams: tcp(), host: '127.0.0.1', names: { [NAME]: '127.0.0.1' } },
    authenticates: true,
  })
  onTestFinished(() => relay.close())
  await platformUntil(() => relay.address() !== undefined, 'the proxy to listen')
  const { port = 0 } = relay.address() ?? {}
  const at = { host: '127.0.0.1', port }
  return { ...relay, at, flags: ['--proxy', `127.0.0.1:${String(port)}`] }
}

describe('a node behind a proxy', () => {
  test('dials names and addresses through it alone, each with other credentials', async () => {
    const proxy = await startProxy()
    const one = await startListening()
    const other = await startListening()
    const named = one.address.replace('127.0.0.1', NAME)
    const node = startCommand([
      ...['node', 'native', '--json', ...proxy.flags, '--connect', named, other.address],
      ...['--until', 'peers=2', '--timeout', '60'],
    ])
    expect(await node.ended()).toMatchObject({ code: 0, err: '' })
    const { port = 0 } = proxy.address() ?? {}
    expect(node.events()[0]).toMatchObject({ proxy: { host: '127.0.0.1', port } })
    expect(proxy.requests.map(({ host }) => host).toSorted()).toEqual(['127.0.0.1', NAME])
    const users = proxy.requests.map(({ user = '' }) => user)
    expect(new Set(users).size).toBe(2)
    for (const user of users) expect(user).toMatch(/^[0-9a-f]{16}-[01]$/)
  })

  test('takes no connections unless it is told where, and says both', async () => {
    const proxy = await startProxy()
    const words = ['node', 'native', ...proxy.flags, '--timeout', '0.2']
    const quiet = await runCommand(words)
    expect(quiet).toMatchObject({ code: 0, err: '' })
    expect(quiet.out).toMatch(
      /and takes no connections\nwhatever it dials goes through the proxy at/,
    )
    const open = await runCommand([...words, '--json', '--listen', '127.0.0.1:0'])
    const [first = '{}'] = open.out.split('\n')
    expect(JSON.parse(first)).toMatchObject({ listening: [{ host: '127.0.0.1' }] })
    expect(proxy.requests).toEqual([])
  })

  test('is recorded without a word of what the proxy was told, and lives again', async () => {
    const proxy = await startProxy()
    const peer = await startListening()
    const folder = startFolder()
    const named = peer.address.replace('127.0.0.1', NAME)
    const { code } = await runCommand(
      [
        ...['node', 'native', ...proxy.flags, '--connect', named, '--record', 'node.journal'],
        ...['--until', 'peers=1', '--timeout', '60'],
      ],
      folder,
    )
    expect(code).toBe(0)
    const text = readFileSync(join(folder, 'node.journal'), 'latin1')
    expect(text).toContain(NAME)
    expect(proxy.requests).toHaveLength(1)
    for (const { user = NAME } of proxy.requests) expect(text).not.toContain(user.split('-')[0])
    const again = await runCommand(['replay', 'node.journal'], folder)
    expect([again.code, again.out.includes('the same again')]).toEqual([0, true])
  })

  test('whose proxy is away says so of the proxy, and not of the peer', async () => {
    const peer = await startListening()
    const node = startCommand([
      ...['node', 'native', '--json', '--proxy', '127.0.0.1:1', '--connect', peer.address],
    ])
    expect(await node.event('connection.closed')).toMatchObject({
      ...{ reason: 'transport', detail: 'transport-proxy-failed' },
    })
    expect((await node.stop()).code).toBe(0)
  })
})

test('onion services have a proxy of their own, where one is given', async () => {
  const [all, onions] = [await startProxy(), await startProxy()]
  const peer = await startListening()
  const node = (...flags: readonly string[]) =>
    startCommand([
      ...['node', 'bitcoin', '--network', 'regtest', '--connect-only', '--json', ...flags],
      ...['--connect', `${ONION}:18444`, peer.address.replace(/^.*@/, '')],
    ])
  const onionFlags = ['--onion-proxy', onions.flags[1] ?? '']
  const both = node(...all.flags, ...onionFlags)
  await platformUntil(() => onions.requests.length > 0, 'the onion service')
  await platformUntil(() => all.requests.length > 0, 'the other')
  expect(both.events()[0]).toMatchObject({ proxy: all.at, onionProxy: onions.at })
  await both.stop()
  const dialled = ({ requests }: typeof all) => new Set(requests.map(({ host }) => host))
  expect([dialled(all), dialled(onions)]).toEqual([new Set(['127.0.0.1']), new Set([ONION])])
  // Without another one the rest is dialled directly.
  const before = all.requests.length
  const alone = node(...onionFlags)
  const count = onions.requests.length
  await platformUntil(() => onions.requests.length > count, 'the onion service again')
  await alone.event('connection.closed')
  await alone.stop()
  expect(all.requests).toHaveLength(before)
})

test('feature_proxy: unix sockets', async () => {
  const proxy = await startProxy()
  const path = join(startFolder(), 'socks')
  await startDoor(path, proxy.address()?.port ?? 0)
  const peer = await startListening()
  const named = peer.address.replace('127.0.0.1', NAME)
  const node = startCommand([
    ...['node', 'native', '--json', '--proxy', `unix:${path}`, '--connect', named],
    ...['--until', 'peers=1', '--timeout', '60'],
  ])
  expect(await node.ended()).toMatchObject({ code: 0, err: '' })
  expect(node.events()[0]).toMatchObject({ proxy: { path } })
  expect(proxy.requests).toMatchObject([{ host: NAME }])
})

describe('feature_proxy: option errors', () => {
  test.each([
    'localhost:9050',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1:9050',
    'socks5://127.0.0.1:9050',
    'me:secret@127.0.0.1:9050',
    'unix:run/tor/socks',
    'unix:',
    `unix:/${'x'.repeat(103)}`,
  ])('%s is refused in a sentence that does not repeat it', (proxy) => {
    expect(() => parseProxy(proxy)).toThrow(
      '--proxy takes an IP address and a port, such as 127.0.0.1:9050, or unix: and an absolute path',
    )
  })

  test('which the command says, with the exit code of wrong use', async () => {
    const words = ['node', 'native', '--proxy', 'me:secret@127.0.0.1:9050']
    const { code, err, out } = await runCommand(words)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^peerloom: --proxy takes an IP address and a port/)
    expect(err).not.toContain('secret')
  })

  test('an address of either family is taken, and the path of a Unix socket', () => {
    expect(parseProxy('unix:/run/tor/socks')).toEqual({ path: '/run/tor/socks' })
    expect(parseProxy('127.0.0.1:9050')).toEqual({ host: '127.0.0.1', port: 9050 })
    expect(parseProxy('[::1]:9050')).toEqual({ host: '::1', port: 9050 })
  })
})

test('peerloom crawl dials through it', async () => {
  const proxy = await startProxy()
  const regtest = ['--network', 'regtest']
  const node = startCommand([
    ...['node', 'bitcoin', ...regtest, '--json', '--listen', '127.0.0.1:0'],
  ])
  const { addresses } = await node.event('started')
  const [address = ''] = addresses as readonly string[]
  const named = address.replace('127.0.0.1', NAME)
  const { code, err, out } = await runCommand([
    ...['crawl', ...regtest, ...proxy.flags, '--connect', named],
    ...['--patience', '1500ms', '--for', '1m'],
  ])
  expect([code, err]).toEqual([0, ''])
  const [peer = '{}'] = out.split('\n')
  expect(JSON.parse(peer)).toMatchObject({ address: named, ended: 'time-up' })
  expect(proxy.requests.map(({ host }) => host)).toEqual([NAME])
})
