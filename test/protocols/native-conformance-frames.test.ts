import { describe, expect, test } from 'vitest'
import { ascii, join, u32be } from '../interop/raw-native-crypto.ts'
import { drawnId } from '../interop/raw-native-peer.ts'
import { errorValues, handshakeValues, makeHandshake } from '../interop/raw-native-messages.ts'
import { NUMBER, pack } from '../interop/raw-native-messages.ts'
import type { Value } from '../interop/raw-native-messages.ts'
import { codesOf, expectRefused, NETWORK, OTHER, OURS } from './native-conformance-support.ts'
import { RAW, ROLES, startScene } from './native-conformance-support.ts'
import type { OurRole } from './native-conformance-support.ts'

const bytes = (count: number, fill = 7) => new Uint8Array(count).fill(fill)
const framed = (payload: Uint8Array) => join(u32be(payload.length), payload)

/** A handshake that a responder would take, but for what is changed in its values. */
const changed = (change: (values: Value[]) => void): Uint8Array => {
  const own = {
    ...{ role: 'dialler' as const, identity: RAW, network: NETWORK, recipientId: OURS.nodeId },
    ...{ timestampMs: 1_735_689_600_000n, ephemeralKey: RAW.publicKey, previous: undefined },
  }
  const values = [...handshakeValues(makeHandshake(own))]
  change(values)
  return framed(pack(values))
}

/** Bytes in place of a handshake, and why they cannot be one. */
const MALFORMED: readonly (readonly [string, Uint8Array])[] = [
  ['garbage', framed(bytes(100, 0xc1))],
  ['an empty frame', u32be(0)],
  ['a length of 1025, and nothing more', u32be(1_025)],
  ['a length of 2^32 - 1, and nothing more', bytes(4, 0xff)],
  ['an HTTP request', ascii('GET / HTTP/1.1\r\nHost: node\r\n\r\n')],
  ['a TLS greeting', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)],
  ['two values', framed(join(pack(errorValues(400)), pack(errorValues(400))))],
  ['an array of nothing', framed(Uint8Array.of(0x90))],
  ['number 0', framed(pack([0]))],
  ['number 15', framed(pack([15]))],
  ['number 2^64 - 1', framed(pack([2n ** 64n - 1n]))],
  ['a number that is a float', framed(Uint8Array.of(0x91, 0xca, 0x3f, 0x80, 0, 0))],
  ['a map', framed(Uint8Array.of(0x81, 1, 1))],
  ['an extension', framed(Uint8Array.of(0xd4, 1, 1))],
  ['a boolean', framed(Uint8Array.of(0xc3))],
  ['an integer alone', framed(Uint8Array.of(1))],
  ['an array said to have 2^32 - 1 values', framed(Uint8Array.of(0xdd, 255, 255, 255, 255, 1))],
  ['a handshake with a value too few', changed((values) => values.pop())],
  ['a handshake with a value too many', changed((values) => values.push(null))],
  ['a node id of 31 bytes', changed((values) => (values[5] = bytes(31)))],
  ['a public key of 34 bytes', changed((values) => (values[6] = bytes(34)))],
  ['a signature of 65 bytes', changed((values) => (values[11] = bytes(65)))],
  ['a nonce that is nil', changed((values) => (values[9] = null))],
  ['a network that is bytes', changed((values) => (values[3] = ascii(NETWORK)))],
  ['a network of 65 characters', changed((values) => (values[3] = 'n'.repeat(65)))],
  ['a major version of 65536', changed((values) => (values[1] = 65_536))],
  ['a negative timestamp', changed((values) => (values[8] = -1))],
  ['a timestamp that is a text', changed((values) => (values[8] = '1735689600000'))],
  ['a float in a handshake', changed((values) => (values[2] = 0.5))],
  ['a byte behind the handshake', framed(join(changed(() => undefined).subarray(4), bytes(1)))],
  [
    'an error with a text of 257 bytes',
    framed(pack([5, 400, 'x'.repeat(257), null, null, null, null, null])),
  ],
]

