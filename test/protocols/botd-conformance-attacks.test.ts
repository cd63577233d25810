import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import type { InitMessage } from '../../codec/botd/messages.ts'
import { botd } from '../../protocols/botd.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { inlineJobs } from '../../transport/jobs.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'
import {
  addressOf,
  OTHER,
  OURS,
  personOf,
  plainFrame,
  RAW,
  ROLES,
  startHost,
  startScene,
} from './botd-raw.ts'

describe('the other side is waited for 10 s', () => {
  test('T1: for an Init, of which nothing comes', () => {
    const scene = startScene()
    const raw = scene.dial()
    scene.world.advance(9_990)
    expect(raw.state()).toBe('open')
    scene.world.advance(20)
    expect(scene.details()).toEqual(['no-init'])
    expect(raw.came()).toHaveLength(0)
  })

  test('T2: for an Init that comes a byte in 2 s', () => {
    const scene = startScene()
    const raw = scene.dial()
    const frame = plainFrame(encodeInit(raw.initOf()))
    for (const at of [0, 1, 2, 3, 4]) {
      raw.write(frame.slice(at, at + 1))
      scene.world.advance(2_000)
    }
    scene.world.advance(10)
    expect(scene.details()).toEqual(['no-init'])
  })

  test('T3: for an Ack', () => {
    const scene = startScene()
    const raw = scene.attract()
    scene.world.advance(9_990)
    expect(raw.state()).toBe('open')
    scene.world.advance(20)
    expect(scene.details()).toEqual(['no-ack'])
  })

  test.each(ROLES)('T4: for something sealed, as %s', (role) => {
    const scene = startScene()
    const raw = scene.agree(role)
    scene.world.advance(9_990)
    expect(raw.state()).toBe('open')
    scene.world.advance(20)
    expect(scene.details()).toEqual(['no-confirm'])
    expect(scene.active()).toBe(0)
  })
})

/** What is secret of sessions, as the cryptography sees it: private keys, shared points, derived keys. */
function watchedCrypto() {
  const noble = nobleCrypto()
  const secrets: Uint8Array[] = []
  const seen = <Bytes extends Uint8Array | undefined>(bytes: Bytes): Bytes => {
    if (bytes !== undefined) secrets.push(bytes)
    return bytes
  }
  const cryptoBackend: CryptoBackend = {
    ...noble,
    publicKeyOf: (privateKey) => noble.publicKeyOf(seen(privateKey)),
    hkdfSha256: (...given) => seen(noble.hkdfSha256(...given)),
    sharedX: (privateKey, publicKey) => seen(noble.sharedX(seen(privateKey), publicKey)),
  }
  return { cryptoBackend, secrets }
}

