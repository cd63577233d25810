import { describe, expect, test } from 'vitest'
import { WireError } from '../../index.ts'
import type { Protocol } from '../../index.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { HELLO, RUBBISH, startListening } from '../support/knocking.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const SHARED = '10.0.8.1'
const { count } = plain().strikes
const TWICE = Uint8Array.of(...HELLO, ...HELLO)
/** Said in place of a handshake: a frame without a type. */
const NO_TYPE = new Uint8Array(2)

const sharing = (change: Partial<Protocol<PlainTypes>> = {}): Partial<Protocol<PlainTypes>> => ({
  addresses: { ...plain().addresses, isShared: (host) => host === SHARED },
  ...change,
})

describe('a host that the network says many share', () => {
  test('is not struck, and not banned, for what one of them says', () => {
    const { alice, knock, world } = startListening(sharing())
    knock(SHARED)
    for (let strike = 0; strike < 2 * count; strike++) {
      knock(SHARED, RUBBISH)
      world.advance(1_500)
    }
    const details = alice.eventsOf('connection.closed').map(({ detail }) => detail)
    expect(details).toEqual(Array.from({ length: 2 * count }, () => 'too-large'))
    expect([alice.eventsOf('peer.struck'), alice.supervisor.bans()]).toEqual([[], []])
    knock(SHARED)
    expect(alice.supervisor.connections()).toHaveLength(2)
  })

  test('is banned by hand, and not discouraged', () => {
    const { alice, knock, world } = startListening(
      sharing({
        details: {
          ...plain().details,
          'hello-twice': { reason: 'peer-fault', verdict: { do: 'discourage' } },
        },
      }),
    )
    knock(SHARED)
    knock(SHARED, TWICE)
    world.advance(1_500)
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['hello-twice'])
    expect(alice.supervisor.audit().remembered['discouraged']).toBe(0)
    alice.supervisor.ban(SHARED)
    world.advance(1_500)
    expect(alice.supervisor.connections()).toEqual([])
    knock(SHARED)
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
  })

  test('has the limits of one address', () => {
    const { admission } = plain()
    const { alice, knock } = startListening(
      sharing({ admission: { ...admission, inboundPerGroup: 2 } }),
    )
    for (let knocks = 0; knocks < 3; knocks++) knock(SHARED)
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['group-full'])
  })
})

test('a ban of an address that strangers earned does not end who has proven who he is; one by hand does', () => {
  const world = startVirtualWorld({ seed: 'proven' })
  const [host, ports] = ['10.0.0.1', [7002, 7003]]
  const alice = startNode(world, 'alice', host, keyed(new Uint8Array(32).fill(1)), {
    listen: ports.map((port) => `${host}:${String(port)}`),
  })
  const honest = keyed(new Uint8Array(32).fill(2))
  // At the second port it is a stranger of the same address.
  const bob = startNode(world, 'bob', '10.0.0.2', {
    ...honest,
    wire: (setup) =>
      honest.wire({
        ...setup,
        out: (bytes) => {
          setup.out(setup.target?.port === 7002 ? bytes : NO_TYPE)
        },
      }),
  })
  for (const port of ports) {
    bob.supervisor.connect(`${host}:${String(port)}`).catch(() => undefined)
    world.advance(20_000)
  }
  expect(alice.eventsOf('peer.banned')).toMatchObject([{ subject: 'address 10.0.0.2' }])
  const phases = () => alice.supervisor.connections().map(({ phase }) => phase)
  expect(phases()).toEqual(['active'])
  alice.supervisor.ban('10.0.0.2')
  world.advance(1_500)
  expect(phases()).toEqual([])
})

test.each([
  ['a strike too many', { do: 'strike', whom: 'address' }, 'banned'],
  ['a ban', { do: 'ban', whom: 'address', ms: 60_000 }, 'banned'],
  ['discouragement', { do: 'discourage' }, 'discouraged'],
] as const)(
  'who has earned %s of his address himself is left, also if proven',
  (_, verdict, why) => {
    const world = startVirtualWorld({ seed: 'earned' })
    const strict = keyed(new Uint8Array(32).fill(1))
    const alice = startNode(world, 'alice', '10.0.0.1', {
      ...strict,
      details: { ...strict.details, 'bad-frame': { reason: 'peer-fault', verdict } },
      wire(setup) {
        const wire = strict.wire(setup)
        return {
          ...wire,
          get bufferedBytes() {
            return wire.bufferedBytes
          },
          // The stream goes on behind a note.
          read() {
            const read = wire.read()
            if (read.kind !== 'message' || read.message.type !== 'note') return read
            const error = new WireError('skip', 'bad-frame')
            return { kind: 'refused', error, bytesOnWire: read.bytesOnWire }
          },
        }
      },
    })
    const bob = startNode(world, 'bob', '10.0.0.2', keyed(new Uint8Array(32).fill(2)))
    bob.supervisor.connect('10.0.0.1:7002').catch(() => undefined)
    world.advance(1_000)
    const [connection] = bob.supervisor.connections()
    for (let note = 0; note < count; note++) {
      bob.supervisor.send(connection?.name ?? '', { type: 'note', payload: new Uint8Array(1) })
      world.advance(500)
    }
    expect(alice.eventsOf('connection.closed')).toMatchObject([{ detail: why }])
  },
)
