import { describe, expect, test } from 'vitest'
import { DNS_SEEDS } from '../../codec/bitcoin/dns-seeds.ts'
import { ONION } from './bitcoin-addresses-support.ts'
import { placeOf, serving, startOpeningWorld } from './bitcoin-opening-support.ts'

const HOUR_MS = 3_600_000
const BOB = '20.1.0.1'
const CAROL = '20.2.0.1'
const OURS = placeOf('9.9.9.9')

/** Alice, and two who want to be connected with her. */
function startThree() {
  const { startAlice, startPeer, world } = startOpeningWorld({ seed: 'bans' })
  const start = () => startAlice({ connectOnly: true })
  const alice = start()
  const come = (host: string) => {
    const peer = startPeer(host, serving())
    peer.supervisor.connect(OURS).catch(() => undefined)
    return peer
  }
  come(BOB)
  come(CAROL)
  world.advance(1_000)
  const hostsOf = (node: ReturnType<typeof start>): readonly string[] =>
    node.supervisor
      .connections()
      .filter(({ phase }) => phase === 'active')
      .map(({ address }) => address.split(':')[0] ?? '')
      .toSorted()
  const refusalsOf = (node: ReturnType<typeof start>) =>
    node.eventsOf('connection.refused').map(({ remote, why }) => `${remote.host} ${why}`)
  return { alice, come, hostsOf, refusalsOf, start, startPeer, world }
}

