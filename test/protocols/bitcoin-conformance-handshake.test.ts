/** Core's p2p_handshake, p2p_leak and p2p_timeouts. */
import { describe, expect, test } from 'vitest'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import { concatBytes, viewOf } from '../../codec/bytes.ts'
import { SERVICES } from '../../protocols/bitcoin/services.ts'
import { encode } from '../codec/bitcoin/encoding.ts'
import { OURS_HOST, PORT, startStage, typesOf } from './bitcoin-stage.ts'
import type { StageOptions } from './bitcoin-stage.ts'
import { raw, VERACK, versionOf } from './bitcoin-support.ts'

const { network, networkLimited, witness } = SERVICES
const FULL = network | witness
const PRUNED = networkLimited | witness
const SERVING_SLOTS = ['full-relay', 'block-relay-only', 'addr-fetch'] as const

/** What becomes of a peer that our node dials for the slot, and that offers these services. */
function endOf(slot: string, services: bigint, tipAgeMs?: number): string {
  const stage = startStage({ dials: [slot] })
  if (tipAgeMs !== undefined) {
    const unixMs = stage.wallMs() - tipAgeMs
    stage.ours.supervisor.instruct({ tip: { height: 100, unixMs } })
  }
  const [peer] = stage.dialled
  if (peer === undefined) throw new Error('nobody is dialled')
  stage.greet(peer, { services })
  stage.say(peer, VERACK)
  stage.world.advance(100)
  return stage.details()[0] ?? (stage.active() === 1 ? 'active' : 'nothing')
}

describe('p2p_handshake', () => {
  test('p2p_handshake: redundant verack ignored', () => {
    const stage = startStage()
    const peer = stage.meet()
    stage.say(peer, VERACK, VERACK)
    stage.world.advance(1_000)
    expect([stage.active(), stage.details()]).toEqual([1, []])
  })

  test('p2p_handshake: outbound full-relay/block-only/addr-fetch without NETWORK|WITNESS disconnected', () => {
    for (const slot of SERVING_SLOTS) {
      for (const services of [0n, network, witness, PRUNED]) {
        expect([slot, services, endOf(slot, services)]).toEqual([
          slot,
          services,
          'services-missing',
        ])
      }
      expect([slot, endOf(slot, FULL)]).toEqual([slot, 'active'])
    }
  })

  test('p2p_handshake: LIMITED acceptable only if our tip is < 24 h old', () => {
    const DAY_MS = 86_400_000
    for (const slot of SERVING_SLOTS) {
      expect([slot, endOf(slot, PRUNED, DAY_MS - 60_000)]).toEqual([slot, 'active'])
      expect([slot, endOf(slot, PRUNED, DAY_MS)]).toEqual([slot, 'services-missing'])
      // Nobody without the witness is good for anything.
      expect([slot, endOf(slot, networkLimited, 0)]).toEqual([slot, 'services-missing'])
    }
  })

  test('p2p_handshake: feeler disconnected after version', () => {
    const stage = startStage({ dials: ['feeler'] })
    const [peer] = stage.dialled
    if (peer === undefined) throw new Error('nobody is dialled')
    // What it offers does not matter.
    stage.greet(peer, { services: 0n })
    stage.world.advance(2_000)
    expect(stage.details()).toEqual(['feeler-done'])
    expect([typesOf(peer), peer.hasEnded]).toEqual([['version'], true])
  })

  test('p2p_handshake: self-connection disconnected', () => {
    const stage = startStage()
    stage.ours.supervisor.connect(`${OURS_HOST}:${String(PORT)}`).catch(() => undefined)
    stage.world.advance(2_000)
    expect(stage.active()).toBe(0)
    expect(stage.details()).toContain('self-connection')
  })
})

