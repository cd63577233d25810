import { describe, expect, test } from 'vitest'
import type { Asked } from '../../actors/services.ts'
import { ascii, join, u32be } from '../interop/raw-native-crypto.ts'
import { errorValues, NUMBER, pack } from '../interop/raw-native-messages.ts'
import type { Value } from '../interop/raw-native-messages.ts'
import { drawnId } from '../interop/raw-native-peer.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import { codesOf, OTHER, RAW, ROLES, startScene } from './native-conformance-support.ts'
import type { OurRole, Scene } from './native-conformance-support.ts'

const bytes = (count: number, fill = 7) => new Uint8Array(count).fill(fill)
const directTo = (
  id: Uint8Array,
  payload: Uint8Array,
  protocol = 'test/echo',
): readonly Value[] => [NUMBER.direct, id, protocol, payload, null]
const idOf = (count: number): Uint8Array => join(new Uint8Array(12), u32be(count))

/** All that the document names, and two that it does not. */
const TOLD = [400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 421, 423, 429, 503, 999, 0]

function startSession(role: OurRole, answer?: (asked: Asked) => Promise<Uint8Array | undefined>) {
  const scene = startScene()
  if (answer !== undefined) scene.ours.supervisor.answer('test/echo', answer)
  const stream = scene.establish(role)
  const { peer } = stream
  /** Handlers settle between two inputs, not within one. */
  const later = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn++) {
      scene.world.settle()
      await Promise.resolve()
    }
  }
  const answers = () =>
    peer.heard
      .filter(({ values }) => values[0] === NUMBER.response || values[0] === NUMBER.error)
      .map(({ values }) => values)
  return { scene, stream, peer, later, answers }
}

const expectOpen = (scene: Scene, stream: RawStream): void => {
  expect([stream.state(), stream.peer.problems, scene.struck()]).toEqual(['open', [], []])
  expect(scene.phases()).toEqual(['active'])
}

