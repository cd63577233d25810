import { describe, expect, test } from 'vitest'
import type { ChildTools, Protocol } from '../../index.ts'
import { discovery } from '../../actors/discovery.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { meeting } from '../support/rude.ts'

const keyOf = (number: number) => new Uint8Array(32).fill(number)
const protocolOf = (number: number) => native({ network: 'test', privateKey: keyOf(number) })
const hostOf = (number: number) => `10.0.0.${String(number)}`
const idOf = (number: number) => protocolOf(number).identity ?? ''
const addressOf = (number: number) => `node://${idOf(number)}@${hostOf(number)}:9946`

const startOne = (
  world: VirtualWorld,
  number: number,
  bootstrap: readonly string[],
  change: Partial<Protocol<NativeTypes>> = {},
) =>
  startNode(
    world,
    `node ${String(number)}`,
    hostOf(number),
    { ...protocolOf(number), ...change },
    {
      bootstrap,
    },
  )

const neighboursOf = ({ supervisor }: ReturnType<typeof startOne>) =>
  supervisor
    .connections()
    .flatMap(({ identity, phase }) =>
      phase === 'active' && identity !== undefined ? [identity] : [],
    )
    .sort()

const sayingAll = (messages: readonly NativeTypes['message'][]) =>
  meeting<NativeTypes>((send) => {
    for (const message of messages) send(message)
  })

