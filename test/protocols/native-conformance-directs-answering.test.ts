import { describe, expect, test } from 'vitest'
import type { Asked } from '../../actors/services.ts'
import { join, u32be } from '../interop/raw-native-crypto.ts'
import { NUMBER, pack } from '../interop/raw-native-messages.ts'
import { drawnId } from '../interop/raw-native-peer.ts'
import { codesOf, expectRefused, OTHER, ROLES, startScene } from './native-conformance-support.ts'
import { answersOf, bytes, expectOpen, later } from './native-conformance-directs-support.ts'
import {
  directTo,
  PAYLOAD_BYTES_MAX,
  reconnect,
  responseTo,
} from './native-conformance-directs-support.ts'
import type { Scene } from './native-conformance-support.ts'

const idOf = (count: number): Uint8Array => join(new Uint8Array(12), u32be(count))

/** A handler that answers when the test says so, in any order. */
function startHandler(scene: Scene) {
  const asked: Asked[] = []
  const answers: ((payload: Uint8Array | undefined) => void)[] = []
  scene.ours.supervisor.answer('test/echo', (given) => {
    asked.push(given)
    return new Promise((resolve) => answers.push(resolve))
  })
  return {
    asked,
    answer(at: number, payload: Uint8Array | undefined) {
      const answer = answers[at]
      if (answer === undefined) throw new Error(`the handler was not asked ${at + 1} times`)
      answer(payload)
    },
  }
}

