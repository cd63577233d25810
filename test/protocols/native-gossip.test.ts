import { describe, expect, test } from 'vitest'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import { NOTHING_HELD } from '../support/nodes.ts'
import { bytesOf, startGossipNode, startGossipScene } from './native-gossip-support.ts'

/** `count` nodes n1, n2 ... of which each dials those before it that `dials` names. */
const numbered = (count: number, dials: (number: number) => readonly number[]) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `n${index + 1}`,
      dials(index + 1).map((number) => `n${number}`),
    ]),
  )

const line = (count: number) => numbered(count, (number) => (number > 1 ? [number - 1] : []))
const ring = (count: number) =>
  numbered(count, (number) => (number === count ? [number - 1, 1] : number > 1 ? [number - 1] : []))
const mesh = (count: number) =>
  numbered(count, (number) => Array.from({ length: number - 1 }, (_, index) => index + 1))

describe('a broadcast', () => {
  test.each([
    ['a line of 5', line(5), 8],
    ['a ring of 6', ring(6), 12],
    ['a full mesh of 6', mesh(6), 30],
  ])('reaches everybody once in %s, and never comes back to its origin', async (_, nodes, ends) => {
    const { all, the, world } = startGossipScene({ nodes })
    const connections = all().flatMap(({ supervisor }) => supervisor.connections())
    expect(connections.map(({ phase }) => phase)).toEqual(Array(ends).fill('active'))
    const published = [the('n1').publish('one'), the('n1').publish('two')]
    world.advance(1_000)
    const reports = await Promise.all(published)
    const [{ id: first } = { id: '' }, { id: second } = { id: '' }] = reports
    expect(first).not.toBe(second)
    const neighbours = the('n1').supervisor.connections().length
    expect(reports).toMatchObject(Array(2).fill({ queued: neighbours, dropped: 0 }))
    for (const node of all()) {
      const got = node.deliveries.map(({ id, kind, origin, timestampMs, topic }) => {
        expect(timestampMs).toBeGreaterThan(1_735_689_600_000)
        return { id, kind, origin, topic }
      })
      const about = { kind: 'broadcast', origin: the('n1').id, topic: 'news' }
      const both = [
        { ...about, id: first },
        { ...about, id: second },
      ]
      expect(got, node.name).toEqual(node.name === 'n1' ? [] : both)
      expect(node.lines(), node.name).toEqual(node.name === 'n1' ? [] : ['one', 'two'])
      expect([...node.struck(), ...node.faults(), ...node.notes()], node.name).toEqual([])
    }
  })

  test('goes back to nobody who is known to have it', () => {
    const { all, the, world } = startGossipScene({ nodes: line(5) })
    void the('n3').publish('one')
    world.advance(1_000)
    expect(all().map(({ broadcasts }) => broadcasts.length)).toEqual([1, 1, 0, 1, 1])
  })

  test('is delivered by the ninth node behind its origin, and the tenth gets nothing', () => {
    const { all, the, world } = startGossipScene({ nodes: line(11) })
    void the('n1').publish('far')
    world.advance(2_000)
    const got = all().map(({ deliveries }) => deliveries.length)
    expect(got).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    expect(all().flatMap(({ faults }) => faults())).toEqual([])
    expect(all().map(({ broadcasts }) => broadcasts[0]?.hopsLeft)).toEqual([
      undefined,
      ...[8, 7, 6, 5, 4, 3, 2, 1, 0],
      undefined,
    ])
  })

  test('goes to a few drawn ones where the neighbours are many, but from its origin to all', async () => {
    const leaves = Object.fromEntries(
      Array.from({ length: 6 }, (_, index) => [`leaf${index}`, ['hub']]),
    )
    const { all, the, world } = startGossipScene({
      nodes: { hub: [], ...leaves },
      settings: { limits: { forwardToAllMax: 5, forwardToSome: 2 } },
    })
    const reports = [the('leaf0').publish('one')]
    world.advance(500)
    expect(all().map(({ deliveries }) => deliveries.length)).toContain(0)
    expect(all().reduce((sum, { deliveries }) => sum + deliveries.length, 0)).toBe(3)
    reports.push(the('hub').publish('two'))
    world.advance(500)
    expect((await Promise.all(reports)).map(({ queued }) => queued)).toEqual([1, 6])
  })

  test('of a node without a neighbour is queued for nobody', async () => {
    const { the, world } = startGossipScene({ nodes: { n1: [] } })
    const published = the('n1').publish('anybody?')
    world.advance(100)
    expect(await published).toMatchObject({ queued: 0, dropped: 0 })
  })

  test('leaves nothing behind when its node stops', async () => {
    const { the, world } = startGossipScene({ nodes: line(2) })
    the('n2').supervisor.validate('news', () => new Promise(() => undefined))
    void the('n1').publish('one')
    world.advance(100)
    expect(the('n2').supervisor.audit()).toMatchObject({ handled: 1 })
    const stopped = the('n2').supervisor.stop()
    world.advance(5_000)
    expect(await stopped).toEqual({ killed: [] })
    expect(the('n2').supervisor.audit()).toMatchObject(NOTHING_HELD)
  })
})