describe('an operator', () => {
  test('p2p_disconnect_ban: setban/listbanned semantics', () => {
    const { alice, hostsOf, world } = startThree()
    expect(hostsOf(alice)).toEqual([BOB, CAROL])
    alice.supervisor.ban(BOB, { why: 'because' })
    world.advance(60_000)
    expect(hostsOf(alice)).toEqual([CAROL])
    expect(alice.supervisor.bans()).toMatchObject([{ key: { kind: 'address', host: BOB } }])
    alice.supervisor.unban(BOB)
    world.advance(120_000)
    expect(alice.supervisor.bans()).toEqual([])
    expect(hostsOf(alice)).toEqual([BOB, CAROL])
    // A service's name that is mistyped is no identity: nobody has one here, and it would cover nobody.
    const mistyped = [`x${ONION.slice(1)}`, 'expyuzz4wqqyqhjn.onion']
    // The last ones are read as addresses by some.
    const numbers = ['20.1.1', '20.1.001.001', '0x14010101']
    for (const wrong of ['no address at all', 'bob_', ...mistyped, ...numbers]) {
      expect(() => {
        alice.supervisor.ban(wrong)
      }).toThrow(/is no address, no IP address and no identity/)
    }
    expect(alice.supervisor.bans()).toEqual([])
  })

  test('a ban by its key covers the host in whatever form it is written', () => {
    const { alice, hostsOf, world } = startThree()
    alice.supervisor.ban({ kind: 'address', host: `::FFFF:${BOB}` })
    world.advance(60_000)
    expect(hostsOf(alice)).toEqual([CAROL])
    expect(alice.supervisor.bans()).toMatchObject([{ key: { kind: 'address', host: BOB } }])
    alice.supervisor.unban({ kind: 'address', host: `::ffff:${BOB}` })
    world.advance(120_000)
    expect(hostsOf(alice)).toEqual([BOB, CAROL])
  })

  test('p2p_disconnect_ban: expiry', () => {
    const { alice, hostsOf, world } = startThree()
    alice.supervisor.ban(BOB, { ms: HOUR_MS })
    world.advance(HOUR_MS - 1_000)
    expect(hostsOf(alice)).toEqual([CAROL])
    world.advance(180_000)
    expect(alice.supervisor.bans()).toEqual([])
    expect(hostsOf(alice)).toEqual([BOB, CAROL])
  })

  test('p2p_disconnect_ban: persistence', async () => {
    const { alice, hostsOf, start, world } = startThree()
    alice.supervisor.ban(BOB)
    world.advance(1_000)
    await alice.stop()
    const again = start()
    world.advance(120_000)
    expect(again.supervisor.bans()).toMatchObject([{ key: { kind: 'address', host: BOB } }])
    expect(hostsOf(again)).toEqual([CAROL])
  })

  test('p2p_disconnect_ban: disconnect by address and id', () => {
    const { alice, world } = startThree()
    const [first, second] = alice.supervisor.connections()
    const ends = () =>
      alice.eventsOf('connection.closed').map(({ connection, detail }) => `${connection} ${detail}`)
    alice.supervisor.disconnect(first?.name ?? '')
    world.advance(10)
    expect(ends()).toEqual([`${first?.name ?? ''} disconnected`])
    alice.supervisor.connect(placeOf('20.3.0.1')).catch(() => undefined)
    alice.supervisor.disconnect(placeOf('20.3.0.1'))
    world.advance(10)
    expect(ends()).toHaveLength(2)
    expect(ends().some((end) => end.startsWith(second?.name ?? 'nobody'))).toBe(false)
  })

  test('rpc_setban: banned address cannot connect', () => {
    const { alice, hostsOf, refusalsOf, world } = startThree()
    alice.supervisor.ban(BOB)
    world.advance(60_000)
    expect(hostsOf(alice)).toEqual([CAROL])
    expect(refusalsOf(alice)).toContain(`${BOB} banned`)
  })

  test('rpc_setban: non-IP (onion) bans', () => {
    const { alice, world } = startThree()
    alice.supervisor.ban(`${ONION}:18444`)
    alice.supervisor.connect(`${ONION}:18444`).catch(() => undefined)
    world.advance(60_000)
    expect(alice.dialled()).toEqual([])
    alice.supervisor.unban(`${ONION}:18444`)
    world.advance(60_000)
    expect(alice.dialled()).toContain(`${ONION}:18444`)
  })

  test('p2p_disconnect_ban: subnets', async () => {
    const { alice, come, hostsOf, refusalsOf, start, world } = startThree()
    alice.supervisor.ban('20.1.77.77/16')
    world.advance(60_000)
    expect(hostsOf(alice)).toEqual([CAROL])
    expect(refusalsOf(alice)).toContain(`${BOB} banned`)
    const range = { kind: 'range', range: '20.1.0.0/16' }
    expect(alice.supervisor.bans()).toMatchObject([{ key: range }])
    alice.supervisor.connect(placeOf('20.1.9.9')).catch(() => undefined)
    world.advance(60_000)
    expect(alice.dialled()).toEqual([])
    for (const wrong of ['20.1.0.0/33', '2001:db8::/129', '20.1.0.0/-1']) {
      expect(() => {
        alice.supervisor.ban(wrong)
      }).toThrow()
    }
    await alice.stop()
    const again = start()
    come('20.3.0.1')
    world.advance(120_000)
    expect(again.supervisor.bans()).toMatchObject([{ key: range }])
    expect(hostsOf(again)).toEqual([CAROL, '20.3.0.1'])
    again.supervisor.unban('20.1.0.0/16')
    world.advance(120_000)
    expect(hostsOf(again)).toEqual([BOB, CAROL, '20.3.0.1'])
  })

  test('rpc_setban: default ban time', () => {
    const { alice, hostsOf, world } = startThree()
    alice.supervisor.ban(BOB)
    alice.supervisor.ban(CAROL, { ms: Infinity })
    const lengths = alice.supervisor
      .bans()
      .map(({ sinceMs, untilMs }) => (untilMs === undefined ? undefined : untilMs - sinceMs))
    expect(lengths).toEqual([24 * HOUR_MS, undefined])
    world.advance(24 * HOUR_MS + 120_000)
    expect(hostsOf(alice)).toEqual([BOB])
  })

  test('feature_config_args: networkactive off stops connections', () => {
    const { alice, come, hostsOf, startPeer, world } = startThree()
    const DAVE = '20.4.0.1'
    startPeer(DAVE, serving())
    alice.supervisor.connect(placeOf(DAVE)).catch(() => undefined)
    world.advance(1_000)
    expect(hostsOf(alice)).toEqual([BOB, CAROL, DAVE])
    const dialCount = alice.dialled().length
    alice.supervisor.pause()
    come('20.3.0.1')
    world.advance(HOUR_MS)
    expect(alice.supervisor.isPaused).toBe(true)
    expect(alice.supervisor.connections()).toEqual([])
    expect(alice.dialled()).toHaveLength(dialCount)
    expect(alice.eventsOf('connection.refused').length).toBeGreaterThan(0)
    alice.supervisor.resume()
    world.advance(120_000)
    expect(hostsOf(alice)).toEqual([BOB, CAROL, '20.3.0.1', DAVE])
  })

  test('of a node that is paused uses up neither seed nodes nor names', () => {
    const names = { [`x9.${DNS_SEEDS.signet[0] ?? ''}`]: ['20.9.0.1'] }
    const { startAlice, startPeer, world } = startOpeningWorld({ seed: 'paused', names })
    for (const host of [BOB, CAROL]) startPeer(host, serving())
    const alice = startAlice({ seedNodes: [placeOf(CAROL)] })
    alice.supervisor.pause()
    alice.tell(placeOf(BOB))
    world.advance(10 * 60_000)
    expect(alice.dialled()).toEqual([])
    alice.supervisor.resume()
    world.advance(30_000)
    expect(alice.dialled()).toEqual(expect.arrayContaining([placeOf(BOB), placeOf(CAROL)]))
    world.kill('alice')

    const other = startAlice({ network: 'signet', dnsSeeds: 'force' })
    other.supervisor.pause()
    world.advance(10 * 60_000)
    expect(other.book().find('20.9.0.1:38333')).toBeUndefined()
    other.supervisor.resume()
    world.advance(1_000)
    expect(other.book().find('20.9.0.1:38333')).toBeDefined()
  })
})
