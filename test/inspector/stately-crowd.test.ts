import { createWebSocketReceiver } from '@statelyai/inspect'
import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { InspectorLimits } from '../../inspector/limits.ts'
import { attachStately } from '../../inspector/stately.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { startCrowded } from './many-connections.ts'
import { startServer } from './served.ts'
import { nativeOf } from './watched-pair.ts'

async function startCrowdedServer(count: number, limits: Partial<InspectorLimits> = {}) {
  const protocol = nativeOf('listener')
  const { supervisor } = startCrowded(protocol, count)
  const { watchers } = supervisor.audit()
  const { server } = await startServer({
    stately: (send, room) => attachStately<NativeTypes>({ supervisor, protocol, room, send }),
    limits,
  })
  return { server, supervisor, isAttached: () => supervisor.audit().watchers > watchers }
}

test.each([
  [300, {}],
  // More than the system's own buffers take.
  [900, { unreadBytesMax: 65_536 }],
  // More than are told of in a second where they come one after the other.
  [1_100, {}],
])('the real receiver gets the tree of %i connections, whole', async (count, limits) => {
  const { server, supervisor } = await startCrowdedServer(count, limits)
  const told: StatelyInspectionEvent[] = []
  const receiver = createWebSocketReceiver({ server: server.statelyUrl })
  const { unsubscribe } = receiver.subscribe((event) => {
    told.push(event)
  })
  onTestFinished(unsubscribe)
  const actors = () => told.flatMap((one) => (one.type === '@xstate.actor' ? [one] : []))
  await expect.poll(() => actors().length, { timeout: 20_000 }).toBe(1 + 2 * count)
  const parents = new Map(actors().map(({ parentId, sessionId }) => [sessionId, parentId]))
  expect(parents.size).toBe(1 + 2 * count)
  for (const { name } of supervisor.connections()) {
    expect([parents.get(name), parents.get(`${name}/session`)]).toEqual(['crowded', name])
  }
  // It was told once: nobody had to come again.
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
})

test('a client that reads nothing is told a bounded part of it, and then let go of', async () => {
  const limits = { heartbeatMs: 100, unreadBytesMax: 65_536 }
  const { isAttached, server } = await startCrowdedServer(900, limits)
  const client = connect({ host: '127.0.0.1', port: server.port })
  onTestFinished(() => {
    client.destroy()
  })
  // That it is cut is what is waited for.
  client.on('error', () => undefined)
  const { pathname, search } = new URL(server.statelyUrl)
  client.write(
    [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: 127.0.0.1:${String(server.port)}`,
      ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
      ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''],
    ].join('\r\n'),
  )
  client.pause()
  await expect.poll(isAttached, { timeout: 20_000 }).toBe(true)
  await expect.poll(isAttached, { timeout: 20_000 }).toBe(false)
})
