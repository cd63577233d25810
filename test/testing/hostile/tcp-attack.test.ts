import { expect, onTestFinished, test } from 'vitest'
import { isLoopback } from '../../../codec/place.ts'
import { createSupervisor } from '../../../index.ts'
import { native } from '../../../protocols/native.ts'
import { ATTACK_NAMES, hostilePeer } from '../../../testing/hostile/hostile-peer.ts'
import type { AttackName, AttackReport } from '../../../testing/hostile/report.ts'
import { tcpGround } from '../../../testing/hostile/tcp-ground.ts'
import { tcp } from '../../../transport/tcp.ts'
import { startKeys } from './victims.ts'

const key = startKeys()
/** For attacks that wait for its end, a handshake of a second or two stands for one of half a minute. */
const SHORT_MS = 1_500
const USUAL_MS = 30_000

const nativeOf = (handshakeMs: number) =>
  native({ network: 'test/one', privateKey: key(), limits: { handshakeMs } })

async function startListening(handshakeMs: number) {
  const protocol = nativeOf(handshakeMs)
  const supervisor = createSupervisor({ protocol, transport: tcp(), listen: ['127.0.0.1:0'] })
  await supervisor.start()
  onTestFinished(async () => {
    await supervisor.stop()
  })
  const [{ port } = { port: 0 }] = supervisor.listening
  return { supervisor, address: `node://${protocol.identity ?? ''}@127.0.0.1:${port}` }
}

const TAKEN_AS_HONEST: readonly AttackName[] = ['byte-by-byte', 'split', 'coalesced']
const ENDED = ATTACK_NAMES.filter((name) => !TAKEN_AS_HONEST.includes(name))
/** Their waits pass side by side. */
const SHARES = [
  { names: TAKEN_AS_HONEST, handshakeMs: USUAL_MS },
  ...[0, 1, 2].map((share) => ({
    names: ENDED.filter((_, index) => index % 3 === share),
    handshakeMs: SHORT_MS,
  })),
]

test('a node over real sockets passes every attack', { timeout: 120_000 }, async () => {
  const verdicts = await Promise.all(
    SHARES.map(async ({ handshakeMs, names }) => {
      const { address, supervisor } = await startListening(handshakeMs)
      const peer = hostilePeer(address, () => nativeOf(handshakeMs), {
        ground: await tcpGround('127.0.0.1'),
        messages: [{ type: 'message', protocol: 'test', payload: new Uint8Array(20) }],
        sizes: { placesMax: 6, connectionsMax: 60, messagesMax: 2_000, pouredBytes: 1_024 * 1_024 },
      })
      const reports: AttackReport[] = []
      for await (const report of peer.attackAll(names)) reports.push(report)
      expect(supervisor.state).toBe('running')
      return reports.map(({ attack, because, verdict }) => ({ attack, verdict, because }))
    }),
  )
  expect(verdicts.flat()).toEqual(
    SHARES.flatMap(({ names }) => names).map((attack) => ({
      attack,
      verdict: 'passed',
      because: [],
    })),
  )
})

test('hostile streams break, and honest ones end', async () => {
  const server = tcp()
  const told: string[] = []
  let port = 0
  server.start((input) => {
    if (input.kind === 'listener.listening') ({ port } = input.address)
    else if (input.kind === 'listener.accepted') server.resume(input.stream)
    else told.push(input.kind)
  })
  server.listen(1, { host: '127.0.0.1', port: 0 })
  const ground = await tcpGround('127.0.0.1')
  const isSo = (what: () => boolean) => ground.until(what, 20_000)
  expect(await isSo(() => port > 0)).toBe(true)
  for (const manner of ['hostile', 'honest'] as const) {
    const { end, world } = ground.process(manner)
    let isOpen = false
    world.streams.start(({ kind }) => {
      isOpen ||= kind === 'stream.opened'
    })
    world.streams.open(2, { host: '127.0.0.1', port })
    expect(await isSo(() => isOpen)).toBe(true)
    const before = told.length
    end()
    expect(await isSo(() => told.length > before)).toBe(true)
  }
  server.unlisten(1)
  for (const stream of [1, 3]) server.destroy(stream)
  expect(told).toEqual(['stream.failed', 'stream.ended'])
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['128.0.0.1', false],
  ['localhost', false],
  ['127.1', false],
])('whether %s is of this machine alone: %s', async (host, isIt) => {
  expect(isLoopback(host)).toBe(isIt)
  if (!isIt) await expect(tcpGround(host)).rejects.toThrow(RangeError)
})
