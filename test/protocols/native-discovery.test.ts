import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../index.ts'
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