describe('publishing', () => {
  test.each([
    ['a payload above 64 KiB', 'news', new Uint8Array(65_537), undefined, 'bad-argument'],
    ['a topic above 128 bytes', 'é'.repeat(64) + '!', bytesOf('one'), undefined, 'bad-argument'],
    ['a kind that nobody serves', 'news', bytesOf('one'), 'parcel', 'unsupported'],
  ])('%s is refused', async (_, topic, payload, kind, code) => {
    const { the, world } = startGossipScene({ nodes: line(2) })
    const published = the('n1').supervisor.publish(
      topic,
      payload,
      kind === undefined ? {} : { kind },
    )
    const refused = expect(published).rejects.toMatchObject({ code })
    world.advance(100)
    await refused
    expect(the('n2').broadcasts).toEqual([])
  })

  test.each([
    ['a payload of 64 KiB', 'news', new Uint8Array(65_536)],
    ['a topic of 128 bytes', 'é'.repeat(64), bytesOf('one')],
    ['an empty payload, by the name of its kind', 'news', new Uint8Array(0)],
  ])('%s is not', async (_, topic, payload) => {
    const { the, world } = startGossipScene({ nodes: line(2) })
    const published = the('n1').supervisor.publish(topic, payload, { kind: 'broadcast' })
    world.advance(1_000)
    expect(await published).toMatchObject({ queued: 1 })
    expect(the('n2').broadcasts.map((got) => [got.topic, got.payload.length])).toEqual([
      [topic, payload.length],
    ])
    expect(the('n2').struck()).toEqual([])
  })

  test('more at once than is borne is refused as busy, and there is room again', async () => {
    const { the, world } = startGossipScene({
      nodes: line(2),
      settings: { limits: { pendingPublicationsMax: 2 } },
    })
    const first = ['one', 'two', 'three'].map((text) => the('n1').publish(text))
    const outcomes = Promise.allSettled(first)
    world.advance(500)
    expect((await outcomes).map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'rejected'],
    ])
    await expect(first[2]).rejects.toMatchObject({ code: 'busy' })
    void the('n1').publish('four')
    world.advance(500)
    expect(the('n2').received()).toEqual(['one', 'two', 'four'])
  })

  test('what was called off before it was sent does not leave', async () => {
    const { the, world } = startGossipScene({ nodes: line(2) })
    const calling = new AbortController()
    const published = the('n1').supervisor.publish('news', bytesOf('one'), {
      signal: calling.signal,
    })
    calling.abort()
    await expect(published).rejects.toMatchObject({ code: 'aborted' })
    void the('n1').publish('two')
    world.advance(500)
    expect(the('n2').received()).toEqual(['two'])
    // The next one has its number at once, and is being signed.
    const late = new AbortController()
    const three = the('n1').supervisor.publish('news', bytesOf('three'), { signal: late.signal })
    late.abort()
    await expect(three).rejects.toMatchObject({ code: 'aborted' })
    world.advance(500)
    expect(the('n2').received()).toEqual(['two'])
  })

  test('goes on with higher numbers after a restart, though its clock was set back', async () => {
    const { hosts, the, world } = startGossipScene({ nodes: { n1: [] } })
    const earlier = startGossipNode(
      { ...world, nodeWorld: (name, host) => world.nodeWorld(name, host, { wallAheadMs: 20_000 }) },
      ...(['n2', 'node', new Map([...hosts, ['n2', '10.0.0.2']]), ['n1']] as const),
    )
    world.advance(2_000)
    void earlier.publish('one')
    world.advance(500)
    world.kill('n2')
    const again = startGossipNode(world, 'n2', 'node', new Map([...hosts, ['n2', '10.0.0.2']]), [
      'n1',
    ])
    world.advance(2_000)
    const published = again.publish('two')
    world.advance(500)
    expect(await published).toMatchObject({ queued: 1 })
    expect(the('n1').lines()).toEqual(['one', 'two'])
    const [one, two] = the('n1').broadcasts
    expect((two?.timestampMs ?? 0n) < (one?.timestampMs ?? 0n)).toBe(true)
    expect((two?.sequence ?? 0n) > (one?.sequence ?? 0n)).toBe(true)
    expect(the('n1').notes()).toEqual([])
  })

  test('waits until the store has kept for which numbers it is, and says where it did not', async () => {
    const { the, hosts, world } = startGossipScene({ nodes: { n1: [] } })
    const store = simulatedMedium().store({ later: world.clock.queue.later, commits: 'asked' })
    const origin = startGossipNode(
      ...([world, 'n2', 'node', new Map([...hosts, ['n2', '10.0.0.2']]), ['n1']] as const),
      { store },
    )
    world.advance(2_000)
    const published = origin.publish('one')
    world.advance(1_000)
    expect(the('n1').lines()).toEqual([])
    store.commit()
    world.advance(100)
    expect(await published).toMatchObject({ queued: 1 })
    // There is room for many now: nothing is waited for.
    void origin.publish('two')
    world.advance(100)
    expect(the('n1').lines()).toEqual(['one', 'two'])
  })

  test('comes to nothing where the store did not keep the number', async () => {
    const { the, hosts, world } = startGossipScene({ nodes: { n1: [] } })
    const store = simulatedMedium().store({ later: world.clock.queue.later, commits: 'asked' })
    const origin = startGossipNode(
      ...([world, 'n2', 'node', new Map([...hosts, ['n2', '10.0.0.2']]), ['n1']] as const),
      { store, limits: { pendingPublicationsMax: 1 } },
    )
    world.advance(2_000)
    const published = expect(origin.publish('one')).rejects.toMatchObject({ code: 'store-failed' })
    world.settle()
    store.fail('no-space')
    world.advance(100)
    await published
    const next = expect(origin.publish('two')).rejects.toMatchObject({ code: 'store-failed' })
    world.advance(100)
    await next
    expect(the('n1').lines()).toEqual([])
  })
})