describe.each(ROLES)('our node as %s, in a session', (role) => {
  test('a direct is answered under its id, and without a word by an empty response', async () => {
    const { peer, later, answers } = startSession(role, ({ payload }) =>
      Promise.resolve(payload.length === 0 ? undefined : payload),
    )
    const [one, two] = [drawnId(), drawnId()]
    peer.say(directTo(one, bytes(3)), directTo(two, bytes(0)))
    await later()
    expect(answers()).toEqual([
      [NUMBER.response, one, bytes(3)],
      [NUMBER.response, two, bytes(0)],
    ])
  })

  test('our request is a direct, and takes the answer of its id alone', async () => {
    const { scene, peer } = startSession(role)
    const asked = scene.ours.supervisor.request(RAW.id, {
      protocol: 'test/echo',
      payload: bytes(2),
      metadata: bytes(1, 9),
    })
    scene.world.settle()
    const [direct] = peer.heardOf(NUMBER.direct)
    expect(direct?.slice(2)).toEqual(['test/echo', bytes(2), bytes(1, 9)])
    const id = direct?.[1] ?? null
    expect(id).toHaveLength(16)
    peer.say([NUMBER.response, drawnId(), bytes(1)])
    peer.say([NUMBER.response, id, bytes(5)])
    scene.world.settle()
    await expect(asked).resolves.toEqual(bytes(5))
  })

  test('E408: a handler that hangs is answered for at 30 s, and the session stays', async () => {
    const { scene, stream, peer, later } = startSession(role, () => new Promise(() => undefined))
    const id = drawnId()
    const beganMs = scene.world.clock.nowMs
    peer.say(directTo(id, bytes(1)))
    scene.world.advance(29_900)
    await later()
    expect(peer.errors()).toEqual([])
    scene.world.advance(beganMs + 30_001 - scene.world.clock.nowMs)
    await later()
    expect(peer.errors()).toMatchObject([{ code: 408, requestId: id }])
    expectOpen(scene, stream)
  })

  test('E413: a direct above its limit is told so under its id, and the session stays', () => {
    const { scene, stream, peer } = startSession(role, ({ payload }) => Promise.resolve(payload))
    const ids = [drawnId(), drawnId(), drawnId()]
    peer.say([NUMBER.direct, ids[0] ?? null, 'test/echo', bytes(1_048_577), null])
    peer.say([NUMBER.direct, ids[1] ?? null, 'x'.repeat(129), bytes(1), null])
    peer.say([NUMBER.direct, ids[2] ?? null, 'test/echo', bytes(1), bytes(4_097)])
    scene.world.settle()
    expect(peer.errors().map(({ code, requestId }) => [code, requestId])).toEqual(
      ids.map((id) => [413, id]),
    )
    expectOpen(scene, stream)
  })

  test('E413: a message above its limit ends the session, with a strike', () => {
    const { scene, stream, peer } = startSession(role)
    peer.say([NUMBER.message, 'test/line', bytes(1_048_577)])
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[413], 'ended'])
    expect(scene.struck()).toEqual([`identity ${RAW.id}`])
  })

  test('E413: a record that is said to be too long ends the session at once, unblamed', () => {
    const { scene, stream, peer } = startSession(role)
    peer.write(u32be(1_056_785))
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[413], 'ended'])
    expect(scene.struck()).toEqual([])
  })

  test.each<[string, Uint8Array]>([
    ['garbage', bytes(40, 0xc1)],
    ['a number that there is not', pack([15])],
    ['a direct with a value too few', pack([NUMBER.direct, bytes(16), 'test', bytes(1)])],
    ['a request id of 15 bytes', pack([NUMBER.direct, bytes(15), 'test', bytes(1), null])],
    ['a handshake', pack([NUMBER.handshake])],
    ['a second confirm', pack([NUMBER.confirm])],
    ['a message, and garbage behind it', join(pack([7, 'test', bytes(1)]), bytes(3, 0xc1))],
    ['a range that ends before it begins', pack([NUMBER.range, bytes(32), 2, 1])],
    ['runs that touch', pack([NUMBER.locator, [[bytes(32), [0, 4, 5, 9]]]])],
    ['half a run', pack([NUMBER.locator, [[bytes(32), [0, 4, 9]]]])],
  ])('E400: %s inside a record is charged to the node, and ends the session', (_, plaintext) => {
    const { scene, stream, peer } = startSession(role)
    // What is no value cannot be told apart from what comes after it: the record is the last.
    peer.write(peer.seal(plaintext))
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[400], 'ended'])
    expect(peer.heard.at(-1)?.isSealed).toBe(true)
    expect(scene.struck()).toEqual([`identity ${RAW.id}`])
  })

  test('E429: the 101st direct within 10 s is told when to come again', async () => {
    const { scene, stream, peer, later, answers } = startSession(role, ({ payload }) =>
      Promise.resolve(payload),
    )
    for (let count = 0; count < 101; count++) {
      peer.say(directTo(idOf(count), bytes(1)))
      if (count % 25 === 24) await later()
    }
    await later()
    expect(answers()).toHaveLength(101)
    const [error, ...more] = peer.errors()
    expect([error?.code, error?.requestId, more]).toEqual([429, idOf(100), []])
    expect(error?.retryAfterMs).toBeGreaterThan(0)
    scene.world.advance(error?.retryAfterMs ?? 0)
    peer.say(directTo(idOf(101), bytes(1)))
    await later()
    expect(answers().at(-1)).toEqual([NUMBER.response, idOf(101), bytes(1)])
    expectOpen(scene, stream)
  })

  test('E500: a handler that fails, and nothing of its text', async () => {
    const { scene, stream, peer, later } = startSession(role, () =>
      Promise.reject(new Error('the secret of the application')),
    )
    const id = drawnId()
    peer.say(directTo(id, bytes(1)))
    await later()
    expect(peer.errors()).toMatchObject([{ code: 500, requestId: id }])
    expect(peer.errors()[0]?.message).not.toContain('secret')
    expectOpen(scene, stream)
  })

  test('E501: a protocol that nobody handles', () => {
    const { scene, stream, peer } = startSession(role)
    const id = drawnId()
    peer.say(directTo(id, bytes(1), 'test/nobody'))
    scene.world.settle()
    expect(peer.errors()).toMatchObject([{ code: 501, requestId: id }])
    expectOpen(scene, stream)
  })

  test('E503: the 51st direct in flight', async () => {
    const { scene, stream, peer, later } = startSession(role, () => new Promise(() => undefined))
    for (let count = 0; count < 51; count++) peer.say(directTo(idOf(count), bytes(1)))
    await later()
    expect(peer.errors()).toMatchObject([{ code: 503, requestId: idOf(50) }])
    expectOpen(scene, stream)
  })

  test('a ping is answered with its id, and a second within 30 s ends the session with 429', () => {
    const { scene, stream, peer } = startSession(role)
    const id = drawnId()
    peer.say([NUMBER.ping, id])
    scene.world.advance(29_999)
    expect(peer.heardOf(NUMBER.pong)).toEqual([[NUMBER.pong, id]])
    peer.say([NUMBER.ping, drawnId()])
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[429], 'ended'])
    expect(peer.heardOf(NUMBER.pong)).toHaveLength(1)
  })

  test('EX: an Error ends a session without a word, whatever its code is', () => {
    for (const code of TOLD) {
      const { scene, stream, peer } = startSession(role)
      peer.say(errorValues(code))
      scene.world.settle()
      expect([codesOf(stream), stream.state()]).toEqual([[], 'ended'])
      expect([scene.struck(), scene.banned()]).toEqual([[], []])
    }
  })

  test('EX: an Error to a request nobody made is not answered', () => {
    const { scene, stream, peer } = startSession(role)
    peer.say(errorValues(500, drawnId()))
    scene.world.settle()
    expect(codesOf(stream)).toEqual([])
    expectOpen(scene, stream)
  })

  test('EX: an Error in place of a handshake is not answered', () => {
    const scene = startScene()
    const stream = scene.meet(role)
    stream.peer.frame(pack(errorValues(401)))
    scene.world.settle()
    expect([codesOf(stream), stream.state()]).toEqual([[], 'ended'])
    expect([scene.active(), scene.struck()]).toEqual([0, []])
  })
})

