import { describe, expect, test } from 'vitest'
import { makePublication, NUMBER, pack, publicationValues } from '../interop/raw-native-messages.ts'
import { rawIdentity } from '../interop/raw-native-messages.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import { addressOf, codesOf, NETWORK, OTHER, RAW } from './native-conformance-support.ts'
import { ROLES, startScene } from './native-conformance-support.ts'
import type { Scene } from './native-conformance-support.ts'

const FORGED = { form: 'high-s' } as const
const MINUTE_MS = 60_000

const codeOf = (stream: RawStream): number | undefined => codesOf(stream)[0]
const knock = (scene: Scene, host = '10.0.0.2'): number | undefined =>
  codeOf(scene.greet('responder', FORGED, { host }))
const strikeOut = (scene: Scene): readonly (number | undefined)[] => [
  knock(scene),
  knock(scene),
  knock(scene),
]

/** How long the last ban was, from now on. */
const lastBanMs = (scene: Scene): number =>
  (scene.banned().at(-1)?.untilMs ?? Infinity) - scene.wallMs()

test('X1: three wrong signatures of one address and id: the fourth is told 423, for 300 s', () => {
  const scene = startScene()
  expect(strikeOut(scene)).toEqual([401, 401, 401])
  scene.world.advance(1_000)
  const fourth = scene.greet('responder')
  expect(codesOf(fourth)).toEqual([423])
  expect(fourth.peer.errors()).toMatchObject([{ retryAfterMs: 299_000 }])
  scene.world.advance(298_999)
  expect(codesOf(scene.greet('responder'))).toEqual([423])
  scene.world.advance(1)
  expect(scene.establish('responder').state()).toBe('open')
})

test('X1: as initiator, three wrong signatures keep our node from dialling for 300 s', () => {
  const scene = startScene()
  const { accepted } = scene.hostAt('10.0.0.2')
  expect(codeOf(scene.greet('initiator', FORGED))).toBe(401)
  for (let seconds = 0; seconds < 30 && accepted.length < 3; seconds++) {
    scene.world.advance(1_000)
    const stream = accepted.at(-1)
    if (stream?.state() === 'open') stream.peer.greet(FORGED)
    scene.world.settle()
  }
  expect(accepted.map(codeOf)).toEqual([401, 401, 401])
  expect(scene.banned()).toMatchObject([{ key: { kind: 'claim', identity: RAW.id } }])
  scene.ours.supervisor.connect(addressOf(RAW, '10.0.0.2')).catch(() => undefined)
  scene.world.advance(299_000)
  expect(accepted).toHaveLength(3)
  scene.world.advance(62_000)
  expect(accepted.length).toBeGreaterThan(3)
})

test('X2: the same id from another address is not concerned, even while it is forged', () => {
  const scene = startScene()
  const session = scene.establish('responder', { host: '10.0.0.3' })
  expect(strikeOut(scene)).toEqual([401, 401, 401])
  expect(scene.banned()).toHaveLength(1)
  expect(session.state()).toBe('open')
  scene.ours.supervisor.disconnect(RAW.id)
  scene.world.advance(10_000)
  expect(scene.establish('responder', { host: '10.0.0.4' }).state()).toBe('open')
})

test('X3: each further ban within a day is twice as long, up to a day', () => {
  const scene = startScene()
  const lengths: number[] = []
  for (let count = 0; count < 12; count++) {
    strikeOut(scene)
    const forMs = lastBanMs(scene)
    lengths.push(forMs)
    scene.world.advance(forMs)
  }
  const doubled = Array.from({ length: 12 }, (_, count) =>
    Math.min(86_400_000, 300_000 * 2 ** count),
  )
  expect(lengths).toEqual(doubled)
})

test('X4: two strikes, ten minutes, and one more strike are no ban', () => {
  const scene = startScene()
  expect([knock(scene), knock(scene)]).toEqual([401, 401])
  scene.world.advance(10 * MINUTE_MS)
  expect(knock(scene)).toBe(401)
  expect(scene.banned()).toEqual([])
  expect(knock(scene)).toBe(401)
  scene.world.advance(9 * MINUTE_MS)
  expect(knock(scene)).toBe(401)
  expect(scene.banned()).toHaveLength(1)
})

describe.each(ROLES)('our node as %s', (role) => {
  test('X5: a ban of a connected peer, and of its address, closes with 423', () => {
    for (const subject of [RAW.id, '10.0.0.2', addressOf(RAW, '10.0.0.2')]) {
      const scene = startScene()
      const stream = scene.establish(role)
      scene.ours.supervisor.ban(subject)
      scene.world.settle()
      expect([codesOf(stream), stream.state()]).toEqual([[423], 'ended'])
    }
  })
})

test('X5: three strikes of a verified node are its ban, wherever it comes from', () => {
  const scene = startScene()
  for (let count = 0; count < 3; count++) {
    const host = `10.0.0.${count + 2}`
    const { peer } = scene.establish('responder', { host })
    peer.write(peer.seal(pack([99])))
    scene.world.advance(6_000)
  }
  expect(scene.struck()).toEqual(Array.from({ length: 3 }, () => `identity ${RAW.id}`))
  expect(scene.banned()).toMatchObject([{ subject: `identity ${RAW.id}` }])
  expect(codeOf(scene.greet('responder', undefined, { host: '10.0.0.9' }))).toBe(423)
})

