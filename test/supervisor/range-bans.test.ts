import { describe, expect, test } from 'vitest'
import { PeerloomError } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startListening } from '../support/knocking.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const HOUR_MS = 3_600_000

describe('a ban of a range', () => {
  test('closes whoever is in it, refuses them, and is lifted as it is listed', () => {
    const { alice, knock, world } = startListening()
    for (const host of ['10.0.1.2', '10.0.1.3', '10.0.2.2']) knock(host)
    alice.supervisor.ban('10.0.1.77/24', { why: 'because' })
    world.advance(1_500)
    const hosts = () => alice.supervisor.connections().map(({ address }) => address.split(':')[0])
    expect(hosts()).toEqual(['10.0.2.2'])
    expect(alice.eventsOf('peer.banned')).toMatchObject([{ subject: 'range 10.0.1.0/24' }])
    knock('10.0.1.9')
    expect(alice.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
    const [ban] = alice.supervisor.bans()
    expect(ban?.key).toEqual({ kind: 'range', range: '10.0.1.0/24' })
    alice.supervisor.unban('10.0.1.0/24')
    expect(alice.eventsOf('peer.unbanned')).toMatchObject([{ subject: 'range 10.0.1.0/24' }])
    knock('10.0.1.9')
    expect(hosts()).toEqual(['10.0.2.2', '10.0.1.9'])
  })

  test('outlives a restart', () => {
    const { alice, knock, start, world } = startListening()
    alice.supervisor.ban('10.0.1.0/24')
    world.advance(100)
    world.kill('alice')
    const again = start()
    world.advance(100)
    knock('10.0.1.2')
    knock('10.0.2.2')
    expect(again.eventsOf('connection.refused').map(({ why }) => why)).toEqual(['banned'])
    expect(again.supervisor.connections()).toHaveLength(1)
    expect(again.supervisor.bans()).toMatchObject([{ key: { range: '10.0.1.0/24' } }])
  })

  test('keeps its addresses from being dialled, also where a name leads to one, until it is over', () => {
    const names = { 'bob.example': ['10.0.1.2'] }
    const world = startVirtualWorld({ seed: 'ranges', names })
    for (const host of ['10.0.1.2', '10.0.1.3']) startNode(world, host, host, plain())
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    alice.supervisor.ban('10.0.1.0/24', { ms: HOUR_MS })
    for (const host of ['bob.example', '10.0.1.3']) {
      alice.supervisor.connect(`${host}:7001`).catch(() => undefined)
    }
    world.advance(HOUR_MS - 1_000)
    expect(alice.eventsOf('connection.active')).toEqual([])
    world.advance(120_000)
    expect(alice.supervisor.connections()).toHaveLength(2)
  })

  test('of one address is a ban of the address', () => {
    const { alice } = startListening()
    alice.supervisor.ban('10.0.1.2/32')
    alice.supervisor.ban('2001:db8::1/128')
    expect(alice.supervisor.bans().map(({ key }) => key)).toEqual([
      { kind: 'address', host: '10.0.1.2' },
      { kind: 'address', host: '2001:db8::1' },
    ])
  })

  test.each(['10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8/8'])('of %s is none', (subject) => {
    const { alice } = startListening()
    expect(() => {
      alice.supervisor.ban(subject)
    }).toThrow(PeerloomError)
    expect(alice.supervisor.bans()).toEqual([])
  })

  test('that is no range bans nobody, and is refused', () => {
    const { alice, knock } = startListening()
    knock('10.0.0.2')
    expect(() => {
      alice.supervisor.ban({ kind: 'range', range: '10.0.0.1/33' })
    }).toThrow(expect.objectContaining({ code: 'bad-argument' }) as Error)
    expect([alice.supervisor.bans(), alice.supervisor.connections().length]).toEqual([[], 1])
  })
})

describe('a ban of which nobody says how long it lasts', () => {
  test('is for good', () => {
    const { alice } = startListening()
    alice.supervisor.ban('10.0.0.2')
    expect(alice.supervisor.bans()).toMatchObject([{ untilMs: undefined }])
  })

  test('lasts as long as the network says, and for good where that is asked for', () => {
    const { alice } = startListening({ banMs: HOUR_MS })
    alice.supervisor.ban('10.0.0.2')
    alice.supervisor.ban('10.0.0.3', { ms: Infinity })
    alice.supervisor.ban('10.0.0.4', { ms: 5 })
    const lengths = alice.supervisor
      .bans()
      .map(({ sinceMs, untilMs }) => untilMs && untilMs - sinceMs)
    expect(lengths).toEqual([HOUR_MS, undefined, 5])
  })
})
