import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createSupervisor } from '../../index.ts'
import { startInspector } from '../../inspector/inspector.ts'
import type { InspectorServer } from '../../inspector/server.ts'
import type { SourceMessage } from '../../inspector/source.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { within } from '../../testing/suite.ts'
import { tcp } from '../../transport/tcp.ts'
import { ask, openPage, pageFolder, startInspected, startServer, tokenOf } from './served.ts'
import type { Page } from './served.ts'
import { nativeOf } from './watched-pair.ts'

describe('the inspector of a node', () => {
  test('shows it to a page, and says what it does not do', async () => {
    const { inspector } = await startInspected()
    expect(inspector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/)
    const page = openPage(inspector)
    expect(await page.until('hello')).toMatchObject({ actions: false, recordDir: null })
    page.ask({ view: 'nodes' })
    expect(await page.until('answer')).toMatchObject({
      id: 1,
      answer: { nodes: [{ node: 'inspected', state: 'running', pid: process.pid }] },
    })
    page.ask({ view: 'passwords' }, 2)
    expect(await page.until('refused')).toMatchObject({ id: 2, refused: { why: 'bad-query' } })
  })

  test('gives back everything when it is closed, and the node goes on', async () => {
    const { inspector, supervisor } = await startInspected()
    const page = openPage(inspector)
    await page.until('hello')
    page.ask({ view: 'connection', node: 'inspected', connection: 'inspected/in-1' })
    await page.until('refused')
    const { watchers } = supervisor.audit()
    await inspector.close()
    expect(await page.closed()).toBe(1001)
    expect(supervisor.audit().watchers).toBe(watchers)
    expect(supervisor.state).toBe('running')
    await expect(ask(inspector, '/')).rejects.toThrow()
  })

  test('finds its port taken: it says so, and the node is not touched', async () => {
    const { inspector, supervisor } = await startInspected()
    const protocol = nativeOf('listener')
    const second = startInspector<NativeTypes>({ supervisor, protocol, port: inspector.port })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(supervisor.state).toBe('running')
    const page = openPage(inspector)
    await page.until('hello')
  })

  test('gives a chart to whoever has the token', async () => {
    const { inspector } = await startInspected()
    const headers = { authorization: `Bearer ${tokenOf(inspector)}` }
    const { status, text } = await ask(inspector, '/charts/inspected/connection', { headers })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ chart: { name: 'connection' } })
    for (const path of [
      '/charts/inspected/nothing',
      '/charts/other/native',
      '/charts/%ZZ/native',
    ]) {
      expect((await ask(inspector, path, { headers })).status).toBe(404)
    }
    expect((await ask(inspector, '/charts/inspected/connection')).status).toBe(401)
  })
})

