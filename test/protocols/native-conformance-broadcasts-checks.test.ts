import { describe, expect, test } from 'vitest'
import { hexOf, join, nodeIdOf, u32be } from '../interop/raw-native-crypto.ts'
import { makePublication, publicationValues } from '../interop/raw-native-messages.ts'
import type { Publication } from '../interop/raw-native-messages.ts'
import { expectDropped, heardAt, ORIGIN, pass } from './native-conformance-broadcasts-support.ts'
import { published, startRelay } from './native-conformance-broadcasts-support.ts'
import { codesOf, NETWORK, OURS, RAW, ROLES } from './native-conformance-support.ts'

const text = (line: string) => new TextEncoder().encode(line)
/** Of secp256k1 (SEC 2, 2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other signature of the same key over the same bytes, with a high S. */
function highTwinOf(signature: Uint8Array): Uint8Array {
  const s = ORDER - BigInt(`0x${hexOf(signature.subarray(32))}`)
  const words = Array.from({ length: 8 }, (_, at) =>
    Number((s >> BigInt(224 - 32 * at)) & 0xffff_ffffn),
  )
  return join(signature.subarray(0, 32), ...words.map(u32be))
}
const flipped = (bytes: Uint8Array, at = 0): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

type Change = (right: Publication) => Partial<Publication>

const FORGERIES: readonly (readonly [what: string, change: Change])[] = [
  ['a wrong signature, of R', ({ signature }) => ({ signature: flipped(signature, 31) })],
  ['a wrong signature, of S', ({ signature }) => ({ signature: flipped(signature, 63) })],
  ['a signature with a high S', ({ signature }) => ({ signature: highTwinOf(signature) })],
  ['a signature of zeros', () => ({ signature: new Uint8Array(64) })],
  ['a foreign key', () => ({ publicKey: RAW.publicKey })],
  ['a foreign key and its id', () => ({ publicKey: RAW.publicKey, originId: RAW.nodeId })],
  [
    'a foreign key, that of its signature',
    ({ timestampMs }) =>
      published(Number(timestampMs), {}, { identity: { ...RAW, nodeId: ORIGIN.nodeId } }),
  ],
  ['a foreign id', () => ({ originId: RAW.nodeId })],
  ['a key that is no point', () => ({ publicKey: join(Uint8Array.of(2), new Uint8Array(32)) })],
  ['a changed topic', () => ({ topic: 'news ' })],
  ['a changed payload', ({ payload }) => ({ payload: flipped(payload) })],
  ['a longer payload', ({ payload }) => ({ payload: join(payload, new Uint8Array(1)) })],
  ['a changed sequence', ({ count }) => ({ count: count + 1n })],
  ['a changed timestamp', ({ timestampMs }) => ({ timestampMs: timestampMs + 1n })],
  [
    'the signature of another network',
    ({ timestampMs }) => published(Number(timestampMs), {}, { network: 'test/other' }),
  ],
  [
    'the signature of an item',
    ({ count, payload, timestampMs, topic }) => {
      const content = { kind: 'item', count, payload, timestampMs, topic } as const
      return { signature: makePublication(NETWORK, ORIGIN, content).signature }
    },
  ],
]

