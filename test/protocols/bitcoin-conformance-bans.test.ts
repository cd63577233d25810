import { describe, expect, test } from 'vitest'
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
    expect(() => {
      alice.supervisor.ban('no address at all')
    }).toThrow()
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
})