describe('actions', () => {
  const act = (inspector: InspectorServer, body: unknown, token = tokenOf(inspector)) =>
    ask(inspector, '/actions', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  test('are off where nobody turned them on', async () => {
    const { inspector, supervisor } = await startInspected()
    const { status, text } = await act(inspector, { do: 'pause', node: 'inspected' })
    expect([status, JSON.parse(text)]).toMatchObject([403, { refused: { why: 'actions-off' } }])
    expect(supervisor.isPaused).toBe(false)
  })

  test('pause a node, ban somebody, start a sub-protocol again', async () => {
    const { inspector, supervisor } = await startInspected({ actions: true })
    const done = { done: true }
    expect(JSON.parse((await act(inspector, { do: 'pause', node: 'inspected' })).text)).toEqual(
      done,
    )
    expect(supervisor.isPaused).toBe(true)
    await act(inspector, { do: 'resume', node: 'inspected' })
    expect(supervisor.isPaused).toBe(false)
    const ban = { do: 'ban', node: 'inspected', subject: '203.0.113.7', forMs: 1_000 }
    expect(JSON.parse((await act(inspector, ban)).text)).toEqual(done)
    expect(supervisor.bans()).toMatchObject([{ key: { host: '203.0.113.7' } }])
    await act(inspector, { do: 'restart', node: 'inspected', child: 'gossip' })
    expect(supervisor.inside.children()).toContainEqual(
      expect.objectContaining({ name: 'gossip', restarts: 1 }),
    )
  })

  test('disconnect somebody, once', async () => {
    const { inspector, supervisor } = await startInspected({ actions: true })
    const protocol = nativeOf('dialler')
    const dialler = createSupervisor({ name: 'dialler', protocol, transport: tcp() })
    await dialler.start()
    onTestFinished(async () => {
      await dialler.stop()
    })
    const [{ port } = { port: 0 }] = supervisor.listening
    const { identity = '' } = nativeOf('listener')
    await dialler.connect(`node://${identity}@127.0.0.1:${String(port)}`)
    const action = { do: 'disconnect', node: 'inspected', connection: 'inspected/in-1' }
    expect(JSON.parse((await act(inspector, action)).text)).toEqual({ done: true })
    await expect.poll(() => supervisor.inside.connection('inspected/in-1')).toBeUndefined()
    const { status, text } = await act(inspector, action)
    expect([status, JSON.parse(text)]).toMatchObject([
      404,
      { refused: { why: 'unknown-connection' } },
    ])
  })

  test('do nothing to a node that has stopped, and do not say so', async () => {
    const { inspector, supervisor } = await startInspected({ actions: true })
    await supervisor.stop()
    for (const given of [{ do: 'pause' }, { do: 'resume' }, { do: 'restart', child: 'gossip' }]) {
      const { status, text } = await act(inspector, { node: 'inspected', ...given })
      expect([given, status, JSON.parse(text)]).toMatchObject([
        given,
        409,
        { refused: { why: 'not-running' } },
      ])
    }
    expect(supervisor.isPaused).toBe(false)
  })

  test('that are none, or of another node, are refused', async () => {
    const { inspector } = await startInspected({ actions: true })
    const statusOf = async (body: unknown, token?: string) =>
      (await act(inspector, body, token)).status
    expect(await statusOf({ do: 'pause', node: 'inspected' }, 'f'.repeat(64))).toBe(401)
    expect(await statusOf({ do: 'explode', node: 'inspected' })).toBe(400)
    expect(await statusOf({ do: 'restart', node: 'inspected', child: 'nothing' })).toBe(400)
    expect(await statusOf({ do: 'ban', node: 'inspected', subject: 'x', forMs: -1 })).toBe(400)
    expect(await statusOf({ do: 'ban', node: 'inspected', subject: '~', forMs: null })).toBe(400)
    expect(await statusOf({ do: 'pause', node: 'other' })).toBe(404)
    expect(await statusOf('{')).toBe(400)
    expect(await statusOf('x'.repeat(20_000))).toBe(400)
  })
})

describe('who may not look', () => {
  test('whoever has no token, or a wrong one', async () => {
    const { server } = await startServer()
    expect(await openPage(server, {}, 'f'.repeat(64)).closed()).toBe(401)
    expect(await openPage(server, {}, '0').closed()).toBe(401)
    const bare = new WebSocket(`ws://127.0.0.1:${String(server.port)}/live`)
    const refused = new Promise((resolve) => {
      bare.on('unexpected-response', (_, response) => {
        resolve(response.statusCode)
        response.resume()
      })
      bare.on('error', () => undefined)
    })
    expect(await within(refused, 'a refusal')).toBe(401)
  })

  test('whoever has the token of an address alone, but for what it is of', async () => {
    const { inspector } = await startInspected({ actions: true })
    const [, token = ''] = inspector.statelyUrl.split('?token=')
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(await openPage(inspector, {}, token).closed()).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    const body = JSON.stringify({ do: 'pause', node: 'inspected' })
    expect((await ask(inspector, '/actions', { method: 'POST', headers, body })).status).toBe(401)
    expect((await ask(inspector, '/charts/inspected/native', { headers })).status).toBe(401)
    const codeOf = (url: string): Promise<number | undefined> => {
      const socket = new WebSocket(url)
      onTestFinished(() => {
        socket.terminate()
      })
      return within(
        new Promise((resolve, reject) => {
          socket.on('upgrade', ({ statusCode }) => {
            resolve(statusCode)
          })
          socket.on('unexpected-response', (_, { statusCode }) => {
            resolve(statusCode)
            socket.terminate()
          })
          socket.on('error', reject)
        }),
        'an answer',
      )
    }
    expect(await codeOf(inspector.statelyUrl)).toBe(101)
    expect(await codeOf(inspector.statelyUrl.replace(token, tokenOf(inspector)))).toBe(401)
  })

  test('a page that came from elsewhere', async () => {
    const { server } = await startServer()
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1.evil.example']) {
      expect(await openPage(server, { origin }).closed()).toBe(403)
      expect((await ask(server, '/', { headers: { origin } })).status).toBe(403)
    }
    const own = openPage(server, { origin: `http://localhost:${String(server.port)}` })
    await own.until('hello')
  })

  test('but one that its owner named', async () => {
    const origins = ['http://localhost:5173']
    const { server } = await startServer({ origins })
    await openPage(server, { origin: 'http://localhost:5173' }).until('hello')
  })

  test('a name that was made to lead here', async () => {
    const { server } = await startServer()
    for (const host of ['evil.example', `evil.example:${String(server.port)}`, '127.0.0.1']) {
      expect(await openPage(server, { host }).closed()).toBe(403)
      expect((await ask(server, '/', { headers: { host } })).status).toBe(403)
    }
    const named = { host: `LOCALHOST:${String(server.port)}` }
    await openPage(server, named).until('hello')
  })

  test('nobody outside of this machine: it listens on loopback', async () => {
    const { server } = await startServer()
    const refused = new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.2', port: server.port })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? '')
      })
      socket.on('connect', () => {
        reject(new Error('it listens on another address'))
      })
    })
    expect(await refused).toBe('ECONNREFUSED')
  })
})