test('a slow reader loses broadcasts, nothing else, and holds no more than its lane', async () => {
  const { hosts, the, world } = startGossipScene({ nodes: line(2) })
  const { supervisor } = the('n1')
  const lane = 1024 * 1024
  const slow = startGossipNode(world, 'slow', 'node', new Map([...hosts, ['slow', '10.0.0.9']]), [
    'n1',
  ])
  world.advance(2_000)
  const lines: number[] = []
  // It never settles: what it holds comes back at its deadline.
  slow.supervisor.handle(
    'message',
    ({ message }) => {
      lines.push(message.payload[0] ?? 0)
      return new Promise(() => undefined)
    },
    { deadlineMs: 3_000 },
  )
  const send = (number: number) =>
    supervisor.send(slow.id, {
      type: 'message',
      protocol: 'test',
      payload: new Uint8Array(1024 * 1024).fill(number),
    })
  let sent = 0
  while (sent < 40 && send(sent) === 'queued') {
    sent++
    world.advance(10)
  }
  let dropped = 0
  for (let number = 0; number < 90; number++) {
    const published = supervisor.publish('news', new Uint8Array(65_000))
    world.advance(10)
    dropped += (await published).dropped
  }
  const unsent = supervisor.connections().find(({ identity }) => identity === slow.id)?.unsentBytes
  expect(dropped).toBeGreaterThan(0)
  expect(unsent ?? 0).toBeLessThan(16 * lane)
  expect(the('n2').deliveries).toHaveLength(90)
  world.advance(25_000)
  expect(slow.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  expect(slow.deliveries).toHaveLength(90 - dropped)
  expect(lines).toEqual(Array.from({ length: sent }, (_, number) => number))
})