describe('p2p_leak', () => {
  const BEFORE_VERACK = ['version', 'verack', 'wtxidrelay', 'sendaddrv2', 'feature']
  const QUESTIONS = [
    { type: 'ping', nonce: 7n },
    { type: 'getaddr' },
    { type: 'mempool' },
    raw('getheaders', new Uint8Array(4), 0, new Uint8Array(32)),
    raw('getdata', 1, new Uint8Array(36)),
  ] as const

  test.each(['v1', 'v2'] as const)(
    'p2p_leak: before verack nothing but version, verack, wtxidrelay, sendaddrv2, feature is sent, to a silent peer nothing (%s)',
    (transport) => {
      const stage = startStage()
      const silent = stage.come(transport)
      const asking = stage.come(transport)
      stage.say(asking, ...QUESTIONS)
      const greeting = stage.come(transport)
      stage.greet(greeting)
      stage.say(greeting, ...QUESTIONS)
      stage.world.advance(50_000)
      expect([typesOf(silent), typesOf(asking)]).toEqual([[], []])
      expect(typesOf(greeting)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack'])
      expect(BEFORE_VERACK).toEqual(expect.arrayContaining([...typesOf(greeting)]))
      expect(stage.details()).toEqual([])
    },
  )

  test('p2p_leak: peers time out', () => {
    const stage = startStage()
    const silent = stage.come()
    const greeting = stage.come()
    stage.greet(greeting)
    stage.world.advance(58_000)
    expect([silent.hasEnded, greeting.hasEnded]).toEqual([false, false])
    stage.world.advance(3_000)
    expect([silent.hasEnded, greeting.hasEnded]).toEqual([true, true])
    expect(stage.details()).toEqual(['handshake-timeout', 'handshake-timeout'])
  })

  test('p2p_leak: version carries zero own address, time within an hour', () => {
    const stage = startStage({ transport: 'v1' })
    const peer = stage.meet()
    const [version] = peer.heard
    if (version?.type !== 'version') throw new Error('no version came')
    const ageMs = Math.abs(Number(version.unixSeconds) * 1_000 - stage.wallMs())
    expect(ageMs).toBeLessThan(3_600_000)
    // The bytes themselves: behind the fifth field, the services again and an address of no place.
    const payload = concatBytes(...peer.heardBytes).subarray(24, 24 + encode(version).length)
    const ownAt = 4 + 8 + 8 + 26
    expect(viewOf(payload).getBigUint64(ownAt, true)).toBe(version.services)
    expect([...payload.subarray(ownAt + 8, ownAt + 26)]).toEqual(Array<number>(18).fill(0))
    // A private address is nobody's business either.
    expect(version.receiver).toEqual(NO_ADDRESS)
  })

  test('p2p_leak: version 31799 disconnected', () => {
    const stage = startStage()
    const old = stage.come()
    stage.greet(old, { protocolVersion: 31_799 })
    stage.world.advance(2_000)
    expect([stage.details(), old.hasEnded, typesOf(old)]).toEqual([['version-too-old'], true, []])
    const least = stage.meet('v1', { protocolVersion: 31_800 })
    expect([stage.active(), typesOf(least)]).toEqual([1, ['version', 'verack']])
  })
})

describe('p2p_timeouts', () => {
  const sessionStates = (options: StageOptions, transport: 'v1' | 'v2') => {
    const stage = startStage(options)
    const peers = ['silent', 'versionless', 'verackless'].map((name) => {
      const peer = stage.come(transport)
      if (name === 'verackless') stage.greet(peer)
      return { name, peer }
    })
    for (let second = 0; second < 59; second += 1) {
      stage.world.advance(1_000)
      for (const { name, peer } of peers) {
        if (name !== 'silent') stage.say(peer, { type: 'ping', nonce: 1n })
      }
    }
    expect(peers.map(({ peer }) => peer.hasEnded)).toEqual([false, false, false])
    stage.world.advance(3_000)
    expect(peers.map(({ peer }) => peer.hasEnded)).toEqual([true, true, true])
    return stage.ours
      .eventsOf('connection.closed')
      .toSorted((one, other) => (one.connection < other.connection ? -1 : 1))
      .map(({ connection, detail }) => {
        const { history = [] } = stage.ours.supervisor.explain(connection) ?? {}
        const states = history.flatMap(({ chart, state }) => (chart === 'session' ? [state] : []))
        return [detail, states.findLast((state) => state !== 'over')]
      })
  }

  test('p2p_timeouts: peers without version or verack, even if they ping, are dropped when the peer timeout expires (v1 and v2 log texts differ)', () => {
    // In place of a text: where the session had come to.
    const [securing, version, verack] = ['securing', 'awaitingVersion', 'awaitingVerack'].map(
      (state) => ['handshake-timeout', `shaking.${state}`],
    )
    // Of a silent v1 peer nothing is known; a silent v2 peer has agreed on keys.
    expect(sessionStates({ transport: 'v1' }, 'v1')).toEqual([securing, version, verack])
    expect(sessionStates({}, 'v2')).toEqual([version, version, verack])
    // With a node that waits for v2, a ping under v1 is the beginning of a key.
    expect(sessionStates({}, 'v1')).toEqual([securing, securing, verack])
  })

  test('p2p_timeouts: peers without version or verack, even if they ping, are dropped when the peer timeout expires (another time)', () => {
    const stage = startStage({ limits: { handshakeMs: 3_000 } })
    const peer = stage.come()
    stage.world.advance(2_900)
    expect(peer.hasEnded).toBe(false)
    stage.world.advance(1_500)
    expect([peer.hasEnded, stage.details()]).toEqual([true, ['handshake-timeout']])
  })

  test('a peer that said version may be as late with verack as one that said nothing', () => {
    const stage = startStage()
    const peer = stage.come()
    stage.world.advance(40_000)
    stage.say(peer, versionOf())
    stage.world.advance(19_000)
    stage.say(peer, VERACK)
    expect(stage.active()).toBe(1)
  })
})
