import { expect, test } from 'vitest'
import type { Protocol } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import type { Seat } from '../../testing/testing.ts'
import { FAULT_PRESETS } from '../../transport/simulated/faults.ts'
import { keyOf } from '../contracts/seats.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { meeting } from '../support/rude.ts'

const protocolOf = (seat: Seat) => native({ network: 'test', privateKey: keyOf(seat) })
const addressOf = (seat: Seat, host: string) =>
  `node://${protocolOf(seat).identity ?? ''}@${host}:9946`

/** Two nodes that are connected; the second one is as it is told to be. */
function startPair(change: Partial<Protocol<NativeTypes>> = {}) {
  const world = startVirtualWorld({ seed: 'ping' })
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
  const bob = startNode(world, 'bob', '10.0.0.2', { ...protocolOf('dialler'), ...change })
  const seen: { atMs: number; type: string; direction: string }[] = []
  alice.supervisor.port.watch((observation) => {
    if (observation.of !== 'message') return
    const { direction, type } = observation
    if (type === 'ping' || type === 'pong') seen.push({ atMs: world.clock.nowMs, type, direction })
  })
  const meet = () => {
    bob.supervisor.connect(addressOf('listener', '10.0.0.1')).catch(() => undefined)
    world.advance(100)
  }
  meet()
  return { world, alice, bob, seen, meet }
}

const ping = (byte: number) => ({ type: 'ping', id: new Uint8Array(16).fill(byte) }) as const

