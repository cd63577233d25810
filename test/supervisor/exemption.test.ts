import { describe, expect, test } from 'vitest'
import type { PeerPlace } from '../../actors/protocol.ts'
import type { Protocol } from '../../index.ts'
import { CORE_LIMITS } from '../../index.ts'
import { asksNothing } from '../contracts/fits/common.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { HELLO, ONE_SLOT, RUBBISH, startListening } from '../support/knocking.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const VIP = '10.0.9.1'
const isVip = ({ remote }: PeerPlace): boolean => remote.host === VIP

const exempting = (
  isExempt: (place: PeerPlace) => boolean = isVip,
  change: Partial<Protocol<PlainTypes>> = {},
): Partial<Protocol<PlainTypes>> => ({
  node: () => ({ ...asksNothing(), isExempt }),
  ...change,
})

const DISCOURAGING: Partial<Protocol<PlainTypes>> = {
  details: {
    ...plain().details,
    'hello-twice': { reason: 'peer-fault', verdict: { do: 'discourage' } },
  },
}
const TWICE = Uint8Array.of(...HELLO, ...HELLO)

describe('whom the network exempts', () => {
  test('is asked for with what is known of its place', () => {
    const places: PeerPlace[] = []
    const { knock } = startListening(
      exempting((place) => {
        places.push(place)
        return false
      }),
    )
    knock(VIP)
    expect(places[0]).toMatchObject({
      ...{ role: 'listener', remote: { host: VIP }, isWanted: false },
      local: { host: '10.0.0.1', port: 7001 },
    })
  })

  test('is let in though its address or range is banned, and stays where others go', () => {
    const { alice, knock, world } = startListening(exempting())
    alice.supervisor.ban(VIP)
    knock(VIP)
    knock('10.0.9.2')
    alice.supervisor.ban('10.0.0.0/8')
    world.advance(2_000)
    knock(VIP)
    const addresses = alice.supervisor.connections().map(({ address }) => address.split(':')[0])
    expect(addresses).toEqual([VIP, VIP])
    knock('10.0.9.3')
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
  })

  test('is disconnected for what it does, and struck and banned for nothing', () => {
    const { alice, knock, world } = startListening(exempting())
    for (let strike = 0; strike < 2 * plain().strikes.count; strike++) {
      knock(VIP, RUBBISH)
      world.advance(1_500)
    }
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toContain('too-large')
    expect(alice.eventsOf('connection.closed')).toHaveLength(2 * plain().strikes.count)
    expect([alice.eventsOf('peer.struck'), alice.eventsOf('peer.banned')]).toEqual([[], []])
    knock(VIP)
    expect(alice.supervisor.connections()).toHaveLength(1)
  })

  test('is not discouraged, and loses one connection alone', () => {
    const { alice, knock, world } = startListening(exempting(isVip, DISCOURAGING))
    knock(VIP)
    knock(VIP, TWICE)
    world.advance(1_500)
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['hello-twice'])
    expect(alice.supervisor.audit().remembered['discouraged']).toBe(0)
  })

  test('keeps its connection where somebody else at its address is discouraged or banned', () => {
    // By its port: the first that comes from there.
    let vipPort: number | undefined
    const isFirst = ({ remote }: PeerPlace): boolean => remote.port === (vipPort ??= remote.port)
    const { alice, knock, world } = startListening(exempting(isFirst, DISCOURAGING))
    knock(VIP)
    knock(VIP)
    knock(VIP, TWICE)
    world.advance(1_500)
    const details = alice.eventsOf('connection.closed').map(({ detail }) => detail)
    expect(details.toSorted()).toEqual(['discouraged', 'hello-twice'])
    alice.supervisor.ban(VIP)
    world.advance(1_500)
    expect(alice.supervisor.connections()).toHaveLength(1)
  })

  test('is shown to nobody who chooses whom to give up', () => {
    const shown: string[] = []
    const { alice, knock } = startListening({
      ...ONE_SLOT,
      node: () => ({
        ...asksNothing(),
        isExempt: isVip,
        evict(candidates) {
          shown.push(...candidates.map(({ group }) => group))
          return candidates[0]?.name
        },
      }),
    })
    knock(VIP)
    knock('10.0.0.3')
    expect(shown).toEqual([])
    expect(alice.eventsOf('connection.refused')).toMatchObject([{ why: 'slots-full' }])
    expect(alice.eventsOf('connection.closed')).toEqual([])
  })

  test('is displaced by nobody while it is pending', () => {
    const { alice, knock, world } = startListening(
      exempting(isVip, { admission: { ...plain().admission, pendingInbound: 1 } }),
    )
    knock(VIP, new Uint8Array(0))
    world.advance(CORE_LIMITS.displaceAfterMs)
    knock('10.0.0.3')
    expect(alice.eventsOf('connection.refused')).toMatchObject([{ why: 'pending-full' }])
    expect(alice.supervisor.connections()).toHaveLength(1)
  })

  test('is dialled though it is banned, also by its name, if the application wants it', () => {
    const names = { 'vip.example': [VIP] }
    const world = startVirtualWorld({ seed: 'exempt', names })
    startNode(world, 'vip', VIP, plain())
    const wanted = exempting((place) => isVip(place) && place.isWanted)
    const alice = startNode(world, 'alice', '10.0.0.1', { ...plain(), ...wanted })
    alice.supervisor.ban('10.0.0.0/8')
    for (const host of [VIP, 'vip.example', '10.0.9.2']) {
      alice.supervisor.connect(`${host}:7001`).catch(() => undefined)
    }
    world.advance(30_000)
    const started = alice.eventsOf('connection.started').map(({ address }) => address)
    expect(started.toSorted()).toEqual([`${VIP}:7001`, 'vip.example:7001'])
    expect(alice.supervisor.connections().map(({ phase }) => phase)).toEqual(['active', 'active'])
  })

  test('is nobody where the part that says so throws: the node goes on, and tells it', () => {
    const { alice, knock, world } = startListening(
      exempting(() => {
        throw new Error('made to fail')
      }),
    )
    alice.supervisor.ban('10.0.9.2')
    for (const host of [VIP, '10.0.9.2']) knock(host)
    world.advance(1_500)
    expect(alice.eventsOf('fault')[0]).toMatchObject({ where: 'exemption' })
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
  })
})
