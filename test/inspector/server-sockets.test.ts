import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { onTestFinished, describe, expect, test } from 'vitest'
import type { InspectorServer } from '../../inspector/server.ts'
import type { StatelyEvent } from '../../inspector/stately-events.ts'
import { within } from '../../testing/suite.ts'
import { ask, openPage, pageFolder, startServer, tokenOf } from './served.ts'

/** More than the system's own buffers take. */
const LARGE_BYTES = 33_554_432
/** Longer than a test may take. */
const NEVER_MS = 600_000
/** A Close frame of a client, without a reason. */
const FAREWELL = Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)

type Served = Pick<InspectorServer, 'port' | 'url'>

/** The head of a request, as it is written by hand. */
const headOf = ({ port }: Served, path: string, lines: readonly string[] = []): string =>
  [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${String(port)}`, ...lines, '', ''].join('\r\n')

const WEB_SOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='

/** Of a page's WebSocket. */
const upgradeOf = (server: Served, token = tokenOf(server), key = KEY): string =>
  headOf(server, '/live', [
    ...[...WEB_SOCKET, key, `Sec-WebSocket-Protocol: peerloom, token.${token}`],
  ])

/** A client that never ends its side. */
function holdOpen({ port }: Served) {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  onTestFinished(() => {
    socket.destroy()
  })
  let read = ''
  // That it is cut is what is waited for elsewhere.
  socket.on('error', () => undefined)
  socket.setEncoding('latin1').on('data', (part: string) => (read += part))
  return {
    socket,
    async until(text: string): Promise<void> {
      await expect.poll(() => read, { timeout: 20_000 }).toContain(text)
    },
  }
}

function largeFile(): string {
  const folder = pageFolder()
  writeFileSync(join(folder, 'large.js'), new Uint8Array(LARGE_BYTES))
  return folder
}

/** It has asked for the large file, and reads no more than its beginning. */
async function holdUnread(server: Served) {
  const client = holdOpen(server)
  client.socket.write(headOf(server, '/large.js'))
  await client.until('200 OK')
  client.socket.pause()
  return client
}

const isServing = async (server: Served): Promise<void> => {
  const status = async () => (await ask(server, '/no-such-file')).status
  await expect.poll(status, { timeout: 20_000 }).toBe(404)
}

/** Whether there is a place for one page more. */
const isTaken = async (server: Served): Promise<boolean> => {
  const page = openPage(server)
  const answer = await Promise.race([page.until('hello'), page.closed()])
  page.socket.terminate()
  return typeof answer === 'object'
}

const closing = (server: InspectorServer): Promise<void> =>
  within(server.close(), 'the server to be closed', 10_000)

describe('a client that never ends', () => {
  test('is let go of once it was refused', async () => {
    const { server } = await startServer({ limits: { socketsMax: 4, farewellMs: NEVER_MS } })
    for (let count = 0; count < 4; count++) {
      const client = holdOpen(server)
      client.socket.write(upgradeOf(server, '0'))
      await client.until('401 Unauthorized')
    }
    await isServing(server)
    await closing(server)
  })

  test('is let go of though it does not read that it was refused', async () => {
    const limits = { socketsMax: 1, farewellMs: 50 }
    const { server } = await startServer({ limits, pageFolder: largeFile() })
    const { socket } = await holdUnread(server)
    socket.write(upgradeOf(server, '0'))
    await isServing(server)
  })

  test('does not keep the server from closing', async () => {
    const limits = { farewellMs: 50 }
    const { server } = await startServer({ limits, pageFolder: largeFile() })
    const { socket } = await holdUnread(server)
    // With such a key it is no WebSocket, and its answer waits behind the file.
    socket.write(upgradeOf(server, tokenOf(server), 'Sec-WebSocket-Key: none'))
    await isServing(server)
    await closing(server)
  })

  test('does not keep the server from closing when it said its farewell', async () => {
    const { server } = await startServer({ limits: { farewellMs: 50 } })
    const client = holdOpen(server)
    client.socket.write(upgradeOf(server))
    await client.until('hello')
    client.socket.write(FAREWELL)
    // The farewell of the server.
    await client.until('\x88\x00')
    await closing(server)
  })

  test('holds no place for long after its farewell', async () => {
    const { server } = await startServer({ limits: { clientsMax: 1, farewellMs: 50 } })
    const client = holdOpen(server)
    client.socket.write(upgradeOf(server))
    await client.until('hello')
    client.socket.write(FAREWELL)
    await client.until('\x88\x00')
    await expect.poll(() => isTaken(server), { timeout: 20_000 }).toBe(true)
  })

  test('holds no place for long with an answer that it does not read', async () => {
    const limits = { socketsMax: 1, unreadMs: 50 }
    const { server } = await startServer({ limits, pageFolder: largeFile() })
    const { socket } = await holdUnread(server)
    // Nor with those that wait behind it.
    socket.write(headOf(server, '/large.js').repeat(8))
    await isServing(server)
  })

  test('is told nothing more when it said its farewell', async () => {
    let isAttached = false
    const tell = new Set<(event: StatelyEvent) => void>()
    const { server } = await startServer({
      stately(send) {
        isAttached = true
        tell.add(send)
        return () => {
          isAttached = false
        }
      },
    })
    const client = holdOpen(server)
    const [, token = ''] = server.statelyUrl.split('?token=')
    const path = `/stately?token=${token}`
    client.socket.write(headOf(server, path, [...WEB_SOCKET, KEY]))
    await client.until('101 Switching Protocols')
    expect(isAttached).toBe(true)
    client.socket.write(FAREWELL)
    await client.until('\x88\x00')
    for (const send of tell) {
      send({
        ...{ type: '@xstate.event', event: { type: 'start' }, sourceId: undefined },
        ...{ sessionId: 'node', rootId: 'node', id: '1', createdAt: '0', _version: '1' },
      })
    }
    expect(isAttached).toBe(false)
  })

  test('is no page any more once the server closes', async () => {
    const { server } = await startServer({ limits: { farewellMs: NEVER_MS } })
    const client = holdOpen(server)
    const head = upgradeOf(server)
    // With its first answer the beginning of the second request has been read.
    client.socket.write(headOf(server, '/no-such-file') + head.slice(0, 20))
    await client.until('404 Not Found')
    const closed = closing(server)
    client.socket.write(head.slice(20))
    await client.until('503 Service Unavailable')
    await closed
  })
})

test('a client that could not be accepted is told of, and the server goes on', async () => {
  const faults: Error[] = []
  const { server } = await startServer({ onFault: (error) => faults.push(error) })
  const servers = new Set<Server>()
  const onStart = (started: unknown): void => {
    const { server: one } = started as { readonly server: Server }
    servers.add(one)
  }
  subscribe('http.server.request.start', onStart)
  onTestFinished(() => {
    unsubscribe('http.server.request.start', onStart)
  })
  await isServing(server)
  expect(servers.size).toBe(1)
  const fault = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' })
  for (const one of servers) one.emit('error', fault)
  expect(faults).toEqual([fault])
  await isServing(server)
})