describe.each(ROLES)('our node as %s, told of a broadcast', (role) => {
  test('B4: that is right, says nothing to whom it has it from', () => {
    const { deliveries, neighbour, relay, scene, sink } = startRelay(role)
    const before = neighbour.bytes().length
    for (let count = 1n; count <= 100n; count++) relay(published(scene.wallMs(), { count }))
    // Of what one neighbour may take, a part is for our own and a part for what others send us.
    expect([deliveries.length, heardAt(sink).length]).toEqual([100, 81])
    expect(neighbour.bytes().length).toBe(before)
  })

  test.each(FORGERIES)(
    'B4, B5: with %s: neither delivered, passed on nor answered; its neighbour is charged',
    (_, change) => {
      const relayed = startRelay(role)
      const { deliveries, neighbour, relay, scene, sink } = relayed
      const origin = scene.establish(role, { host: '10.0.0.4', identity: ORIGIN })
      const right = published(scene.wallMs())
      expectDropped(relayed, () => {
        relay(right, change(right))
      })
      expect([heardAt(origin), scene.struck()]).toEqual([[], [`identity ${RAW.id}`]])
      // What is wrong does not stand in the way of what is right.
      pass(origin, right)
      scene.world.settle()
      expect([deliveries.length, heardAt(sink).length]).toEqual([1, 1])
      expect([neighbour, origin].map((stream) => stream.state())).toEqual(['open', 'open'])
      expect(scene.struck()).toHaveLength(1)
    },
  )

  test('B5: three of them are a ban of the neighbour, and of nobody else', () => {
    const { deliveries, neighbour, relay, scene } = startRelay(role)
    const origin = scene.establish(role, { host: '10.0.0.4', identity: ORIGIN })
    for (let count = 1n; count <= 3n; count++) {
      const { signature, ...right } = published(scene.wallMs(), { count })
      relay({ ...right, signature: flipped(signature) })
    }
    expect([codesOf(neighbour), neighbour.state()]).toEqual([[423], 'ended'])
    expect(scene.banned()).toMatchObject([{ subject: `identity ${RAW.id}` }])
    pass(origin, published(scene.wallMs(), { count: 4n }))
    scene.world.settle()
    expect([deliveries.length, origin.state()]).toEqual([1, 'open'])
  })

  test.each([0, 1, 7, 8, 16])('B6: with %i hops left, in place of 8, is as valid', (hopsLeft) => {
    const { deliveries, neighbour, relay, scene, sink } = startRelay(role)
    const right = published(scene.wallMs())
    relay(right, { hopsLeft })
    expect(deliveries).toHaveLength(1)
    const further = hopsLeft === 0 ? [] : [{ ...right, hopsLeft: hopsLeft - 1 }]
    expect([heardAt(sink), heardAt(neighbour), scene.struck()]).toEqual([further, [], []])
  })

  test.each([17, 255, 4_294_967_295])(
    'B4, B6: with %i hops left is dropped, and nobody is charged',
    (hopsLeft) => {
      const relayed = startRelay(role)
      const { deliveries, relay, scene } = relayed
      const right = published(scene.wallMs())
      expectDropped(relayed, () => {
        relay(right, { hopsLeft })
      })
      expect(scene.struck()).toEqual([])
      relay(right)
      expect(deliveries).toHaveLength(1)
    },
  )

  test.each([-120_000, 30_000])('B7: dated %i ms from now is delivered', (fromNowMs) => {
    const { deliveries, relay, scene, sink } = startRelay(role)
    relay(published(scene.wallMs() + fromNowMs))
    expect(deliveries.map(({ timestampMs }) => timestampMs)).toEqual([scene.wallMs() + fromNowMs])
    expect(heardAt(sink)).toHaveLength(1)
  })

  test.each([-120_001, 30_001, -1_000_000_000])(
    'B4, B7: dated %i ms from now is dropped, and nobody is charged',
    (fromNowMs) => {
      const relayed = startRelay(role)
      const { relay, scene } = relayed
      expectDropped(relayed, () => {
        relay(published(scene.wallMs() + fromNowMs))
      })
      expect(scene.struck()).toEqual([])
    },
  )

  test('B8: that came before is dropped: after 299 s as a duplicate, after 301 s as too old', () => {
    const relayed = startRelay(role)
    const { deliveries, relay, scene } = relayed
    const right = published(scene.wallMs() + 30_000)
    relay(right)
    const again = (afterMs: number): void => {
      scene.world.advance(afterMs)
      expectDropped(relayed, () => {
        relay(right)
        relay(right, { hopsLeft: 16 })
      })
    }
    // Up to 150 s it would be young enough.
    for (const afterMs of [0, 1, 119_999, 30_000, 149_000, 2_000]) again(afterMs)
    expect([deliveries.length, scene.struck()]).toEqual([1, []])
  })

  test('B8: is remembered for 300 s, and not longer', () => {
    const relayed = startRelay(role, { limits: { broadcastAgeMs: 1_000_000 } })
    const { deliveries, relay, scene } = relayed
    const right = published(scene.wallMs())
    relay(right)
    scene.world.advance(299_000)
    expectDropped(relayed, () => {
      relay(right)
    })
    scene.world.advance(2_000)
    relay(right)
    expect(deliveries).toHaveLength(2)
    // Where its age is limited as specified, that is never to be seen.
    const usual = startRelay(role)
    const old = published(usual.scene.wallMs())
    usual.relay(old)
    usual.scene.world.advance(301_000)
    expectDropped(usual, () => {
      usual.relay(old)
    })
  })

  test('B4, B11: of an origin that began anew is not taken for an old one', () => {
    const relayed = startRelay(role)
    const { deliveries, relay, scene } = relayed
    const before = published(scene.wallMs(), { count: BigInt(scene.wallMs()) * 1_000n })
    relay(before)
    scene.world.advance(1)
    // It says the same again: a new sequence makes it another broadcast.
    relay(published(scene.wallMs(), { count: BigInt(scene.wallMs()) * 1_000n }))
    // And in the millisecond of the first: by its sequence alone.
    relay(published(Number(before.timestampMs), { count: before.count + 1n }))
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(3)
    // Another broadcast with a sequence that was used goes no further, and nobody is charged.
    expectDropped(relayed, () => {
      relay(published(scene.wallMs(), { count: before.count, payload: text('other') }))
    })
    expect(scene.struck()).toEqual([])
  })

  test('B4: in the name of our node itself is dropped, and nobody is charged', () => {
    const relayed = startRelay(role)
    const { relay, scene } = relayed
    expectDropped(relayed, () => {
      relay(published(scene.wallMs()), { originId: OURS.nodeId, publicKey: OURS.publicKey })
    })
    expect(scene.struck()).toEqual([])
  })

  test('B4, B5: with another type of key is wrong, though all else would fit it', () => {
    const relayed = startRelay(role)
    const { neighbour, scene } = relayed
    const ofType = { ...ORIGIN, nodeId: nodeIdOf(ORIGIN.publicKey, 2) }
    const values = publicationValues(published(scene.wallMs(), {}, { identity: ofType }))
    expectDropped(relayed, () => {
      neighbour.peer.say(values.map((value, at) => (at === 3 ? 2 : value)))
    })
    expect(scene.struck()).toEqual([`identity ${RAW.id}`])
  })

  test('B4: many in one record are each judged alone', () => {
    const { deliveries, neighbour, scene, sink } = startRelay(role)
    const [one, two, three] = [1n, 2n, 3n].map((count) => published(scene.wallMs(), { count }))
    if (one === undefined || two === undefined || three === undefined) throw new Error('no three')
    const forged = { ...two, payload: text('x') }
    neighbour.peer.say(...[one, forged, { ...one, hopsLeft: 17 }, three].map(publicationValues))
    scene.world.settle()
    expect(deliveries).toHaveLength(2)
    expect(
      heardAt(sink)
        .map(({ count }) => count)
        .sort(),
    ).toEqual([1n, 3n])
    expect(scene.struck()).toEqual([`identity ${RAW.id}`])
    expect([codesOf(neighbour), neighbour.state()]).toEqual([[], 'open'])
  })
})