describe.each(ROLES)('our node as %s', (role) => {
  test.each(MALFORMED)('E400: %s in place of a handshake', (_, sent) => {
    const scene = startScene()
    const stream = scene.meet(role)
    stream.peer.write(sent)
    scene.world.settle()
    expectRefused(scene, stream, 400)
    expect([scene.active(), scene.phases()]).toEqual([0, []])
  })

  test.each(Object.entries(NUMBER).filter(([name]) => name !== 'handshake' && name !== 'error'))(
    'E403: a %s before the handshake, whatever its fields are',
    (_, number) => {
      const scene = startScene()
      const stream = scene.meet(role)
      stream.peer.frame(pack([number]))
      scene.world.settle()
      expectRefused(scene, stream, 403)
    },
  )

  test('E403: a whole direct, response and broadcast before the handshake', () => {
    const id = drawnId()
    for (const values of [
      [NUMBER.direct, id, 'test/echo', bytes(3), null],
      [NUMBER.response, id, bytes(3)],
      [NUMBER.broadcast, RAW.nodeId, RAW.publicKey, 1, 1, 1, 'news', bytes(3), 8, bytes(64)],
    ]) {
      const scene = startScene()
      const answered: string[] = []
      scene.ours.supervisor.answer('test/echo', () => {
        answered.push('answered')
        return Promise.resolve(undefined)
      })
      scene.ours.supervisor.topic('news').subscribe(() => answered.push('delivered'))
      const stream = scene.meet(role)
      stream.peer.frame(pack(values))
      scene.world.settle()
      expectRefused(scene, stream, 403)
      expect(answered).toEqual([])
    }
  })

  describe('E408: nobody is waited for longer than 30 s', () => {
    const expectTimeout = (drip: (scene: ReturnType<typeof startScene>) => Dripping): void => {
      const scene = startScene()
      const { stream, each } = drip(scene)
      const until = (ms: number): void => {
        while (scene.world.clock.nowMs < ms) {
          scene.world.advance(Math.min(1_000, ms - scene.world.clock.nowMs))
          if (scene.world.clock.nowMs < ms) each?.()
        }
      }
      until(29_900)
      expect([stream.state(), codesOf(stream)]).toEqual(['open', []])
      until(29_999)
      expect([stream.state(), codesOf(stream)]).toEqual(['open', []])
      until(30_001)
      expectRefused(scene, stream, 408)
      expect(stream.overMs()).toBeGreaterThanOrEqual(30_000)
      expect([scene.active(), scene.struck()]).toEqual([0, []])
    }
    interface Dripping {
      readonly stream: ReturnType<ReturnType<typeof startScene>['dial']>
      /** What it does each second. */
      readonly each?: () => void
    }

    test('a silent peer', () => {
      expectTimeout((scene) => ({ stream: scene.meet(role) }))
    })

    test('one byte a second', () => {
      expectTimeout((scene) => {
        const stream = scene.meet(role)
        const whole = changed(() => undefined)
        let sent = 0
        return {
          stream,
          each: () => {
            stream.peer.write(whole.subarray(sent, ++sent))
          },
        }
      })
    })

    test('a handshake but for its last byte', () => {
      expectTimeout((scene) => {
        const stream = scene.meet(role)
        stream.peer.write(changed(() => undefined).slice(0, -1))
        return { stream }
      })
    })
  })

  test('E410: a handshake within 5 s of a session with the same node', () => {
    const scene = startScene()
    // A dial of ours that hangs, while the same node comes in.
    const dialled = role === 'initiator' ? scene.attract() : undefined
    const first = scene.establish('responder')
    scene.world.advance(4_999)
    if (dialled === undefined) expectRefused(scene, scene.greet('responder'), 410)
    else {
      dialled.peer.greet()
      scene.world.settle()
      expectRefused(scene, dialled, 410)
    }
    expect([codesOf(first), first.state()]).toEqual([[], 'open'])
    expect([scene.active(), scene.struck()]).toEqual([1, []])
  })

  test('E503: more nonces than are remembered', () => {
    const scene = startScene({ limits: { noncesMax: 1 } })
    scene.establish(role)
    const second = scene.greet(role, undefined, { host: '10.0.0.3', identity: OTHER })
    expectRefused(scene, second, 503)
    expect([scene.active(), scene.struck()]).toEqual([1, []])
  })
})

test('E408: a handshake without a confirm', () => {
  const scene = startScene()
  const stream = scene.greet('responder')
  scene.world.advance(29_999)
  expect(stream.state()).toBe('open')
  scene.world.advance(2)
  expect(stream.state()).toBe('ended')
  // A provisional listener has keys: its Error is sealed.
  expect(stream.peer.heard.at(-1)?.isSealed).toBe(true)
  expect(codesOf(stream)).toEqual([408])
  expect([scene.active(), scene.struck(), scene.details()]).toEqual([0, [], ['handshake-timeout']])
})

describe('E423: a ban', () => {
  test('of a node is told with what is left of it, once its signature is right', () => {
    const scene = startScene()
    scene.ours.supervisor.ban(RAW.id, { ms: 100_000 })
    scene.world.advance(40_000)
    expectRefused(scene, scene.greet('responder', { form: 'high-s' }), 401)
    const stream = scene.greet('responder')
    expectRefused(scene, stream, 423)
    expect(stream.peer.errors()).toMatchObject([{ retryAfterMs: 60_000 }])
  })

  test.each<OurRole>(['responder', 'initiator'])('ends the session, as %s', (role) => {
    const scene = startScene()
    const stream = scene.establish(role)
    scene.ours.supervisor.ban(RAW.id)
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[423], 'ended'])
    expect(scene.phases()).toEqual([])
  })

  test('of a node that was dialled before it is told to its handshake', () => {
    const scene = startScene()
    const stream = scene.attract()
    scene.ours.supervisor.ban(RAW.id, { ms: 100_000 })
    stream.peer.greet()
    scene.world.settle()
    expectRefused(scene, stream, 423)
    expect(stream.peer.errors()).toMatchObject([{ retryAfterMs: 100_000 }])
  })
})
