import { expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { record, replay } from '../../testing/recording.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import type { Seat } from '../../testing/testing.ts'
import { keyOf } from '../contracts/seats.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const idOf = (seat: Seat) => native({ network: 'test', privateKey: keyOf(seat) }).identity ?? ''
const listing = (allow: readonly string[]) =>
  native({ network: 'test', privateKey: keyOf('listener'), allow })

function startListing(allow: readonly string[]) {
  const world = startVirtualWorld({ seed: 'allow' })
  const alice = startNode(world, 'alice', '10.0.0.1', listing(allow))
  const bob = startNode(
    world,
    'bob',
    '10.0.0.2',
    native({ network: 'test', privateKey: keyOf('dialler') }),
  )
  const dial = () => {
    bob.supervisor.disconnect(`node://${idOf('listener')}@10.0.0.1:9946`)
    bob.supervisor.connect(`node://${idOf('listener')}@10.0.0.1:9946`).catch(() => undefined)
    world.advance(3_000)
  }
  const phases = () => alice.supervisor.connections().map(({ phase }) => phase)
  return { world, alice, bob, dial, phases }
}

test('E404 who is not listed is refused, and is let in right after he was added', () => {
  const { alice, bob, dial, phases } = startListing([])
  dial()
  expect(bob.eventsOf('connection.closed')).toMatchObject([{ detail: 'told-unknown-node' }])
  alice.supervisor.instruct({ type: 'allow', id: idOf('dialler') })
  dial()
  expect(phases()).toEqual(['active'])
})

test('E404 whose listing ends is left at once with Error 404, not charged, and not let in again', () => {
  const { alice, bob, dial, phases, world } = startListing([idOf('dialler')])
  dial()
  expect(phases()).toEqual(['active'])
  alice.supervisor.instruct({ type: 'disallow', id: idOf('dialler') })
  world.advance(2_000)
  expect(phases()).toEqual([])
  expect(bob.eventsOf('connection.closed')).toMatchObject([{ detail: 'told-unknown-node' }])
  expect(alice.eventsOf('peer.struck')).toEqual([])
  dial()
  expect(phases()).toEqual([])
})

test('without a list everybody stays', () => {
  const world = startVirtualWorld({ seed: 'allow' })
  const protocol = native({ network: 'test', privateKey: keyOf('listener') })
  const alice = startNode(world, 'alice', '10.0.0.1', protocol)
  const bob = startNode(
    world,
    'bob',
    '10.0.0.2',
    native({ network: 'test', privateKey: keyOf('dialler') }),
  )
  bob.supervisor.connect(`node://${idOf('listener')}@10.0.0.1:9946`).catch(() => undefined)
  world.advance(1_000)
  alice.supervisor.instruct({ type: 'disallow', id: idOf('dialler') })
  world.advance(1_000)
  expect(alice.supervisor.connections()).toHaveLength(1)
})

test('an instruction is an input: the run is repeated with it', () => {
  const world = startVirtualWorld({ seed: 'allow' })
  const crypto = chooseCrypto()
  const { datagrams, store, streams, ...rest } = world.nodeWorld('alice', '10.0.0.1', {
    crypto,
    random: seededRandom('alice'),
  })
  const alice = createSupervisor({
    ...{ name: 'alice', protocol: listing([idOf('dialler')]), transport: streams, store },
    listen: ['10.0.0.1:9946'],
    world: rest,
    ...(datagrams && { datagrams }),
  })
  const recording = record(alice.port, crypto)
  const bob = startNode(
    world,
    'bob',
    '10.0.0.2',
    native({ network: 'test', privateKey: keyOf('dialler') }),
  )
  void alice.start()
  world.settle()
  bob.supervisor.connect(`node://${idOf('listener')}@10.0.0.1:9946`).catch(() => undefined)
  world.advance(1_000)
  alice.instruct({ type: 'disallow', id: idOf('dialler') })
  world.advance(2_000)
  expect(alice.connections()).toEqual([])
  recording.stop()
  expect(
    replay(recording, {
      ...{ name: 'alice', protocol: listing([idOf('dialler')]), bootstrap: [], crypto },
      listen: [{ host: '10.0.0.1', port: 9946 }],
      limits: NODE_LIMITS,
      random: seededRandom('alice'),
    }),
  ).toBeUndefined()
})

test('a network that takes none says so', () => {
  const world = startVirtualWorld({ seed: 'allow' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
  expect(() => {
    supervisor.instruct(undefined as never)
  }).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error)
})