describe('nodes that are told one address each', () => {
  const startMesh = () => {
    const world = startVirtualWorld({ seed: 'discovery' })
    const nodes = [1, 2, 3, 4, 5].map((number) => {
      const node = startOne(world, number, number === 1 ? [] : [addressOf(1)])
      world.advance(2_000)
      return node
    })
    world.advance(20_000)
    return { nodes, world }
  }

  test('find all the others', () => {
    const { nodes } = startMesh()
    nodes.forEach((node, index) => {
      const others = [1, 2, 3, 4, 5].filter((number) => number !== index + 1).map(idOf)
      expect(neighboursOf(node)).toEqual(others.sort())
    })
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'find all the others also when all start at once, seed %d',
    (seed) => {
      const world = startVirtualWorld({ seed: `at once ${String(seed)}` })
      const nodes = [1, 2, 3, 4, 5].map((number) =>
        startOne(world, number, number === 1 ? [] : [addressOf(1)]),
      )
      world.advance(20_000)
      nodes.forEach((node, index) => {
        const others = [1, 2, 3, 4, 5].filter((number) => number !== index + 1).map(idOf)
        expect(neighboursOf(node)).toEqual(others.sort())
      })
    },
  )

  test('come back from their own book when the address they were told is gone', () => {
    const { world } = startMesh()
    world.kill('node 1')
    world.kill('node 3')
    world.advance(5_000)
    const again = startOne(world, 3, [addressOf(1)])
    world.advance(60_000)
    expect(neighboursOf(again)).toEqual([idOf(2), idOf(4), idOf(5)].sort())
  })
})

describe('what a peer tells', () => {
  const entry = (number: number, host = hostOf(number), seenMs = 1_700_000_000_000n) => ({
    nodeId: protocolOf(number).identity === undefined ? new Uint8Array(32) : hex(idOf(number)),
    host,
    port: 9946,
    seenMs,
  })
  const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (one) => parseInt(one, 16))
  const bookedBy = (messages: readonly NativeTypes['message'][]) => {
    const world = startVirtualWorld({ seed: 'told' })
    const alice = startOne(world, 1, [], { slots: [{ name: 'inbound', role: 'listener', max: 9 }] })
    startOne(world, 2, [addressOf(1)], sayingAll(messages))
    world.advance(1_000)
    return { booked: alice.supervisor.audit().remembered['booked'], alice, world }
  }

  test('is kept', () => {
    expect(bookedBy([{ type: 'addresses', addresses: [entry(7), entry(8)] }]).booked).toBe(2)
  })

  test.each([
    ['our own', [entry(1)]],
    ['this machine, from afar', [entry(7, '127.0.0.1'), entry(8, 'localhost'), entry(9, '::1')]],
    ['no host', [entry(7, 'no host!'), entry(8, '1.2.3'), entry(9, '0.0.0.0')]],
    ['the host of somebody else, left out', [entry(7, '')]],
  ])('is not: %s', (_, addresses) => {
    expect(bookedBy([{ type: 'addresses', addresses }]).booked).toBe(0)
  })

  test('about itself may leave the host to us', () => {
    expect(bookedBy([{ type: 'addresses', addresses: [entry(2, '')] }]).booked).toBe(1)
  })

  test('is taken in at ten addresses at once and one a second, unless it was asked', () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      entry(7, `10.${String(1 + (index >> 8))}.${String(index & 255)}.1`),
    )
    const { booked } = bookedBy([{ type: 'addresses', addresses: many }])
    expect(booked).toBeGreaterThan(5)
    expect(booked).toBeLessThanOrEqual(10)
  })

  test('is not looked at where nothing more of it is taken in', () => {
    const world = startVirtualWorld({ seed: 'told too much' })
    let lists = 0
    const child = discovery<NativeTypes>(
      {
        asks: 'getAddresses',
        tells: 'addresses',
        ask: () => ({ type: 'getAddresses' }),
        tell: () => ({ type: 'addresses', addresses: [] }),
        announcement: () => undefined,
        addressesIn(message) {
          if (message.type !== 'addresses') return []
          lists++
          return message.addresses.map(({ host, port, seenMs }) => ({
            address: { id: idOf(7), host, port },
            seenMs: Number(seenMs),
          }))
        },
        keyOf: ({ host }) => host,
        identityOf: ({ id }) => id,
        mayTell: () => true,
      },
      NATIVE_LIMITS,
    )
    startOne(world, 1, [], { children: [child] })
    const list = Array.from({ length: 1_000 }, (_, index) => entry(7, `10.1.0.${index % 250}`))
    const lied = Array.from({ length: 100 }, () => ({
      type: 'addresses' as const,
      addresses: list,
    }))
    const liar = startOne(world, 2, [addressOf(1)], sayingAll(lied))
    world.advance(1_000)
    expect(liar.supervisor.connections()).toHaveLength(1)
    // The first one uses up all it has.
    expect(lists).toBe(1)
  })

  test('is told on to others when it is news', () => {
    const world = startVirtualWorld({ seed: 'news' })
    const nodes = [1, 2, 3, 4].map((number) =>
      startOne(world, number, number === 1 ? [] : [addressOf(1)]),
    )
    world.advance(10_000)
    startOne(world, 5, [addressOf(1)])
    world.advance(10_000)
    expect(nodes.map((node) => neighboursOf(node).includes(idOf(5)))).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  test('a second question on one connection is not answered', () => {
    const world = startVirtualWorld({ seed: 'asking' })
    const alice = startOne(world, 1, [])
    const ask = { type: 'getAddresses' } as const
    let answers = 0
    alice.supervisor.port.watch((observation) => {
      if (observation.of !== 'message' || observation.direction !== 'sent') return
      if (observation.type === 'addresses') answers++
    })
    startOne(world, 2, [addressOf(1)], sayingAll([ask, ask, ask]))
    world.advance(1_000)
    // Its announcement, and one answer.
    expect(answers).toBe(2)
  })
})

type Told = Extract<NativeTypes['message'], { readonly type: 'addresses' }>['addresses']

/** In place of the network's own sub-protocols: notes what it is told, and answers with what it is given. */
function scripted(answers: (wallMs: number) => readonly Told[] = () => []) {
  const told: string[] = []
  const start = (tools: ChildTools<NativeTypes>) => {
    tools.feed('addresses', ({ message }) => {
      told.push(...message.addresses.map(({ host, port }) => `${host}:${String(port)}`))
    })
    tools.feed('getAddresses', ({ peer: { connection } }) => {
      for (const addresses of answers(tools.wallMs())) {
        tools.send(connection, { type: 'addresses', addresses })
      }
    })
    return () => undefined
  }
  const child = { name: 'scripted', restart: 'temporary', keep: () => undefined, start } as const
  return { told, protocol: (number: number) => ({ ...protocolOf(number), children: [child] }) }
}

