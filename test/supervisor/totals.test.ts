import { describe, expect, test } from 'vitest'
import type { NodeCounts, NodeTotals, Observation } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { startPair } from '../../testing/pair.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

/** Each number of the totals by its path. */
function numbersOf(value: unknown, path = ''): readonly (readonly [string, number])[] {
  if (typeof value === 'number') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    numbersOf(inner, `${path}.${name}`),
  )
}

/** What went down between two readings. */
const fallen = (before: NodeTotals, after: NodeTotals): readonly string[] => {
  const now = new Map(numbersOf(after))
  return numbersOf(before).flatMap(([path, value]) =>
    (now.get(path) ?? -1) < value ? [`${path} ${value} -> ${String(now.get(path))}`] : [],
  )
}

const keys = { dialler: 1, listener: 2 }
const nativePair = () =>
  startPair(
    (role) => native({ network: 'test/totals', privateKey: new Uint8Array(32).fill(keys[role]) }),
    { address: (id = '', { host, port }) => `node://${id}@${host}:${port}` },
  )

describe('the totals of a node', () => {
  test('go on when a connection ends, and never go down, whatever step they are read in', async () => {
    const world = startVirtualWorld({ seed: 'totals' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
    const falls: string[] = []
    const watched = [alice, bob].map(({ supervisor }) => {
      let last: NodeTotals = supervisor.counts().totals
      supervisor.port.watch(() => {
        const { totals } = supervisor.counts()
        falls.push(...fallen(last, totals))
        last = totals
      })
      return () => last
    })
    alice.supervisor.messages('blob').subscribe(() => undefined)
    for (let round = 0; round < 3; round++) {
      world.advance(5_000)
      const [connection] = bob.supervisor.connections()
      for (let count = 0; count < 10; count++) {
        bob.supervisor.send(connection?.name ?? '', { type: 'blob', payload: new Uint8Array(9) })
      }
      world.advance(1_000)
      alice.supervisor.disconnect(alice.supervisor.connections()[0]?.name ?? '')
      world.advance(120_000)
    }
    const stopped = Promise.all([alice.supervisor.stop(), bob.supervisor.stop()])
    world.advance(10_000)
    await stopped
    expect(falls).toEqual([])

    for (const [index, { eventsOf, supervisor }] of [alice, bob].entries()) {
      const { levels, totals } = supervisor.counts()
      const ends = eventsOf('connection.closed')
      const sum = (of: 'handledMessages' | 'receivedBytes' | 'receivedMessages' | 'sentBytes') =>
        ends.reduce((total, end) => total + end[of], 0)
      expect(ends.length).toBeGreaterThan(2)
      expect(totals.traffic).toMatchObject({
        receivedBytes: sum('receivedBytes'),
        sentBytes: sum('sentBytes'),
        receivedMessages: sum('receivedMessages'),
        handledMessages: sum('handledMessages'),
      })
      expect(totals.closed.reduce((total, { count }) => total + count, 0)).toBe(ends.length)
      expect(totals.started.dialler + totals.started.listener).toBe(ends.length)
      expect(levels).toEqual({
        connections: {
          dialler: { connecting: 0, handshaking: 0, active: 0, closing: 0 },
          listener: { connecting: 0, handshaking: 0, active: 0, closing: 0 },
        },
        laneBytes: { control: 0, requests: 0, gossip: 0 },
        unsentBytes: 0,
        held: 0,
      })
      expect(watched[index]?.()).toEqual(totals)
    }
    expect(alice.supervisor.counts().totals.traffic.receivedMessages).toBeGreaterThanOrEqual(30)
    expect(bob.supervisor.counts().totals.traffic.sentMessages).toBeGreaterThanOrEqual(30)
  })

  test('are a copy: whoever changes them changes nothing', () => {
    const world = startVirtualWorld({ seed: 'copies' })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
    const counts = supervisor.counts()
    const spoil = (value: object): void => {
      for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
        if (typeof inner === 'object' && inner !== null) spoil(inner)
        else Object.assign(value, { [name]: -1 })
      }
    }
    spoil(counts)
    expect(numbersOf(supervisor.counts()).filter(([, value]) => value < 0)).toEqual([])
    expect(supervisor.counts()).toMatchObject({ node: 'alice', network: 'plain' })
  })

  test('say who is there, and what became of those who are not', () => {
    const world = startVirtualWorld({ seed: 'levels' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
    world.advance(1_000)
    const active = ({ levels }: NodeCounts) => [
      levels.connections.dialler.active,
      levels.connections.listener.active,
    ]
    expect([active(alice.supervisor.counts()), active(bob.supervisor.counts())]).toEqual([
      [0, 1],
      [1, 0],
    ])
    alice.supervisor.ban('10.0.0.2', { ms: 60_000 })
    world.advance(30_000)
    expect(alice.supervisor.counts().totals).toMatchObject({
      active: { dialler: 0, listener: 1 },
      bans: 1,
      closed: [{ reason: 'refused-by-us', detail: 'banned', count: 1 }],
    })
    expect(alice.supervisor.counts().totals.refused['banned']).toBeGreaterThan(0)
    alice.supervisor.unban('10.0.0.2')
    world.settle()
    expect(alice.supervisor.counts().totals.unbans).toBe(1)
  })
})

describe('timings', () => {
  test('are told of each ping and each question to the application, and cost nothing unwatched', async () => {
    const { dialler, listener, until, world } = nativePair()
    expect([dialler, listener].map(({ supervisor }) => supervisor.port.wants.timing)).toEqual([
      false,
      false,
    ])
    const timings: Extract<Observation, { of: 'timing' }>[] = []
    const stop = listener.supervisor.port.watch(
      (seen) => {
        if (seen.of === 'timing') timings.push(seen)
      },
      { kinds: ['timing'] },
    )
    const settle: (() => void)[] = []
    listener.supervisor.validate('news', async () => {
      await new Promise<void>((resolve) => settle.push(resolve))
      return 'accept'
    })
    await until(dialler.supervisor.publish('news', Uint8Array.of(1)))
    world.advance(1_000)
    expect([settle.length, timings.length]).toEqual([1, 0])
    world.advance(250)
    settle[0]?.()
    await until(dialler.supervisor.publish('news', Uint8Array.of(2)))
    expect(timings).toMatchObject([{ what: 'validate' }])
    expect(timings[0]?.ms).toBeGreaterThanOrEqual(1_250)

    world.advance(120_000)
    const pings = timings.filter(({ what }) => what === 'ping')
    expect(pings.length).toBeGreaterThanOrEqual(2)
    expect(pings.every(({ ms }) => ms >= 0 && ms < 1_000)).toBe(true)
    expect(listener.supervisor.connections()[0]?.about).toMatchObject({
      pingMs: pings.at(-1)?.ms,
    })
    stop()
    expect(listener.supervisor.port.wants.timing).toBe(false)
  })
})