describe('the files of the page', () => {
  test('are those of a list, with a strict policy', async () => {
    const { server } = await startServer({ pageFolder: pageFolder() })
    const { headers, status, text } = await ask(server, '/')
    expect([status, text]).toEqual([200, '<!doctype html><title>page</title>'])
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    const script = await ask(server, '/assets/page.js?v=1')
    expect([script.status, script.headers['content-type']]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ])
    expect((await ask(server, '/', { method: 'HEAD' })).text).toBe('')
  })

  test('no path leads anywhere else', async () => {
    const { server } = await startServer({ pageFolder: pageFolder() })
    for (const path of [
      '/../package.json',
      '/assets/../../package.json',
      '/assets/%2e%2e/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/assets\\..\\..\\package.json',
      '//etc/passwd',
      '/./index.html',
      '/notes.txt',
      '/assets',
      '/index.html%00.js',
      '/%',
    ]) {
      expect([path, (await ask(server, path)).status]).toEqual([path, 404])
    }
    expect((await ask(server, '/', { method: 'DELETE' })).status).toBe(405)
  })

  test('need not be there', async () => {
    const { server } = await startServer({ pageFolder: join(tmpdir(), 'no-such-folder') })
    expect((await ask(server, '/')).status).toBe(404)
    await openPage(server).until('hello')
  })
})

