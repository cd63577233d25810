/** Core's p2p_v2_transport, p2p_v2_encrypted and p2p_v2_misbehaving. */
import { describe, expect, test } from 'vitest'
import { FIRST_BLOCK } from '../codec/bitcoin/vectors.ts'
import type { SpokenTransports } from '../../codec/bitcoin/wire.ts'
import { concatBytes, encodeAscii } from '../../codec/bytes.ts'
import { startPair } from '../../testing/testing.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { contentsOf, GARBAGE, startRawV2 } from './bitcoin-raw-v2.ts'
import { factsOf, startBytes, startStage } from './bitcoin-stage.ts'
import { line, MAGIC, regtest, VERACK, versionOf } from './bitcoin-support.ts'

const V1_PREFIX = concatBytes(MAGIC, encodeAscii('version\0\0\0\0\0'))
const P2P_V2 = 1n << 11n
const EMPTY = { contents: new Uint8Array(0) }

/** Both of a pair, and what each knows of their connection. */
const pairOf = (dialler: SpokenTransports, listener: SpokenTransports) => {
  const pair = startPair((role) => regtest({ transport: role === 'dialler' ? dialler : listener }))
  const facts = () =>
    [pair.dialler, pair.listener].map(({ supervisor }) =>
      factsOf(supervisor.connections().find(({ phase }) => phase === 'active')),
    )
  return { ...pair, facts }
}

/** A node that dials another one by hand. */
function startTwo(dialler: SpokenTransports, listener: SpokenTransports) {
  const world = startVirtualWorld({ seed: 'two' })
  startNode(world, 'bob', '10.0.0.2', regtest({ transport: listener }))
  const alice = startNode(world, 'alice', '10.0.0.1', regtest({ transport: dialler }))
  alice.supervisor.connect('10.0.0.2:18444').catch(() => undefined)
  world.advance(1_000)
  return { alice, world }
}

describe('p2p_v2_transport', () => {
  test('p2p_v2_transport: bit 11 in local services iff v2 enabled', () => {
    const services = (['v1', 'v2', 'both'] as const).map((transport) => {
      const stage = startStage({ transport })
      const peer = stage.meet(transport === 'v1' ? 'v1' : 'v2')
      const [version] = peer.heard
      return version?.type === 'version' ? version.services & P2P_V2 : undefined
    })
    expect(services).toEqual([0n, P2P_V2, P2P_V2])
  })

  test('p2p_v2_transport: v2↔v2 session with equal 64-hex session ids on both ends', () => {
    const [ours, theirs] = pairOf('v2', 'v2').facts()
    expect(ours?.sessionId).toMatch(/^[0-9a-f]{64}$/)
    expect(theirs).toMatchObject({ transport: 'v2', sessionId: ours?.sessionId })
  })

  test.each([
    ['v1', 'v1'],
    ['v1', 'both'],
    ['both', 'v1'],
  ] as const)(
    'p2p_v2_transport: v1↔v1, v1→v2, v2→v1 connections work (%s to %s)',
    async (dialler, listener) => {
      const pair = pairOf(dialler, listener)
      expect(pair.facts()).toMatchObject([
        { transport: 'v1', sessionId: '' },
        { transport: 'v1', sessionId: '' },
      ])
      const heard: unknown[] = []
      pair.listener.supervisor.messages('unknown').subscribe(({ message }) => heard.push(message))
      pair.dialler.supervisor.send(pair.dialler.connection, line(1, 2, 3))
      pair.world.advance(10)
      expect(heard).toEqual([line(1, 2, 3)])
      await pair.stop()
    },
  )

  test('p2p_v2_transport: falsely advertised v2 peer is retried with v1', () => {
    const { alice } = startTwo('both', 'v1')
    expect(alice.eventsOf('connection.started')).toHaveLength(2)
    expect(alice.supervisor.connections()).toMatchObject([
      { phase: 'active', facts: { transport: 'v1' }, slot: 'manual' },
    ])
    expect(alice.supervisor.peers().map(({ failures }) => failures)).toEqual([0])
  })

  test('p2p_v2_transport: 15 prefix bytes = "detecting", 16th = v1', () => {
    const stage = startStage()
    const bytes = startBytes(stage.world)
    bytes.write(V1_PREFIX.subarray(0, 15))
    expect(stage.connections().map(factsOf)).toEqual([undefined])
    bytes.write(V1_PREFIX.subarray(15))
    expect(stage.connections().map(factsOf)).toMatchObject([{ transport: 'v1' }])
    expect(bytes.heardBytes()).toBe(0)
  })

  test('p2p_v2_transport: wrong-magic version prefix disconnects', () => {
    const stage = startStage()
    const bytes = startBytes(stage.world)
    bytes.write(concatBytes(Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9), V1_PREFIX.subarray(4)))
    stage.world.advance(2_000)
    expect([stage.details(), bytes.hasEnded()]).toEqual([['other-network'], true])
  })

  test('p2p_v2_transport: 64+4095+16 bytes without terminator disconnect exactly at the last byte', () => {
    const stage = startStage()
    const bytes = startBytes(stage.world)
    bytes.write(new Uint8Array(64 + 4_095 + 15).fill(5))
    stage.world.advance(2_000)
    expect([stage.details(), bytes.hasEnded()]).toEqual([[], false])
    bytes.write(Uint8Array.of(5))
    stage.world.advance(2_000)
    expect([stage.details(), bytes.hasEnded()]).toEqual([['garbage-unterminated'], true])
  })
})

