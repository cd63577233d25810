import { describe, expect, test } from 'vitest'
import { PeerloomError } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeOptions } from '../../protocols/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { coalesced, drawnChunks, oneByte } from '../../transport/memory/chunking.ts'
import { seededRandom } from '../../transport/random.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'

const crypto = chooseCrypto()
const keyOf = (name: string) => crypto.sha256(new TextEncoder().encode(`key of ${name}`))
const protocolOf = (name: string, options: Partial<NativeOptions> = {}) =>
  native({ network: 'test/one', privateKey: keyOf(name), ...options })
const addressOf = (name: string, host: string) =>
  `node://${protocolOf(name).identity ?? ''}@${host}:9946`

const ALICE = addressOf('alice', '10.0.0.1')
const BOB = addressOf('bob', '10.0.0.2')
const text = (payload: Uint8Array) => new TextDecoder().decode(payload)
const message = (line: string) => ({
  type: 'message' as const,
  protocol: 'test/line',
  payload: new TextEncoder().encode(line),
})

interface Sides {
  readonly alice?: Partial<NativeOptions>
  readonly bob?: Partial<NativeOptions>
  /** Whom bob dials from the start. */
  readonly dialled?: string | undefined
}

function startSides({ alice = {}, bob = {}, ...rest }: Sides = {}) {
  const world = startVirtualWorld({ seed: 'native' })
  const dialled = 'dialled' in rest ? rest.dialled : ALICE
  const nodes = {
    alice: startNode(world, 'alice', '10.0.0.1', protocolOf('alice', alice)),
    bob: startNode(world, 'bob', '10.0.0.2', protocolOf('bob', bob), {
      bootstrap: dialled === undefined ? [] : [dialled],
    }),
  }
  const phases = (side: 'alice' | 'bob') =>
    nodes[side].supervisor.connections().map(({ phase }) => phase)
  const detailsOf = (side: 'alice' | 'bob') =>
    nodes[side].eventsOf('connection.closed').map(({ detail }) => detail)
  return { world, ...nodes, phases, detailsOf }
}

describe.each([
  ['as written', undefined],
  ['one byte at a time', oneByte],
  ['all at once', coalesced],
  ['in drawn chunks', drawnChunks(seededRandom('chunks'), 100)],
])('delivered %s', (_, chunking) => {
  test('two nodes know each other, and lines arrive in order, both ways', () => {
    const { world, alice, bob } = startSides()
    if (chunking !== undefined) world.network.setChunking(chunking)
    world.advance(1_000)
    const lines: Record<string, string[]> = { alice: [], bob: [] }
    for (const [name, { supervisor }] of Object.entries({ alice, bob })) {
      supervisor.messages('message').subscribe(({ message: got, peer }) => {
        lines[name]?.push(`${peer.identity?.slice(0, 4) ?? ''} ${text(got.payload)}`)
      })
    }
    const [aliceId, bobId] = [protocolOf('alice').identity ?? '', protocolOf('bob').identity ?? '']
    for (let number = 0; number < 50; number++) {
      expect(bob.supervisor.send(aliceId, message(`to alice ${number}`))).toBe('queued')
      expect(alice.supervisor.send(bobId, message(`to bob ${number}`))).toBe('queued')
    }
    world.advance(1_000)
    const expected = (from: string, to: string) =>
      Array.from({ length: 50 }, (__, number) => `${from.slice(0, 4)} to ${to} ${number}`)
    expect(lines).toEqual({ alice: expected(bobId, 'alice'), bob: expected(aliceId, 'bob') })
  })
})

describe('a session does not come about', () => {
  test.each<[string, Sides]>([
    ['with another network', { bob: { network: 'test/other' } }],
    ['with another node than was dialled', { dialled: addressOf('carol', '10.0.0.1') }],
    ['with a node that is not on the allow list', { alice: { allow: [] } }],
  ])('%s', (_, sides) => {
    const { world, alice, bob, phases, detailsOf } = startSides(sides)
    world.advance(5_000)
    expect(phases('bob')).toEqual([])
    expect(alice.eventsOf('connection.active')).toEqual([])
    expect(detailsOf('alice').length).toBeGreaterThan(0)
    expect(detailsOf('alice').length).toBe(detailsOf('bob').length)
    expect([...alice.eventsOf('fault'), ...bob.eventsOf('fault')]).toEqual([])
  })
})

test('of two dials at once one session is left, the same on both sides', async () => {
  const { world, alice, bob } = startSides({ dialled: undefined })
  const connected = [alice.supervisor.connect(BOB), bob.supervisor.connect(ALICE)]
  world.advance(20_000)
  expect(await Promise.all(connected)).toHaveLength(2)
  const [one, ...none] = alice.supervisor.connections()
  const [other, ...noneEither] = bob.supervisor.connections()
  expect([none, noneEither]).toEqual([[], []])
  expect([one?.phase, other?.phase]).toEqual(['active', 'active'])
  expect(one?.role).not.toBe(other?.role)
  // The initiator with the smaller id stays.
  const aliceIsSmaller = (protocolOf('alice').identity ?? '') < (protocolOf('bob').identity ?? '')
  expect(one?.role).toBe(aliceIsSmaller ? 'dialler' : 'listener')
})

test('a message that is too large is refused where it is sent', () => {
  const { world, bob } = startSides()
  world.advance(1_000)
  const [connection] = bob.supervisor.connections()
  const payload = new Uint8Array(1_048_577)
  const send = () =>
    bob.supervisor.send(connection?.name ?? '', { type: 'message', protocol: 'test', payload })
  expect(send).toThrow(PeerloomError)
  world.advance(1_000)
  expect(bob.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
})

test('a node that was killed is known again by its key', () => {
  const { world, bob, phases } = startSides()
  world.advance(1_000)
  world.kill('alice')
  world.advance(100)
  expect(bob.eventsOf('connection.closed')).toHaveLength(1)
  startNode(world, 'alice', '10.0.0.1', protocolOf('alice'))
  world.advance(10_000)
  expect(phases('bob')).toEqual(['active'])
})

test('stop leaves nothing behind on either side', async () => {
  const { world, alice, bob } = startSides()
  world.advance(1_000)
  const stopped = Promise.all([alice.supervisor.stop(), bob.supervisor.stop()])
  world.advance(5_000)
  expect(await stopped).toEqual([{ killed: [] }, { killed: [] }])
  for (const { supervisor } of [alice, bob]) expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
})
