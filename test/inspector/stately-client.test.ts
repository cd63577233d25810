import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { createSupervisor } from '../../index.ts'
import { connectStately } from '../../inspector/stately-client.ts'
import type { StatelyEvent } from '../../inspector/stately-events.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'
import { startCrowded } from './many-connections.ts'
import { nativeOf } from './watched-pair.ts'

/** A viewer that is there as long as the test wants it. */
async function startViewer(port = 0) {
  const told: StatelyEvent[] = []
  const clients: WebSocket[] = []
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  server.on('connection', (client) => {
    clients.push(client)
    client.on('message', (data) => {
      told.push(JSON.parse((data as Buffer).toString()) as StatelyEvent)
    })
  })
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
  const close = (): void => {
    for (const client of clients) client.terminate()
    server.close()
    http.close()
  }
  onTestFinished(close)
  return { told, clients, close, port: (http.address() as AddressInfo).port }
}

const idsOf = (told: readonly StatelyEvent[]): readonly string[] =>
  told.flatMap(({ sessionId, type }) => (type === '@xstate.actor' ? [sessionId] : []))

test('a viewer is told of more than it takes at once, without being left', async () => {
  const protocol = nativeOf('listener')
  const { supervisor } = startCrowded(protocol, 900)
  const viewer = await startViewer()
  const url = `ws://127.0.0.1:${String(viewer.port)}`
  const stop = connectStately<NativeTypes>({ supervisor, protocol, url, retryMs: 5 })
  onTestFinished(stop)
  await expect.poll(() => idsOf(viewer.told).length, { timeout: 20_000 }).toBe(1 + 2 * 900)
  expect(new Set(idsOf(viewer.told)).size).toBe(1 + 2 * 900)
  expect(viewer.clients).toHaveLength(1)
})

test('a node tells a viewer elsewhere, and tells all of it again when it is back', async () => {
  const protocol = nativeOf('listener')
  const supervisor = createSupervisor({ name: 'shown', protocol, transport: tcp() })
  await supervisor.start()
  onTestFinished(async () => {
    await supervisor.stop()
  })
  const { watchers } = supervisor.audit()
  const first = await startViewer()
  const url = `ws://127.0.0.1:${String(first.port)}`
  const stop = connectStately<NativeTypes>({ supervisor, protocol, url, retryMs: 5 })
  onTestFinished(stop)
  await expect.poll(() => idsOf(first.told)).toEqual(['shown'])
  expect(supervisor.audit().watchers).toBe(watchers + 1)

  first.close()
  await expect.poll(() => supervisor.audit().watchers).toBe(watchers)
  const second = await startViewer(first.port)
  await expect.poll(() => idsOf(second.told), { timeout: 20_000 }).toEqual(['shown'])

  stop()
  expect(supervisor.audit().watchers).toBe(watchers)
  await expect.poll(() => second.clients.every(({ readyState }) => readyState === 3)).toBe(true)
  expect(second.clients.length).toBe(1)
})