describe('p2p_v2_encrypted', () => {
  test('p2p_v2_encrypted: in/outbound v1/v2 combinations give the expected transport', () => {
    const spoken = (['v1', 'both'] as const).flatMap((dialler) =>
      (['v1', 'both'] as const).map((listener) =>
        pairOf(dialler, listener)
          .facts()
          .map((facts) => facts?.transport),
      ),
    )
    expect(spoken).toEqual([
      ['v1', 'v1'],
      ['v1', 'v1'],
      ['v1', 'v1'],
      ['v2', 'v2'],
    ])
  })

  test('p2p_v2_encrypted: more than 224 packets cross a rekey', async () => {
    const COUNT = 500
    const pair = pairOf('v2', 'v2')
    const [listener, dialler] = [pair.listener, pair.dialler].map(({ supervisor }) => {
      const heard: number[] = []
      supervisor.messages('unknown').subscribe(({ message: { payload } }) => {
        heard.push((payload[0] ?? 0) + 256 * (payload[1] ?? 0))
      })
      return heard
    })
    for (let index = 0; index < COUNT; index++) {
      for (const { connection, supervisor } of [pair.listener, pair.dialler]) {
        supervisor.send(connection, line(index & 0xff, index >> 8))
      }
      pair.world.advance(1)
    }
    const all = Array.from({ length: COUNT }, (_, index) => index)
    expect(listener).toEqual(all)
    expect(dialler).toEqual(all)
    await pair.stop()
  })

  test('p2p_v2_encrypted: blocks sent as decoys are not processed', () => {
    const stage = startStage({ services: ['bloom'] })
    const heard: unknown[] = []
    stage.ours.supervisor.messages('block').subscribe(({ message }) => heard.push(message))
    const raw = startRawV2(stage.world)
    const block = { contents: concatBytes(Uint8Array.of(2), FIRST_BLOCK) }
    raw.write(
      ...[GARBAGE, raw.terminator],
      raw.sealed([EMPTY, { contents: contentsOf(versionOf()) }, { contents: contentsOf(VERACK) }]),
    )
    expect(stage.active()).toBe(1)
    raw.write(raw.sealed([{ ...block, isDecoy: true }]))
    stage.world.advance(10)
    expect(heard).toEqual([])
    // The same, so that the test can tell.
    raw.write(raw.sealed([block]))
    stage.world.advance(10)
    expect(heard).toHaveLength(1)
  })

  test('p2p_v2_encrypted: v2 peer against v1-only node fails', () => {
    const stage = startStage({ transport: 'v1' })
    const peer = stage.come('v2')
    stage.world.advance(2_000)
    expect(peer.hasEnded).toBe(true)
    expect(peer.heardBytes).toEqual([])
    expect(stage.details()).toEqual(['wrong-magic'])
  })
})

describe('p2p_v2_misbehaving', () => {
  test('p2p_v2_misbehaving: no byte sent while only magic bytes arrived', () => {
    const stage = startStage()
    const bytes = startBytes(stage.world)
    bytes.write(MAGIC)
    stage.world.advance(59_000)
    expect([bytes.heardBytes(), bytes.hasEnded()]).toEqual([0, false])
    // The first byte that is not v1's: now our key comes.
    bytes.write(Uint8Array.of(1))
    expect(bytes.heardBytes()).toBeGreaterThanOrEqual(64)
  })

  const MISBEHAVIOUR: readonly (readonly [
    string,
    (raw: ReturnType<typeof startRawV2>) => void,
    string,
  ])[] = [
    [
      'too much garbage',
      (raw) => {
        const garbage = new Uint8Array(4_096)
        raw.write(garbage, raw.terminator, raw.sealed([EMPTY], garbage))
      },
      'garbage-unterminated',
    ],
    [
      'altered garbage',
      (raw) => raw.write(GARBAGE.with(3, 0), raw.terminator, raw.sealed([EMPTY])),
      'packet-unauthentic',
    ],
    [
      'missing AAD',
      (raw) => raw.write(GARBAGE, raw.terminator, raw.sealed([EMPTY], new Uint8Array(0))),
      'packet-unauthentic',
    ],
  ]
  test.each(MISBEHAVIOUR)(
    'p2p_v2_misbehaving: too much garbage, wrong terminator, altered garbage, missing AAD each end in a disconnect (%s)',
    (_, write, detail) => {
      const stage = startStage()
      const raw = startRawV2(stage.world)
      write(raw)
      stage.world.advance(2_000)
      expect([stage.details(), raw.hasEnded()]).toEqual([[detail], true])
    },
  )

  test('p2p_v2_misbehaving: too much garbage, wrong terminator, altered garbage, missing AAD each end in a disconnect (the wrong terminator by timeout)', () => {
    const stage = startStage()
    const raw = startRawV2(stage.world)
    const wrong = raw.terminator.with(15, (raw.terminator[15] ?? 0) ^ 1)
    raw.write(GARBAGE, wrong, raw.sealed([EMPTY]))
    stage.world.advance(59_000)
    expect([stage.details(), raw.hasEnded()]).toEqual([[], false])
    stage.world.advance(2_000)
    expect([stage.details(), raw.hasEnded()]).toEqual([['handshake-timeout'], true])
  })

  test('p2p_v2_misbehaving: non-empty version packet is accepted', () => {
    const stage = startStage()
    const raw = startRawV2(stage.world)
    raw.write(GARBAGE, raw.terminator, raw.sealed([{ contents: encodeAscii('from a later day') }]))
    expect(stage.connections().map(factsOf)).toMatchObject([{ transport: 'v2' }])
    raw.write(raw.sealed([{ contents: contentsOf(versionOf()) }, { contents: contentsOf(VERACK) }]))
    expect(stage.active()).toBe(1)
  })
})