describe.each(ROLES)('our node as %s is asked', (role) => {
  const start = () => {
    const scene = startScene()
    const handler = startHandler(scene)
    return { scene, handler, stream: scene.establish(role) }
  }

  test('D1: by one response with the id, empty where the handler has nothing to say', async () => {
    const { handler, scene, stream } = start()
    const ids = [drawnId(), drawnId()] as const
    stream.peer.say([NUMBER.direct, ids[0], 'test/echo', bytes(3), bytes(2, 1)])
    stream.peer.say(directTo(ids[1], bytes(0)))
    scene.world.settle()
    expect(handler.asked).toMatchObject([
      { protocol: 'test/echo', payload: bytes(3), metadata: bytes(2, 1) },
      { protocol: 'test/echo', payload: bytes(0), metadata: undefined },
    ])
    handler.answer(1, undefined)
    await later(scene)
    handler.answer(0, bytes(4))
    await later(scene)
    expect(answersOf(stream)).toEqual([responseTo(ids[1], bytes(0)), responseTo(ids[0], bytes(4))])
    expectOpen(scene, stream)
  })

  test('D2: 50 at once, and each response leaves when its handler is done', async () => {
    const { handler, scene, stream } = start()
    const ids = Array.from({ length: 50 }, (_, count) => idOf(count))
    for (const id of ids) stream.peer.say(directTo(id, id))
    scene.world.settle()
    expect(handler.asked.map(({ payload }) => payload)).toEqual(ids)
    const reversed = [...ids.entries()].reverse()
    for (const [at] of reversed) {
      handler.answer(at, u32be(at))
      await later(scene)
    }
    expect(answersOf(stream)).toEqual(reversed.map(([at, id]) => responseTo(id, u32be(at))))
    expectOpen(scene, stream)
  })

  test('D3: a direct that comes again while its handler is at work is answered once, where it came last', async () => {
    const { handler, scene, stream } = start()
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    scene.world.settle()
    const second = reconnect(scene, role, stream)
    second.peer.say(directTo(id, bytes(1)))
    scene.world.settle()
    expect(answersOf(second)).toEqual([])
    handler.answer(0, bytes(2))
    await later(scene)
    expect(handler.asked).toHaveLength(1)
    expect([answersOf(stream), answersOf(second)]).toEqual([[], [responseTo(id, bytes(2))]])
    expectOpen(scene, second)
  })

  test('D3: an answer that was lost is given again for 60 s, without the handler; then 408', async () => {
    const { handler, scene, stream } = start()
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    scene.world.settle()
    handler.answer(0, bytes(2))
    await later(scene)
    const answeredMs = scene.world.clock.nowMs
    const second = reconnect(scene, role, stream)
    scene.world.advance(59_999 - (scene.world.clock.nowMs - answeredMs))
    second.peer.say(directTo(id, bytes(1)))
    await later(scene)
    expect([handler.asked.length, answersOf(second)]).toEqual([1, [responseTo(id, bytes(2))]])
    scene.world.advance(1)
    second.peer.say(directTo(id, bytes(1)))
    await later(scene)
    expect(handler.asked).toHaveLength(1)
    expect(second.peer.errors()).toMatchObject([{ code: 408, requestId: id }])
    expectOpen(scene, second)
  })

  test('D3: the same id of another peer is another direct', async () => {
    const { handler, scene, stream } = start()
    const other = scene.establish(role, { host: '10.0.0.3', identity: OTHER })
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    other.peer.say(directTo(id, bytes(2)))
    scene.world.settle()
    handler.answer(0, bytes(3))
    handler.answer(1, bytes(4))
    await later(scene)
    expect([answersOf(stream), answersOf(other)]).toEqual([
      [responseTo(id, bytes(3))],
      [responseTo(id, bytes(4))],
    ])
  })

  test('D4: 408 is the one answer of a handler that is too late', async () => {
    const { handler, scene, stream } = start()
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    scene.world.settle()
    scene.world.advance(30_000)
    handler.answer(0, bytes(2))
    await later(scene)
    expect(stream.peer.errors()).toMatchObject([{ code: 408, requestId: id }])
    expect(answersOf(stream)).toHaveLength(1)
    expectOpen(scene, stream)
  })

  test('D6: 429 for the 101st within 10 s, and the first after the window is handled', async () => {
    const scene = startScene()
    scene.ours.supervisor.answer('test/echo', ({ payload }) => Promise.resolve(payload))
    const stream = scene.establish(role)
    for (let count = 0; count < 100; count++) {
      stream.peer.say(directTo(idOf(count), bytes(1)))
      await later(scene)
    }
    scene.world.advance(9_999)
    stream.peer.say(directTo(idOf(100), bytes(1)))
    await later(scene)
    expect(answersOf(stream)).toHaveLength(101)
    expect(stream.peer.errors()).toMatchObject([
      { code: 429, requestId: idOf(100), retryAfterMs: 1 },
    ])
    scene.world.advance(1)
    stream.peer.say(directTo(idOf(100), bytes(2)))
    await later(scene)
    expect(answersOf(stream).at(-1)).toEqual(responseTo(idOf(100), bytes(2)))
    expectOpen(scene, stream)
  })

  test('D7: an answer above the limit of a payload is not sent: 500', async () => {
    const { handler, scene, stream } = start()
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    scene.world.settle()
    handler.answer(0, bytes(PAYLOAD_BYTES_MAX + 1))
    await later(scene)
    expect(stream.peer.errors()).toMatchObject([{ code: 500, requestId: id }])
    expect(answersOf(stream)).toHaveLength(1)
    expectOpen(scene, stream)
  })

  test.each<[string, () => Promise<Uint8Array | undefined>]>([
    ['rejects', () => Promise.reject(new Error('the secret of the application'))],
    [
      'throws',
      () => {
        throw new Error('the secret of the application')
      },
    ],
  ])('D8: a handler that %s is a 500 under the id, without its text', async (_, handler) => {
    const scene = startScene()
    scene.ours.supervisor.answer('test/echo', handler)
    const stream = scene.establish(role)
    const id = drawnId()
    stream.peer.say(directTo(id, bytes(1)))
    await later(scene)
    expect(stream.peer.errors()).toMatchObject([{ code: 500, requestId: id }])
    expect(stream.peer.errors()[0]?.message).not.toMatch(/secret|application/)
    expect(answersOf(stream)).toHaveLength(1)
    // The application itself is told what it failed with.
    expect(scene.ours.eventsOf('fault')).toMatchObject([{ where: 'handler' }])
    expect([stream.state(), stream.peer.problems, scene.struck()]).toEqual(['open', [], []])
  })

  test('D9: a direct in place of the handshake is told 403, and reaches no handler', () => {
    const scene = startScene()
    const handler = startHandler(scene)
    const stream = scene.meet(role)
    stream.peer.frame(pack(directTo(drawnId(), bytes(1))))
    scene.world.settle()
    expectRefused(scene, stream, 403)
    expect(handler.asked).toEqual([])
  })

  test('D9: a direct of whoever has no keys, behind a handshake, ends it without a word', () => {
    const scene = startScene()
    const handler = startHandler(scene)
    const stream = scene.greet(role)
    const direct = pack(directTo(drawnId(), bytes(1)))
    stream.peer.write(join(u32be(direct.length), direct))
    scene.world.settle()
    expect([codesOf(stream), stream.state(), handler.asked]).toEqual([[], 'ended', []])
  })
})

test('D9: a sealed direct in place of the confirm proves as much, and is handled', async () => {
  const scene = startScene()
  const handler = startHandler(scene)
  const stream = scene.greet('responder')
  expect(scene.active()).toBe(0)
  const id = drawnId()
  stream.peer.say(directTo(id, bytes(1)))
  scene.world.settle()
  handler.answer(0, bytes(2))
  await later(scene)
  expect([scene.active(), answersOf(stream)]).toEqual([1, [responseTo(id, bytes(2))]])
})