describe.each(ROLES)('T5: when a connection that our node has as %s is over', (role) => {
  test.each(['met', 'agreed', 'established'] as const)(
    'once it was %s, nothing is held and every secret is overwritten',
    (how) => {
      const { cryptoBackend, secrets } = watchedCrypto()
      const scene = startScene({ cryptoBackend })
      const raw =
        how === 'met'
          ? scene.meet(role)
          : how === 'agreed'
            ? scene.agree(role)
            : scene.establish(role)
      // A listener that was only met has drawn nothing yet.
      expect(secrets.length > 0).toBe(how !== 'met' || role === 'dialler')
      const { supervisor } = scene.ours
      supervisor.disconnect(supervisor.connections()[0]?.name ?? '')
      scene.world.advance(500)
      expect(raw.state()).toBe('ended')
      expect(supervisor.audit()).toMatchObject({ streams: 0, connections: 0, pending: 0 })
      expect(supervisor.audit().remembered).toMatchObject({ exchanges: 0 })
      expect(secrets.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([])
    },
  )
})

describe.each(ROLES)('T5: when a connection ends under a job of our node as %s', (role) => {
  test.each([0, 1, 2])('of which %i before it are done, every secret is overwritten', (done) => {
    const { cryptoBackend, secrets } = watchedCrypto()
    const held: (() => void)[] = []
    const jobs = inlineJobs(cryptoBackend, { later: (run) => held.push(run), sliceMs: 0 })
    const scene = startScene({ cryptoBackend, jobs })
    const perform = (count: number): void => {
      for (; count > 0; count--) {
        held.shift()?.()
        scene.world.settle()
      }
    }
    const raw = role === 'acceptor' ? scene.dial() : startDialOf(scene)
    if (role === 'acceptor') raw.greet()
    else if (done > 0) {
      perform(1)
      raw.greet()
      scene.world.settle()
    }
    perform(role === 'acceptor' ? done : done - 1)
    const { supervisor } = scene.ours
    expect([held.length, supervisor.audit().questions]).toEqual([1, 1])
    supervisor.disconnect(supervisor.connections()[0]?.name ?? '')
    scene.world.settle()
    perform(1)
    scene.world.advance(100)
    expect(supervisor.audit()).toMatchObject({ connections: 0, questions: 0 })
    expect(supervisor.audit().remembered).toMatchObject({ exchanges: 0 })
    // A listener that checks a signature has drawn nothing yet.
    expect(secrets.length > 0).toBe(role === 'dialler' || done > 0)
    expect(secrets.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([])
  })

  /** Our node dials, and has still to sign its Init. */
  const startDialOf = (scene: ReturnType<typeof startScene>) => {
    const place = scene.hostAt('10.0.0.2')
    place.listen()
    scene.ours.supervisor.connect(addressOf(RAW, '10.0.0.2')).catch(() => undefined)
    scene.world.advance(1)
    const [raw] = place.accepted
    if (raw === undefined) throw new Error('our node did not dial')
    return raw
  }
})

test('T5: keys that are derived for a session that was left meanwhile are not made', () => {
  const { cryptoBackend, secrets } = watchedCrypto()
  const held: (() => void)[] = []
  const jobs = inlineJobs(cryptoBackend, { later: (run) => held.push(run), sliceMs: 0 })
  const scene = startScene({ cryptoBackend, jobs })
  const perform = (): void => {
    held.shift()?.()
  }
  scene.dial().greet()
  perform()
  scene.world.settle()
  perform()
  // Our Ack is signed and still on its way out: the connection lives on until it has left.
  const { supervisor } = scene.ours
  supervisor.disconnect(supervisor.connections()[0]?.name ?? '')
  expect([scene.phases(), held.length]).toEqual([['closing'], 1])
  perform()
  scene.world.advance(2_000)
  expect(supervisor.audit()).toMatchObject({ connections: 0, questions: 0 })
  expect(secrets.length).toBeGreaterThan(2)
  expect(secrets.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([])
})

test('T5: a stopped node holds nothing', async () => {
  const scene = startScene()
  scene.establish()
  scene.dial('10.0.0.3')
  const stopped = scene.ours.supervisor.stop()
  scene.world.advance(5_000)
  await stopped
  expect(scene.ours.supervisor.audit()).toMatchObject(NOTHING_HELD)
})

test('T6: so many that came in are kept, and one more is told that there is no room', () => {
  const scene = startScene({ limits: { inboundMax: 3 } })
  const at = (count: number) => `10.1.${String(count)}.1`
  const raws = [0, 1, 2, 3, 4].map((count) =>
    scene.establish('acceptor', at(count), personOf(at(count))),
  )
  scene.world.settle()
  expect(raws.map((raw) => raw.state())).toEqual(['open', 'open', 'open', 'ended', 'ended'])
  expect(raws[3]?.read().at(-1)).toMatchObject({ type: 'disconnecting', reason: 6 })
  expect(scene.details()).toEqual(['slots-full', 'slots-full'])
  // Its next session takes the place of the one that it has, and no other one.
  const again = scene.establish('acceptor', at(0), personOf(at(0)))
  scene.world.advance(6_000)
  const later = scene.establish('acceptor', at(1), personOf(at(1)))
  scene.world.settle()
  expect([again.state(), later.state()]).toEqual(['ended', 'open'])
  raws[2]?.end()
  scene.world.settle()
  const newcomer = scene.establish('acceptor', at(5), personOf(at(5)))
  expect([newcomer.state(), scene.phases().length]).toEqual(['open', 3])
})

test('T6: one address with ever new keys takes half of the places, and others come in beside it', () => {
  const scene = startScene({ closeOnMissingPong: false })
  const many = Array.from({ length: 60 }, (_, count) => personOf(`many ${String(count)}`))
  for (const person of many) {
    const raw = scene.dial('10.0.0.66', person)
    raw.greet()
    scene.world.settle()
    if (raw.came().length > 0) {
      raw.agree()
      raw.confirm()
    }
    scene.world.advance(1_100)
  }
  expect(scene.phases()).toHaveLength(25)
  const raw = scene.establish('acceptor', '10.0.0.3', OTHER)
  expect([raw.state(), scene.phases().length]).toEqual(['open', 26])
})

test('T6: a thousand half-open connections of one address keep nobody else out', () => {
  const scene = startScene()
  const host = scene.hostAt('10.0.0.66')
  let most = 0
  for (let count = 0; count < 1_000; count++) {
    host.dial()
    most = Math.max(most, scene.ours.supervisor.connections().length)
  }
  expect(most).toBeLessThanOrEqual(64)
  scene.establish('acceptor', '10.0.0.3', OTHER)
  expect(scene.active()).toBe(1)
})

describe('denial of service: of one address ten connections come in within 10 s', () => {
  test('the next is refused at the accept, and one that comes 10 s later is let in', () => {
    const scene = startScene()
    const place = scene.hostAt('10.0.0.66')
    for (let count = 0; count < 11; count++) {
      place.dial().end()
      scene.world.advance(1)
    }
    const { eventsOf } = scene.ours
    expect(eventsOf('connection.started')).toHaveLength(10)
    expect(eventsOf('connection.refused').map(({ why }) => why)).toEqual(['rate'])
    scene.establish('acceptor', '10.0.0.3', OTHER)
    scene.world.advance(10_000)
    scene.establish('acceptor', '10.0.0.66')
    expect(scene.active()).toBe(2)
  })

  test('addresses of the same 64 bits of IPv6 count as one', () => {
    const world = startVirtualWorld({ seed: 'prefixes' })
    const at = '2001:db8::1'
    const { privateKey } = OURS
    const ours = startNode(world, 'ours', at, botd({ privateKey }), { listen: [`[${at}]:9945`] })
    const refusedOf = (host: string, count: number) => {
      const place = startHost(world, host, RAW)
      for (let number = 0; number < count; number++) {
        place.dial(at).end()
        world.advance(1)
      }
      const refused = ours.eventsOf('connection.refused')
      return refused.filter(({ remote }) => remote.host === host).map(({ why }) => why)
    }
    expect(refusedOf('2001:db8:0:1::1', 10)).toEqual([])
    expect(refusedOf('2001:db8:0:1::2', 1)).toEqual(['rate'])
    expect(refusedOf('2001:db8:0:2::1', 1)).toEqual([])
    expect(ours.eventsOf('connection.started')).toHaveLength(11)
  })
})

describe('a recorded handshake', () => {
  test('A1: its Init is refused on a new connection', () => {
    const scene = startScene()
    const first = scene.establish()
    const copy = scene.dial('10.0.0.66')
    copy.greet(encodeInit(first.initOf()))
    expect(scene.details()).toEqual(['replayed-init'])
    expect(copy.came()).toHaveLength(0)
    expect(first.state()).toBe('open')
  })

  test('A1: where it is not remembered, its Init leads to nothing and disturbs nobody', () => {
    const scene = startScene({ limits: { initsMax: 0 } })
    const first = scene.establish()
    const copy = scene.dial('10.0.0.66')
    copy.greet(encodeInit(first.initOf()))
    scene.world.advance(9_900)
    expect(copy.state()).toBe('open')
    scene.world.advance(200)
    expect(scene.details()).toEqual(['no-confirm'])
    expect(scene.active()).toBe(1)
    expect(first.state()).toBe('open')
  })

  test('A1: its Init is remembered for ten minutes, and only where its signature was right', () => {
    const scene = startScene()
    const first = scene.dial()
    const init = first.initOf()
    first.greet(encodeInit({ ...init, signature: new Uint8Array(64).fill(1) }))
    const second = scene.dial()
    second.greet(encodeInit(init))
    scene.world.advance(599_000)
    scene.dial().greet(encodeInit(init))
    scene.world.advance(2_000)
    scene.dial().greet(encodeInit(init))
    scene.world.advance(11_000)
    expect(scene.details()).toEqual([
      ...['invalid-signature', 'no-confirm', 'replayed-init', 'no-confirm'],
    ])
  })

  test('A2: its Ack to a new Init, with the id patched, confirms nobody', () => {
    const scene = startScene()
    const first = scene.attract()
    const recorded = first.ackOf()
    first.end()
    // It dials again by itself, with a new Init.
    const { accepted } = scene.hostAt('10.0.0.2')
    scene.world.runUntil(() => accepted.length > 1, { withinMs: 10_000 })
    scene.world.settle()
    const again = accepted[1] ?? first
    expect(again.initHeard().ephemeralKey).not.toEqual(first.initHeard().ephemeralKey)
    const { id } = again.initHeard()
    again.greet(encodeAck({ ...recorded, initId: id }))
    scene.world.advance(500)
    expect(scene.active()).toBe(0)
    expect(scene.phases()).toContain('handshaking')
    scene.world.advance(10_000)
    expect(scene.details()).toContain('no-confirm')
    expect(scene.active()).toBe(0)
  })

  test('A3: its Ack, sent as an Init to the other party, confirms nobody', () => {
    const scene = startScene()
    const first = scene.attract()
    const { ephemeralKey, signature } = first.ackOf()
    const raw = scene.dial('10.0.0.66')
    raw.greet(encodeInit(raw.initOf({ ephemeralKey, signature })))
    scene.world.advance(9_900)
    expect(scene.active()).toBe(0)
    expect(raw.came().length).toBeGreaterThan(0)
    scene.world.advance(200)
    expect(scene.details()).toContain('no-confirm')
    expect(scene.active()).toBe(0)
  })
})

test('A4: where an unknown field of Init is changed in flight the keys differ, and both leave', () => {
  const scene = startScene()
  const raw = scene.dial()
  const init = encodeInit(raw.initOf())
  const unknown = (byte: number) => concatBytes(init, Uint8Array.of(0xa2, 0x06, 1, byte))
  raw.greet(unknown(1))
  // As it was said; what came is another.
  raw.saidInstead(unknown(2))
  expect(() => {
    raw.agree()
  }).toThrow('record-unauthentic')
  raw.confirm()
  expect(scene.details()).toEqual(['record-unauthentic'])
  expect(scene.active()).toBe(0)
})

test('A5: an Init that comes back to its sender is refused', () => {
  const scene = startScene()
  const out = scene.attract()
  const own = out.initHeard()
  const back = scene.dial('10.0.0.66')
  back.greet(encodeInit(own))
  // With the recipient changed to us, it is our own key that sends.
  const changed = scene.dial('10.0.0.66')
  changed.greet(encodeInit({ ...own, recipientKey: OURS.publicKey }))
  expect(scene.details()).toEqual(['wrong-recipient', 'own-key'])
})

describe('who comes four times with an Init', () => {
  const comesWith = (change: Partial<InitMessage>) => {
    const scene = startScene()
    for (let count = 0; count < 4; count++) {
      const raw = scene.dial()
      raw.greet(encodeInit(raw.initOf(change)))
      scene.world.advance(5_000)
    }
    const good = scene.dial()
    good.greet()
    scene.world.settle()
    return { details: scene.details(), cameBytes: good.came().length }
  }

  test('to a key that we had once is no worse off: the address is old, and the peer honest', () => {
    const { cameBytes, details } = comesWith({ recipientKey: OTHER.publicKey })
    expect(details).toEqual(Array(4).fill('wrong-recipient'))
    expect(cameBytes).toBeGreaterThan(0)
  })

  test('that he did not sign is let in no more', () => {
    const { cameBytes, details } = comesWith({ signature: new Uint8Array(64).fill(1) })
    expect(details).toContain('invalid-signature')
    expect(cameBytes).toBe(0)
  })
})

test('G9: of two that dial each other at once one session stays, the same on both sides', () => {
  const world = startVirtualWorld({ seed: 'crossing' })
  const start = (name: string, host: string, { privateKey }: typeof OURS) =>
    startNode(world, name, host, botd({ privateKey }))
  const [one, other] = [start('one', '10.0.0.1', OURS), start('other', '10.0.0.2', RAW)]
  one.supervisor.connect(addressOf(RAW, '10.0.0.2')).catch(() => undefined)
  other.supervisor.connect(addressOf(OURS, '10.0.0.1')).catch(() => undefined)
  world.advance(5_000)
  const sessions = [one, other].map(({ supervisor }) => supervisor.connections())
  expect(sessions.map(({ length }) => length)).toEqual([1, 1])
  const facts = sessions.map(([session]) => session?.facts)
  const idOf = (fact: unknown): unknown =>
    typeof fact === 'object' && fact !== null && 'sessionId' in fact ? fact.sessionId : undefined
  expect(idOf(facts[0])).toBeDefined()
  expect(idOf(facts[0])).toBe(idOf(facts[1]))
  // Of the dialler with the smaller key.
  const isOurs = Buffer.compare(OURS.publicKey, RAW.publicKey) < 0
  expect(sessions[0]?.[0]?.role).toBe(isOurs ? 'dialler' : 'listener')
})

describe.each([
  ['of this machine, where a proxy hands over whoever comes', '127.0.0.1'],
  ['that many may have', '10.0.0.66'],
])('at an address %s', (_, host) => {
  test('a stranger that says rubbish ends nobody’s session, and keeps nobody out', () => {
    const scene = startScene()
    const session = scene.establish('acceptor', host)
    for (let count = 0; count < 6; count++) scene.dial(host).write(new Uint8Array(8))
    expect(scene.details()).toEqual(Array.from({ length: 6 }, () => 'frame-length'))
    expect([scene.ours.eventsOf('peer.struck'), scene.ours.supervisor.bans()]).toEqual([[], []])
    expect(session.state()).toBe('open')
    expect(scene.establish('acceptor', host, OTHER).state()).toBe('open')
  })
})

test.each([
  ['127.0.0.1', 0],
  ['10.0.0.66', 1],
])('who forges the Init of another at %s: so many bans of that claim follow: %d', (host, bans) => {
  const scene = startScene()
  for (let count = 0; count < 3; count++) {
    const raw = scene.dial(host)
    raw.greet(encodeInit(raw.initOf({}, OTHER)))
  }
  expect(scene.details()).toEqual(Array.from({ length: 3 }, () => 'invalid-signature'))
  expect(scene.ours.supervisor.bans()).toHaveLength(bans)
})
