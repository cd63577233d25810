import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { firstValueFrom } from 'rxjs'
import { filter } from 'rxjs/operators'
import { serveMetrics } from '../../metrics/metrics.ts'
import type { Metered, MetricsServerOptions } from '../../metrics/metrics.ts'
import { within } from '../../testing/suite.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { plain } from '../contracts/fits/plain.ts'
import { scrape, startNativeNode, startRawClient } from './scraping.ts'

async function startServer(
  nodes: Metered | readonly Metered[],
  options: MetricsServerOptions = {},
) {
  const server = await serveMetrics(nodes, options)
  onTestFinished(server.close)
  const at = (path: string) => new URL(path, server.url).href
  return { server, at }
}

/** A node whose metrics are served, in a world that stands still. */
async function startStill(options: MetricsServerOptions = {}) {
  const world = startVirtualWorld({ seed: 'metrics' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
  return { ...(await startServer(supervisor, options)), supervisor, world }
}

/** With headers that fetch would not send. */
async function ask(url: string, headers: Readonly<Record<string, string>>, method = 'GET') {
  const [response] = (await once(request(url, { headers, method }).end(), 'response')) as [
    IncomingMessage,
  ]
  response.resume()
  return response.statusCode
}

describe('a scrape of a running node', () => {
  test('counts what it did, and goes on counting when its peers are gone', async () => {
    const alice = await startNativeNode('alice', 1)
    const bob = await startNativeNode('bob', 2)
    const { at, server } = await startServer(alice.supervisor, {
      ...{ includesProcess: true, freshMs: 0 },
    })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/metrics`)
    await scrape(server.url)

    const got: Uint8Array[] = []
    alice.supervisor.messages('message').subscribe(({ message }) => got.push(message.payload))
    alice.supervisor.validate('news', async () => 'accept')
    const peer = await bob.supervisor.connect(alice.address)
    const news = firstValueFrom(alice.supervisor.topic('news'))
    for (let count = 0; count < 20; count++) {
      bob.supervisor.send(peer, { type: 'message', protocol: 'chat', payload: new Uint8Array(99) })
    }
    await bob.supervisor.publish('news', new Uint8Array(5))
    await within(news, 'the publication')

    const during = await scrape(server.url)
    expect(got).toHaveLength(20)
    expect(during.sum('peerloom_connections', { direction: 'inbound', state: 'active' })).toBe(1)
    expect(
      during.sum('peerloom_messages_by_type_total', { direction: 'received', type: 'message' }),
    ).toBe(20)
    expect(during.sum('peerloom_message_bytes_by_type_total', { type: 'message' })).toBeGreaterThan(
      20 * 99,
    )
    expect(during.sum('peerloom_handshake_seconds_count', { direction: 'inbound' })).toBe(1)
    expect(during.sum('peerloom_validation_seconds_count')).toBe(1)
    expect(during.sum('process_cpu_seconds_total')).toBeGreaterThan(0)

    const gone = within(
      firstValueFrom(
        alice.supervisor.events.pipe(filter(({ type }) => type === 'connection.closed')),
      ),
      'the end of the connection',
    )
    await bob.supervisor.stop()
    await gone
    const after = await scrape(at('/metrics?again'))
    expect(after.sum('peerloom_connections', { state: 'active' })).toBe(0)
    expect(after.sum('peerloom_connections_closed_total')).toBe(1)
    expect(after.sum('peerloom_messages_total', { direction: 'received' })).toBeGreaterThan(20)
    for (const [sample, value] of during.samples) {
      const name = sample.slice(0, sample.indexOf('{'))
      const type = during.families.get(name.replace(/_(?:bucket|sum|count)$/, ''))?.type
      const isCounter = during.families.get(name)?.type === 'counter' || type === 'histogram'
      if (isCounter) expect(after.samples.get(sample), sample).toBeGreaterThanOrEqual(value)
    }
  })

  test('tells several nodes apart, and no two of one name are taken', async () => {
    const alice = await startNativeNode('alice', 1)
    const bob = await startNativeNode('bob', 2)
    await bob.supervisor.connect(alice.address)
    const { server } = await startServer([alice.supervisor, bob.supervisor])
    const { sum } = await scrape(server.url)
    expect([sum('peerloom_node_running'), sum('peerloom_node_running', { node: 'bob' })]).toEqual([
      2, 1,
    ])
    expect(sum('peerloom_connections', { node: 'bob', direction: 'outbound' })).toBe(1)
    await expect(serveMetrics([alice.supervisor, alice.supervisor])).rejects.toMatchObject({
      code: 'bad-argument',
    })
  })
})

describe('health and readiness', () => {
  const statuses = async (at: (path: string) => string) =>
    Promise.all([at('/health'), at('/ready')].map(async (url) => (await fetch(url)).status))

  test('follow the node', async () => {
    const { at, supervisor, world } = await startStill()
    expect(await statuses(at)).toEqual([200, 200])
    expect(await (await fetch(at('/ready'))).json()).toEqual({
      status: 'ready',
      nodes: [{ node: 'alice', state: 'running', isPaused: false }],
    })
    supervisor.pause()
    world.settle()
    expect(await statuses(at)).toEqual([200, 503])
    supervisor.resume()
    world.settle()
    expect(await statuses(at)).toEqual([200, 200])
    const stopped = supervisor.stop()
    world.advance(10_000)
    await stopped
    expect(await statuses(at)).toEqual([200, 503])
    expect(await (await fetch(at('/ready'))).json()).toMatchObject({
      status: 'not-ready',
      nodes: [{ state: 'stopped' }],
    })
  })

  test('say that a node failed', async () => {
    const world = startVirtualWorld({ seed: 'failed' })
    const second = startNode(world, 'second', '10.0.0.1', plain(), { listen: ['10.0.0.9:7001'] })
    await expect(second.started).rejects.toMatchObject({ code: 'listen-failed' })
    const { at } = await startServer(second.supervisor)
    expect(await statuses(at)).toEqual([503, 503])
    expect(await (await fetch(at('/health'))).json()).toMatchObject({ status: 'failed' })
  })
})

describe('the server', () => {
  test('has three paths, and takes nothing but questions', async () => {
    const { at, server } = await startStill()
    const { port } = server
    const status = async (path: string, method = 'GET') =>
      (await fetch(at(path), { method })).status
    expect(await status('/metrics')).toBe(200)
    expect(await status('/metrics', 'HEAD')).toBe(200)
    for (const path of ['/', '/metrics/', '/__proto__', '/constructor', '/etc/passwd']) {
      expect(await status(path), path).toBe(404)
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect(await status('/metrics', method), method).toBe(405)
    }
    const { ended, socket } = await startRawClient(port)
    socket.write('GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await within(ended, 'the answer')).toMatch(/^HTTP\/1\.1 404 /)
  })

  test('is not asked under the name of somebody else', async () => {
    const { server } = await startStill()
    const asked = (host: string) => ask(server.url, { host })
    expect(await asked(`localhost:${server.port}`)).toBe(200)
    expect(await asked(`[::1]:${server.port}`)).toBe(200)
    for (const host of [
      'evil.example',
      `evil.example:${server.port}`,
      '10.0.0.1',
      '[::2]',
      'localhost.evil.example',
      'x@localhost',
    ]) {
      expect(await asked(host), host).toBe(403)
    }
  })

  test('is not read by pages of others: it never allows an origin', async () => {
    const { server } = await startStill()
    const { headers } = await fetch(server.url, { headers: { origin: 'http://evil.example' } })
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  })

  test.each([
    ['garbage', '\u0000\u0001garbage\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'a header without end',
      `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`,
      /^HTTP\/1\.1 431 /,
    ],
    ['no host', 'GET /metrics HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ])('answers %s, and goes on', async (_, words, answer) => {
    const { server } = await startStill()
    const { ended, socket } = await startRawClient(server.port)
    socket.write(words, 'latin1')
    expect(await within(ended, 'the answer')).toMatch(answer)
    expect((await fetch(server.url)).status).toBe(200)
  })

  test('leaves whoever has not got an answer in time: who says nothing, or half', async () => {
    const { server } = await startStill({ clientMs: 100 })
    const silent = await startRawClient(server.port)
    const slow = await startRawClient(server.port)
    slow.socket.write('GET /metrics HTTP/1.1\r\n')
    expect(await within(silent.ended, 'the end of a silent client')).toBe('')
    expect(await within(slow.ended, 'the end of a slow client')).toBe('')
    expect((await fetch(server.url)).status).toBe(200)
  })

  test('turns away more clients than it has places for, and takes one again when one is gone', async () => {
    const { server } = await startStill()
    const clients = await Promise.all(Array.from({ length: 40 }, () => startRawClient(server.port)))
    const settled = clients.map(({ ended, socket }) => {
      const state = { isOver: false, socket }
      void ended.then(() => (state.isOver = true))
      return state
    })
    // Whoever was turned away is closed at once; those that are left hold their places.
    const left = () => settled.filter(({ isOver }) => !isOver)
    await expect.poll(() => left().length).toBe(16)
    await expect(fetch(server.url)).rejects.toThrow()
    const [one] = left()
    if (one === undefined) throw new Error('nobody is left')
    one.socket.end()
    await within(once(one.socket, 'close'), 'the end of one')
    expect((await fetch(server.url)).status).toBe(200)
  })

  test('reads the node once for many that ask at once', async () => {
    const { server, supervisor } = await startStill()
    let reads = 0
    const counted: Metered = {
      ...{ actor: supervisor.actor, audit: supervisor.audit, port: supervisor.port },
      ...{ isPaused: supervisor.isPaused, state: supervisor.state },
      counts() {
        reads++
        return supervisor.counts()
      },
    }
    const { at } = await startServer(counted)
    await Promise.all(Array.from({ length: 10 }, async () => (await fetch(at('/metrics'))).text()))
    expect(reads).toBe(1)
    expect(server.isOpen).toBe(false)
  })

  test('says in a sentence that its port is taken, and leaves nothing behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => {
      other.close()
    })
    const { port } = other.address() as AddressInfo
    const world = startVirtualWorld({ seed: 'taken' })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
    const { watchers } = supervisor.audit()
    await expect(serveMetrics(supervisor, { port })).rejects.toMatchObject({
      code: 'listen-failed',
      message: `cannot serve metrics on 127.0.0.1:${port}: something else listens there`,
    })
    expect(supervisor.audit().watchers).toBe(watchers)
  })

  test.each([
    ['a name', { host: 'localhost' }],
    ['no port', { port: 65_536 }],
    ['half a port', { port: 0.5 }],
    ['a deadline that no timer has', { clientMs: Infinity }],
    ['no time for an answer', { clientMs: 0 }],
    ['a scrape that is never read again', { freshMs: NaN }],
  ])('refuses %s', async (_, options) => {
    const world = startVirtualWorld({ seed: 'refused' })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
    await expect(serveMetrics(supervisor, options)).rejects.toMatchObject({ code: 'bad-argument' })
  })

  test('gives everything back when it is closed, clients included', async () => {
    const world = startVirtualWorld({ seed: 'closed' })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
    const { watchers } = supervisor.audit()
    const server = await serveMetrics(supervisor)
    await scrape(server.url)
    expect(supervisor.audit().watchers).toBeGreaterThan(watchers)
    const { ended } = await startRawClient(server.port)
    await Promise.all([server.close(), server.close()])
    await within(ended, 'the end of the client')
    expect(supervisor.audit().watchers).toBe(watchers)
    await expect(fetch(server.url)).rejects.toThrow()
  })
})