describe('load', () => {
  /** Resolves when a page that asks for a place gets one. */
  const placeFree = (server: InspectorServer): Promise<void> =>
    expect
      .poll(async () => {
        const page = openPage(server)
        return typeof (await Promise.race([page.until('hello'), page.closed()])) === 'object'
      })
      .toBe(true)

  /** As large as an answer of 200 rows. */
  const answer = (id: number): SourceMessage => ({
    ...{ kind: 'answer', id, sampled: { atMs: 0, sinceMs: null, everyMs: 250 } },
    answer: {
      ...{ view: 'log', forgotten: 0 },
      entries: [{ number: 1, atMs: 0, type: 'x'.repeat(100_000), connection: null, fields: null }],
    },
  })

  test('a page that stops reading is shed, is told so, and the rest of them read on', async () => {
    const { say, server } = await startServer({ limits: { unreadMs: 60_000 } })
    const page = openPage(server)
    await page.until('hello')
    page.socket.pause()
    // What the system's own buffers take is not ours.
    for (let count = 0; count < 400; count++) say(answer(count))
    page.socket.resume()
    const deadline = Date.now() + 10_000
    let id = 1_000
    while (!page.told.some(({ kind }) => kind === 'shed') && Date.now() < deadline) {
      say(answer(id++))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { answers } = await page.until('shed')
    expect(answers).toBeGreaterThan(100)
    expect(page.told.length).toBeLessThan(400)
  })

  test('one that was shed gets all last words, though nothing more is said', async () => {
    const { say, server } = await startServer({ limits: { unreadMs: 60_000 } })
    const page = openPage(server)
    await page.until('hello')
    page.socket.pause()
    for (let count = 0; count < 400; count++) say(answer(count))
    const ids = [1_000, 1_001, 1_002]
    for (const id of ids) {
      say({ kind: 'refused', id, refused: { why: 'node-gone', message: 'the node is gone' } })
    }
    page.socket.resume()
    await expect
      .poll(() => page.told.flatMap((told) => (told.kind === 'refused' ? [told.id] : [])))
      .toEqual(ids)
    expect(page.told.length).toBeLessThan(400)
  })

  test('one that asks on and on for what is refused while it does not read is closed', async () => {
    const { say, server } = await startServer({ limits: { unreadMs: 60_000, farewellMs: 50 } })
    const page = openPage(server)
    await page.until('hello')
    page.socket.pause()
    for (let count = 0; count < 400; count++) say(answer(count))
    for (let id = 0; id < 1_000; id++) {
      say({ kind: 'refused', id, refused: { why: 'bad-query', message: 'that is nothing' } })
    }
    page.socket.resume()
    expect([1013, 1006]).toContain(await page.closed())
  })

  test('one that goes on not reading is closed', async () => {
    const { say, server } = await startServer({
      limits: { unreadMs: 50, farewellMs: 50, unreadBytesMax: 100_000, clientsMax: 1 },
    })
    const page = openPage(server)
    await page.until('hello')
    page.socket.pause()
    for (let count = 0; count < 400; count++) say(answer(count))
    await placeFree(server)
    // It reads its farewell, or was cut before it could.
    page.socket.resume()
    expect([1013, 1006]).toContain(await page.closed())
  })

  test('a thousand pages: a few are served, and the others are refused', async () => {
    const { inspector, supervisor } = await startInspected({
      limits: { clientsMax: 4, socketsMax: 8 },
    })
    const pages = Array.from({ length: 1_000 }, () => openPage(inspector))
    const hasSettled = ({ closed, until }: Page) => Promise.race([until('hello'), closed()])
    await Promise.all(pages.map(hasSettled))
    expect(pages.filter(({ socket }) => socket.readyState === WebSocket.OPEN).length).toBe(4)
    expect(supervisor.state).toBe('running')
    for (const { socket } of pages) socket.terminate()
    await placeFree(inspector)
  })

  test('a page that says too much, or what is no message, is closed', async () => {
    const { server } = await startServer({ limits: { messagesPerSecondMax: 10 } })
    const chatty = openPage(server)
    await chatty.until('hello')
    for (let count = 0; count < 30; count++) chatty.ask({ view: 'nodes' }, count)
    expect(await chatty.closed()).toBe(1008)
    const binary = openPage(server)
    await binary.until('hello')
    binary.socket.send(Uint8Array.of(1, 2, 3))
    expect(await binary.closed()).toBe(1008)
    const large = openPage(server)
    await large.until('hello')
    large.socket.send('x'.repeat(20_000))
    expect(await large.closed()).toBe(1009)
  })

  test('one that is gone without a word is noticed', async () => {
    const { server } = await startServer({ limits: { heartbeatMs: 20, clientsMax: 1 } })
    const page = openPage(server)
    await page.until('hello')
    // It answers no ping any more.
    page.socket.pause()
    await placeFree(server)
  })
})
