import { describe, expect, test } from 'vitest'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import { addressOf, short, startItemNode } from './native-items-support.ts'
import type { ItemNode } from './native-items-support.ts'

const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'] as const
const nameOf = (index: number) => `node${index}`
const addressAt = (index: number) => addressOf(nameOf(index), HOSTS[index] ?? '')

/** Each dials all before it. */
function startMesh(world: VirtualWorld, count: number): ItemNode[] {
  const nodes = HOSTS.slice(0, count).map((host, index) =>
    startItemNode(world, nameOf(index), host, {
      bootstrap: HOSTS.slice(0, index).map((_, other) => addressAt(other)),
    }),
  )
  world.advance(3_000)
  return nodes
}

const lines = (origin: string, count: number, text: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => `${short(origin)} ${number} ${text(number)}`)

describe('flooded', () => {
  test('an item reaches every node of a mesh, each once, and not its origin', async () => {
    const world = startVirtualWorld({ seed: 'mesh' })
    const nodes = startMesh(world, 5)
    const published = nodes[0]?.publish('hello')
    world.advance(1_000)
    expect(await published).toMatchObject({ queued: 4, dropped: 0 })
    expect(nodes.map((node) => node.lines())).toEqual([
      [],
      ...Array.from({ length: 4 }, () => [`${short('node0')} 0 hello`]),
    ])
    expect(nodes.slice(1).map(({ deliveries }) => deliveries[0]?.by)).toEqual(
      Array.from({ length: 4 }, () => 'gossip'),
    )
    world.advance(30_000)
    expect(nodes.slice(1).map(({ deliveries }) => deliveries.length)).toEqual([1, 1, 1, 1])
  })

  test('it passes along a chain, and no further than its hops', () => {
    const world = startVirtualWorld({ seed: 'chain' })
    const nodes = HOSTS.map((host, index) =>
      startItemNode(world, nameOf(index), host, {
        bootstrap: index === 0 ? [] : [addressAt(index - 1)],
        limits: { hops: 2, locatorEveryMs: 60_000 },
      }),
    )
    world.advance(3_000)
    void nodes[0]?.publish('hello')
    world.advance(1_000)
    expect(nodes.map(({ deliveries }) => deliveries.map(({ by }) => by))).toEqual([
      [],
      ['gossip'],
      ['gossip'],
      ['gossip'],
      [],
    ])
    world.advance(130_000)
    expect(nodes[4]?.deliveries.map(({ by }) => by)).toEqual(['sync'])
  })

  test('items of one origin are numbered in the order in which they were published', async () => {
    const world = startVirtualWorld({ seed: 'order' })
    const [one, other] = startMesh(world, 2)
    if (one === undefined) throw new Error('no mesh')
    const reports = Promise.all(
      Array.from({ length: 50 }, (_, number) => one.publish(`item ${number}`)),
    )
    world.advance(1_000)
    expect(new Set((await reports).map(({ id }) => id)).size).toBe(50)
    expect(other?.lines()).toEqual(lines('node0', 50, (number) => `item ${number}`))
  })
})

describe('synchronised', () => {
  test('who comes late gets everything, once', () => {
    const world = startVirtualWorld({ seed: 'late' })
    const [one, two] = startMesh(world, 2)
    for (let number = 0; number < 1_000; number++) {
      void (number % 2 === 0 ? one : two)?.publish(`item ${number}`)
      if (number % 100 === 99) world.advance(5_000)
    }
    world.advance(20_000)
    const late = startItemNode(world, 'node2', HOSTS[2], {
      bootstrap: [addressAt(0), addressAt(1)],
    })
    world.advance(20_000)
    const all = [
      ...lines('node0', 500, (number) => `item ${number * 2}`),
      ...lines('node1', 500, (number) => `item ${number * 2 + 1}`),
    ]
    expect(late.lines().toSorted()).toEqual(all.toSorted())
    expect(new Set(late.deliveries.map(({ by }) => by))).toEqual(new Set(['sync']))
  })

  test('what a neighbour sends too fast is dropped, and asked for', () => {
    const world = startVirtualWorld({ seed: 'fast' })
    const [one, other] = startMesh(world, 2)
    for (let number = 0; number < 200; number++) void one?.publish(`item ${number}`)
    world.advance(20_000)
    const by = other?.deliveries.map((delivery) => delivery.by) ?? []
    expect(by.filter((way) => way === 'gossip')).toHaveLength(100)
    expect(by.filter((way) => way === 'sync')).toHaveLength(100)
    expect(other?.lines()).toEqual(lines('node0', 200, (number) => `item ${number}`))
  })

  test('who was dead gets what it missed, and nothing twice over both lives', () => {
    const world = startVirtualWorld({ seed: 'dead' })
    const [one, two] = startMesh(world, 2)
    const options = { bootstrap: [addressAt(0), addressAt(1)] }
    const first = startItemNode(world, 'node2', HOSTS[2], options)
    world.advance(3_000)
    for (let number = 0; number < 40; number++) void one?.publish(`item ${number}`)
    // In the middle of it.
    world.runUntil(() => first.deliveries.length >= 17, { withinMs: 5_000 })
    world.kill('node2')
    for (let number = 40; number < 60; number++) void one?.publish(`item ${number}`)
    world.advance(10_000)
    const second = startItemNode(world, 'node2', HOSTS[2], options)
    world.advance(20_000)
    const both = [...first.lines(), ...second.lines()]
    expect(first.lines().length).toBeGreaterThanOrEqual(17)
    expect(both.toSorted()).toEqual(lines('node0', 60, (number) => `item ${number}`).toSorted())
    expect(two?.deliveries).toHaveLength(60)
    expect(second.notes('items-unreadable')).toEqual([])
  })

  test('a late one asks several neighbours at once, each for other numbers', () => {
    const world = startVirtualWorld({ seed: 'spread' })
    const nodes = startMesh(world, 4)
    for (let number = 0; number < 400; number++) {
      void nodes[0]?.publish(`item ${number}`)
      if (number % 100 === 99) world.advance(10_000)
    }
    world.advance(10_000)
    const givers = new Map<string, bigint[]>()
    const late = startItemNode(world, 'node4', HOSTS[4], {
      bootstrap: [0, 1, 2, 3].map(addressAt),
      limits: { rangeItemsMax: 20 },
      before(supervisor) {
        supervisor.messages('item').subscribe(({ message, peer }) => {
          const numbers = givers.get(peer.connection) ?? []
          givers.set(peer.connection, [...numbers, message.number])
        })
      },
    })
    world.advance(20_000)
    expect(late.deliveries).toHaveLength(400)
    expect(givers.size).toBe(4)
    const came = [...givers.values()].flat()
    expect(came).toHaveLength(400)
    expect(new Set(came).size).toBe(400)
  })
})
