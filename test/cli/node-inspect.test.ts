import { createWebSocketReceiver } from '@statelyai/inspect'
import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { createMachine } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { runCommand, startCommand, startListening } from './command.ts'

const portOf = (url: unknown): string => new URL(String(url)).port

test('a node has a page, and its address with the token is an event', async () => {
  const node = await startListening(['--inspect'])
  const { url } = await node.event('inspector')
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/)
  const token = String(url).split('=')[1] ?? ''
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(url)}/live`, ['peerloom', `token.${token}`])
  onTestFinished(() => {
    socket.terminate()
  })
  const nodes = await new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as { kind: string; answer?: unknown }
      if (message.kind === 'hello') {
        socket.send(JSON.stringify({ kind: 'ask', id: 1, query: { view: 'nodes' } }))
      } else resolve(message.answer)
    })
  })
  expect(nodes).toMatchObject({
    nodes: [{ node: 'node', protocol: 'native', identity: node.id, pid: node.process.pid }],
  })
  const closed = new Promise((resolve) => socket.on('close', resolve))
  const { code, signal } = await node.stop()
  expect([code, signal]).toEqual([0, null])
  expect(await closed).toBe(1001)
})

test('a page whose port is taken is said, and the node goes on without it', async () => {
  const first = await startListening(['--inspect'])
  const port = portOf((await first.event('inspector')).url)
  const second = await startListening(['--inspect', port])
  expect(await second.event('inspector')).toMatchObject({
    fault: `there is no page: the port ${port} of 127.0.0.1 is taken`,
  })
  const third = await startListening(['--connect', second.address])
  await third.event('connection.active')
})

test('a port that is none, and actions without a page, are usage', async () => {
  for (const words of [['--inspect', '65536'], ['--inspect', 'x'], ['--inspect-actions']]) {
    const { code, err } = await runCommand(['node', 'native', ...words])
    expect([code, err]).toMatchObject([2, expect.stringMatching(/port|--inspect/)])
  }
})

test('without --json the address is a line', async () => {
  const { out } = await runCommand(['node', 'native', '--inspect', '--timeout', '1'])
  expect(out).toMatch(/^its page is http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/m)
})

test('the receiver of @statelyai/inspect gets the whole life of a connection, as a tree', async () => {
  const node = await startListening(['--inspect'])
  const { statelyUrl } = await node.event('inspector')
  const told: StatelyInspectionEvent[] = []
  const receiver = createWebSocketReceiver({ server: String(statelyUrl) })
  const { unsubscribe } = receiver.subscribe((event) => {
    told.push(event)
  })
  onTestFinished(unsubscribe)
  await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(0)

  const peer = startCommand(['node', 'native', '--connect', node.address, '--json'])
  await peer.event('connection.active')
  await peer.stop()
  const of = (sessionId: string) => told.filter((event) => event.sessionId === sessionId)
  const last = (sessionId: string): unknown => {
    const event = of(sessionId).findLast(({ type }) => type === '@xstate.snapshot')
    return event !== undefined && 'snapshot' in event ? event.snapshot : undefined
  }
  await expect
    .poll(() => last('node/in-1'), { timeout: 20_000 })
    .toMatchObject({ status: 'done', value: 'closed', output: { reason: 'peer-left' } })

  const actors = told.flatMap((event) => (event.type === '@xstate.actor' ? [event] : []))
  expect(actors.map(({ parentId, sessionId }) => [sessionId, parentId])).toEqual([
    ['node', undefined],
    ['node/in-1', 'node'],
    ['node/in-1/session', 'node/in-1'],
  ])
  for (const { definition, rootId } of actors) {
    expect(rootId).toBe('node')
    expect(() => createMachine(JSON.parse(String(definition)) as object)).not.toThrow()
  }
  const events = (sessionId: string) =>
    of(sessionId).flatMap((one) => (one.type === '@xstate.event' ? [one.event.type] : []))
  expect(events('node/in-1')).toEqual(expect.arrayContaining(['start', 'ready']))
  expect(events('node/in-1/session')[0]).toBe('start')
  expect(last('node/in-1/session')).toMatchObject({ status: 'stopped' })
})