test('EX: a hundred forged Errors ban nobody, and do not shift the clock', () => {
  const scene = startScene()
  for (let count = 0; count < 100; count++) {
    const stream = scene.dial()
    const code = TOLD[count % TOLD.length] ?? 400
    stream.peer.frame(
      pack([
        NUMBER.error,
        code,
        'forged',
        null,
        86_400_000,
        9,
        9,
        BigInt(scene.wallMs()) + 3_600_000n,
      ]),
    )
    // No faster than handshakes are begun: it is not the budget that is looked at here.
    scene.world.advance(20)
    expect([codesOf(stream), stream.state()]).toEqual([[], 'ended'])
  }
  expect([scene.struck(), scene.banned()]).toEqual([[], []])
  expect(scene.establish('responder').state()).toBe('open')
  expect(scene.establish('initiator', { host: '10.0.0.3', identity: OTHER }).state()).toBe('open')
  const { theirs } = scene.hostAt('10.0.0.3').accepted.at(-1)?.peer ?? {}
  expect(theirs?.timestampMs).toBe(BigInt(scene.wallMs()))
})

test('a record that ends in the middle of a text is what a session ends with, not a fault', () => {
  const { scene, stream, peer } = startSession('responder')
  peer.write(peer.seal(join(Uint8Array.of(0x93, 7, 0xd9, 20), ascii('short'))))
  scene.world.settle()
  expect([codesOf(stream), stream.state()]).toEqual([[400], 'ended'])
  expect(scene.ours.eventsOf('fault')).toEqual([])
})