test('X6: a banned node is not dialled; X7: until it is unbanned', () => {
  const scene = startScene()
  const place = scene.hostAt('10.0.0.2')
  place.listen({ identity: RAW, network: NETWORK })
  scene.ours.supervisor.ban(RAW.id)
  scene.ours.supervisor.connect(addressOf(RAW, '10.0.0.2')).catch(() => undefined)
  scene.world.advance(30 * 86_400_000)
  expect(place.accepted).toHaveLength(0)
  expect(codeOf(scene.greet('responder'))).toBe(423)
  expect(scene.ours.supervisor.bans()).toMatchObject([{ key: { identity: RAW.id } }])
  scene.ours.supervisor.unban(RAW.id)
  scene.world.advance(1_000)
  expect(scene.ours.supervisor.bans()).toEqual([])
  expect(place.accepted).toHaveLength(1)
})

test('X8: bans live through a restart, and a corrupt store keeps nobody from starting', () => {
  const scene = startScene()
  strikeOut(scene)
  scene.ours.supervisor.ban(OTHER.id)
  scene.world.advance(1_000)
  scene.restart()
  expect(codeOf(scene.greet('responder', undefined, { identity: OTHER }))).toBe(423)
  expect(scene.greet('responder').peer.errors()).toMatchObject([
    { code: 423, retryAfterMs: 299_000 },
  ])
  scene.world.kill('ours')
  scene.world.medium('ours').damage()
  scene.start()
  expect(scene.ours.supervisor.state).toBe('running')
  expect(scene.ours.eventsOf('store.set-aside')).toHaveLength(1)
  expect(scene.establish('responder').state()).toBe('open')
})

test('X9: timeouts, mismatches and expired timestamps never ban', () => {
  const scene = startScene()
  for (let round = 0; round < 10; round++) {
    scene.dial()
    scene.greet('responder', { fields: { major: 2 } })
    scene.greet('responder', { fields: { network: 'test/other' } })
    scene.greet('responder', { fields: { timestampMs: 0n } })
    scene.world.advance(31_000)
  }
  expect([scene.struck(), scene.banned()]).toEqual([[], []])
  const ends = ['expired-timestamp', 'handshake-timeout', 'network-mismatch', 'version-mismatch']
  for (const end of ends) {
    expect(scene.details().filter((detail) => detail === end)).toHaveLength(10)
  }
  expect(scene.details()).toHaveLength(40)
})

test('X10: ids that rotate are throttled after 20 failures, by address, for a minute', () => {
  const scene = startScene()
  const codes: (number | undefined)[] = []
  for (let count = 0; count < 22; count++) {
    const identity = rawIdentity(`rotating ${count}`)
    codes.push(codeOf(scene.greet('responder', FORGED, { identity })))
  }
  expect(codes).toEqual([...Array.from({ length: 20 }, () => 401), 429, 429])
  // The other addresses are not concerned.
  expect(scene.establish('responder', { host: '10.0.0.3' }).state()).toBe('open')
  scene.world.advance(MINUTE_MS)
  const identity = rawIdentity('rotating, later')
  expect(scene.establish('responder', { identity }).state()).toBe('open')
})

test('A6: who sends garbage in another’s name is charged, and nobody else', () => {
  const scene = startScene()
  const deliveries: unknown[] = []
  scene.ours.supervisor.topic('news').subscribe((delivery) => deliveries.push(delivery))
  const { peer } = scene.establish('responder')
  const other = scene.establish('responder', { host: '10.0.0.3', identity: OTHER })
  const made = makePublication(NETWORK, OTHER, {
    ...{ kind: 'broadcast', count: 1n, timestampMs: BigInt(scene.wallMs()) },
    ...{ topic: 'news', payload: new Uint8Array(3) },
  })
  peer.say(publicationValues({ ...made, payload: new Uint8Array(4) }))
  scene.world.advance(1_000)
  expect(scene.struck()).toEqual([`identity ${RAW.id}`])
  expect([deliveries, other.peer.heardOf(NUMBER.broadcast)]).toEqual([[], []])
  expect(other.state()).toBe('open')
})

describe('where many come through a proxy of this machine', () => {
  const PROXIED = { host: '127.0.0.1' }

  test('who forges the handshake of one of them does not keep that one out', () => {
    const scene = startScene()
    const session = scene.establish('responder', { ...PROXIED, identity: OTHER })
    for (let count = 0; count < 6; count++) expect(knock(scene, PROXIED.host)).toBe(401)
    expect([scene.struck(), scene.banned()]).toEqual([[], []])
    expect(session.state()).toBe('open')
    expect(scene.establish('responder', PROXIED).state()).toBe('open')
  })

  test('failed handshakes throttle nobody; the limits of one address hold', () => {
    const scene = startScene({ limits: { acceptedPerGroupPerMinuteMax: 50 } })
    for (let count = 0; count < 40; count++) {
      const identity = rawIdentity(`rotating ${count}`)
      expect(codeOf(scene.greet('responder', FORGED, { ...PROXIED, identity }))).toBe(401)
    }
    expect(scene.establish('responder', PROXIED).state()).toBe('open')
    for (let count = 0; count < 9; count++) scene.dial(PROXIED).peer.end()
    expect(codesOf(scene.dial(PROXIED))).toEqual([429])
  })

  test('what a verified session does is its node’s to answer for', () => {
    const scene = startScene()
    for (let count = 0; count < 3; count++) {
      const { peer } = scene.establish('responder', PROXIED)
      peer.write(peer.seal(pack([99])))
      scene.world.advance(6_000)
    }
    expect(scene.banned()).toMatchObject([{ subject: `identity ${RAW.id}` }])
    expect(codeOf(scene.greet('responder', undefined, PROXIED))).toBe(423)
    expect(scene.establish('responder', { ...PROXIED, identity: OTHER }).state()).toBe('open')
  })
})