test('both ping every 35 s from 35 s on, and each ping is answered', () => {
  const { alice, bob, seen, world } = startPair()
  world.advance(34_000)
  expect(seen).toEqual([])
  world.advance(76_000)
  for (const direction of ['sent', 'received']) {
    const times = seen.filter((one) => one.direction === direction && one.type === 'ping')
    expect(times).toHaveLength(3)
    times.slice(1).forEach(({ atMs }, index) => {
      expect(atMs - (times[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(30_000)
    })
  }
  expect(seen.filter(({ type }) => type === 'pong')).toHaveLength(6)
  expect([...alice.eventsOf('connection.closed'), ...bob.eventsOf('connection.closed')]).toEqual([])
})

test('no two pings go to a peer within 30 s, whatever reconnects there are in ten minutes', () => {
  const { bob, meet, seen, world } = startPair()
  for (let round = 0; round < 60; round++) {
    world.advance(10_000)
    if (round % 3 !== 0) continue
    bob.supervisor.disconnect(addressOf('listener', '10.0.0.1'))
    world.advance(10)
    meet()
  }
  const times = seen.filter(({ direction, type }) => direction === 'sent' && type === 'ping')
  times.slice(1).forEach(({ atMs }, index) => {
    expect(atMs - (times[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(30_000)
  })
})

test.each([
  [29_999, true],
  [30_000, false],
])('a second ping after %d ms ends the connection: %s', (afterMs, isEnd) => {
  const { alice, seen, world } = startPair(
    meeting<NativeTypes>((send, after) => {
      send(ping(1))
      after(afterMs, () => {
        send(ping(2))
      })
    }),
  )
  world.advance(31_000)
  expect(
    seen.filter(({ direction, type }) => direction === 'sent' && type === 'pong'),
  ).toHaveLength(isEnd ? 1 : 2)
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(
    isEnd ? ['ping-too-often'] : [],
  )
})

test('who does not answer is left after 10 s and a little', () => {
  const { alice, world } = startPair({ children: [] })
  world.advance(35_000 + 9_000)
  expect(alice.eventsOf('connection.closed')).toEqual([])
  world.advance(3_000)
  expect(alice.eventsOf('connection.closed')).toMatchObject([
    { detail: 'pong-missing', reason: 'deadline' },
  ])
  expect(alice.supervisor.bans()).toEqual([])
})

test('nobody is left while a large message is on a slow line, that pings and pongs stand behind', () => {
  const world = startVirtualWorld({
    ...{ seed: 'slow line', faults: { ...FAULT_PRESETS.calm, bytesPerSecond: 20_000 } },
  })
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
  const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('dialler'))
  bob.supervisor.connect(addressOf('listener', '10.0.0.1')).catch(() => undefined)
  world.advance(30_000)
  let heardBytes = 0
  bob.supervisor.messages('message').subscribe(({ message }) => {
    heardBytes += message.payload.length
  })
  const [{ name = '' } = {}] = alice.supervisor.connections()
  const payload = new Uint8Array(1_000_000)
  alice.supervisor.send(name, { type: 'message', protocol: 'test', payload })
  world.advance(60_000)
  expect([alice, bob].flatMap(({ eventsOf }) => eventsOf('connection.closed'))).toEqual([])
  expect(heardBytes).toBe(1_000_000)
})

test('the fourth pong that answers nothing ends the connection', () => {
  const pong = { type: 'pong', id: new Uint8Array(16) } as const
  const three = startPair(
    meeting<NativeTypes>((send) => {
      for (let count = 0; count < 3; count++) send(pong)
    }),
  )
  three.world.advance(1_000)
  expect(three.alice.eventsOf('connection.closed')).toEqual([])
  const four = startPair(
    meeting<NativeTypes>((send) => {
      for (let count = 0; count < 4; count++) send(pong)
    }),
  )
  four.world.advance(1_000)
  expect(four.alice.eventsOf('connection.closed')[0]).toMatchObject({ detail: 'pongs-unasked' })
})

test('a ping that falls due while its connection is closing is not tried again and again', () => {
  const world = startVirtualWorld({ seed: 'ping' })
  const limits = { creditBytesMax: 16_384 }
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
  const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('dialler'), { limits })
  bob.supervisor.connect(addressOf('listener', '10.0.0.1')).catch(() => undefined)
  world.advance(34_000)
  // Bob stops reading: what Alice has for him does not leave, her farewell neither.
  bob.supervisor.handle('message', () => new Promise(() => undefined))
  const [connection] = alice.supervisor.connections()
  const peer = connection?.name ?? ''
  for (let count = 0; count < 10; count++) {
    alice.supervisor.send(peer, {
      ...{ type: 'message', protocol: 'test', payload: new Uint8Array(60_000) },
    })
  }
  world.advance(990)
  alice.supervisor.disconnect(peer)
  world.advance(10)
  expect(alice.supervisor.connections()).toMatchObject([{ phase: 'closing' }])
  world.advance(60_000)
  expect(alice.eventsOf('connection.closed')).toMatchObject([{ detail: 'disconnected' }])
})

test('pings that are under way for very different times still come 30 s apart', () => {
  const latencyMs = { min: 1, max: 1, tailMean: 2_000 }
  const world = startVirtualWorld({
    ...{ seed: 'slow pings', faults: { ...FAULT_PRESETS.calm, latencyMs } },
  })
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
  const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('dialler'))
  bob.supervisor.connect(addressOf('listener', '10.0.0.1')).catch(() => undefined)
  world.advance(2 * 3_600_000)
  const closings = [alice, bob].flatMap(({ eventsOf }) => eventsOf('connection.closed'))
  // Some pongs take longer than is waited for; nobody is to blame.
  expect(new Set(closings.map(({ reason }) => reason))).not.toContain('peer-fault')
  expect(closings.length).toBeLessThan(100)
})

test('pings that come too early end sessions, and are no strike: it may be us who read late', () => {
  const { alice, meet, world } = startPair(
    meeting<NativeTypes>((send) => {
      send(ping(1))
      send(ping(2))
    }),
  )
  for (let visit = 1; visit < 5; visit++) {
    world.advance(70_000)
    meet()
  }
  const details = alice.eventsOf('connection.closed').map(({ detail }) => detail)
  expect(details.length).toBeGreaterThanOrEqual(5)
  expect(new Set(details)).toEqual(new Set(['ping-too-often']))
  expect([alice.eventsOf('peer.struck'), alice.supervisor.bans()]).toEqual([[], []])
})
