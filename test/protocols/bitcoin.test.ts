import { describe, expect, test } from 'vitest'
import { bitcoin } from '../../protocols/bitcoin.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { regtest } from './bitcoin-support.ts'
import type { SpokenTransports } from '../../codec/bitcoin/wire.ts'

function startTwo(dialler: SpokenTransports = 'both', listener: SpokenTransports = 'both') {
  const world = startVirtualWorld({ seed: 'bitcoin' })
  const bob = startNode(world, 'bob', '10.0.0.2', regtest({ transport: listener }))
  const alice = startNode(world, 'alice', '10.0.0.1', regtest({ transport: dialler }))
  alice.supervisor.connect('10.0.0.2:18444').catch(() => undefined)
  world.advance(1_000)
  const facts = (node: typeof alice) => node.supervisor.connections().map((one) => one.facts)
  return { alice, bob, facts, world }
}

describe('two nodes', () => {
  test('that speak v2 have one session id, and know what the other one said', () => {
    const { alice, bob, facts } = startTwo()
    const [ours] = facts(alice)
    const [theirs] = facts(bob)
    expect(ours).toMatchObject({
      transport: 'v2',
      peer: {
        ...{ protocolVersion: 70_017, commonVersion: 70_017, services: 0x800n, relay: true },
        ...{ userAgent: '/Peerloom:0.1.0/', height: 0, wtxidRelay: true, wantsAddrV2: true },
      },
    })
    expect(theirs).toMatchObject({ transport: 'v2' })
    expect((ours as { sessionId: string }).sessionId).toMatch(/^[0-9a-f]{64}$/)
    expect((theirs as { sessionId: string }).sessionId).toBe(
      (ours as { sessionId: string }).sessionId,
    )
  })

  test.for([
    ['v1', 'both', 'v1'],
    ['v1', 'v1', 'v1'],
    ['both', 'v1', 'v1'],
    ['v2', 'both', 'v2'],
  ] as const)(
    'that dials with %s to one that speaks %s speak %s',
    ([dialler, listener, spoken]) => {
      const { alice, bob, facts } = startTwo(dialler, listener)
      expect(facts(alice)).toMatchObject([{ transport: spoken }])
      expect(facts(bob)).toMatchObject([{ transport: spoken }])
    },
  )
})

test('a peer is told of the address at which others found us', () => {
  const world = startVirtualWorld({ seed: 'votes' })
  const protocol = bitcoin({ externalAddresses: ['20.1.1.1', '20.1.1.2'] })
  startNode(world, 'alice', '20.1.1.2', protocol)
  const bob = startNode(world, 'bob', '30.1.1.1', bitcoin({ connectOnly: true }))
  const told: number[][] = []
  bob.supervisor.messages('addrv2').subscribe(({ message }) => {
    told.push(...message.entries.map(({ address }) => [...address.bytes]))
  })
  bob.supervisor.connect('20.1.1.2:8333').catch(() => undefined)
  world.advance(120_000)
  expect(told[0]).toEqual([20, 1, 1, 2])
})