describe('a node that tells where it can be dialled', () => {
  /** What a neighbour at `from` is told by a node that listens at `hosts`. */
  const toldAt = (from: string, hosts: readonly string[]) => {
    const world = startVirtualWorld({ seed: 'announced' })
    const { protocol, told } = scripted()
    startNode(world, 'neighbour', from, protocol(2))
    const own = protocolOf(1)
    const listening = () => hosts.map((host) => ({ host, port: 9946 }))
    const children = (own.children ?? []).map((child) => ({
      ...child,
      start: (tools: ChildTools<NativeTypes>, kept: unknown) =>
        child.start({ ...tools, listening }, kept),
    }))
    const bootstrap = [`node://${idOf(2)}@${from}:9946`]
    startNode(world, 'own', '20.0.0.1', { ...own, children }, { bootstrap })
    world.advance(2_000)
    return told
  }

  test('tells an address of its site to its site, and to nobody farther away', () => {
    expect(toldAt('192.168.1.6', ['192.168.1.5'])).toEqual(['192.168.1.5:9946'])
    expect(toldAt('13.0.0.1', ['192.168.1.5'])).toEqual([])
  })

  test('tells the first of those that it listens at that leads to it from there', () => {
    const hosts = ['127.0.0.1', '192.168.1.5', '13.0.0.2', '13.0.0.3']
    expect(toldAt('13.0.0.1', hosts)).toEqual(['13.0.0.2:9946'])
    expect(toldAt('192.168.1.6', hosts)).toEqual(['192.168.1.5:9946'])
    expect(toldAt('127.0.0.1', hosts)).toEqual(['127.0.0.1:9946'])
  })

  test('leaves the host to whoever sees it, where it listens at all of its own', () => {
    expect(toldAt('13.0.0.1', ['127.0.0.1', '0.0.0.0', '13.0.0.2'])).toEqual([':9946'])
  })
})

describe('what a peer that was asked tells', () => {
  const nodeId = (number: number) => Uint8Array.from(Buffer.from(idOf(number), 'hex'))
  const entry = (number: number, host: string, seenMs: number) => ({
    ...{ nodeId: nodeId(number), host, port: 9946, seenMs: BigInt(seenMs) },
  })

  /** What two neighbours of a node are told, when it has dialled one that answers so. */
  const toldOn = (answers: (wallMs: number) => readonly Told[]) => {
    const world = startVirtualWorld({ seed: 'asked' })
    const node = startNode(world, 'node', '13.0.0.1', protocolOf(1))
    startNode(world, 'asked', '11.0.0.9', scripted(answers).protocol(2))
    const neighbours = [3, 4].map((number) => {
      const neighbour = scripted()
      const host = `1${String(number)}.0.0.7`
      const bootstrap = [addressAt(1, '13.0.0.1')]
      startNode(world, host, host, neighbour.protocol(number), { bootstrap })
      return neighbour
    })
    world.advance(3_000)
    for (const { told } of neighbours) told.length = 0
    node.supervisor.connect(addressAt(2, '11.0.0.9')).catch(() => undefined)
    world.advance(5_000)
    return neighbours.map(({ told }) => told)
  }
  const addressAt = (number: number, host: string) => `node://${idOf(number)}@${host}:9946`
  const THREE = ['12.0.0.1', '12.1.0.1', '12.2.0.1']
  const answerAt = (wallMs: number) => THREE.map((host, index) => entry(7 + index, host, wallMs))
  /** Another one than it was dialled at, which the node has of nobody. */
  const ownAt = (wallMs: number) => [entry(2, '11.0.0.10', wallMs)]

  test('of itself is news, and what it answers behind that is none', () => {
    const told = toldOn((wallMs) => [ownAt(wallMs), answerAt(wallMs)])
    expect(told).toEqual([['11.0.0.10:9946'], ['11.0.0.10:9946']])
  })

  test('beyond its answer is news', () => {
    const told = toldOn((wallMs) => [[], answerAt(wallMs)])
    for (const places of told)
      expect(places.toSorted()).toEqual(THREE.map((host) => `${host}:9946`))
  })
})
