import { describe, expect, test } from 'vitest'
import { hexOf, sha256, u32be } from '../interop/raw-native-crypto.ts'
import { bytesIn, errorValues, NUMBER } from '../interop/raw-native-messages.ts'
import { drawnId } from '../interop/raw-native-peer.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import { OTHER, RAW, ROLES, startScene } from './native-conformance-support.ts'
import { answersOf, bytes, expectOpen, later } from './native-conformance-directs-support.ts'
import { PAYLOAD_BYTES_MAX, reconnect, responseTo } from './native-conformance-directs-support.ts'
import type { Scene } from './native-conformance-support.ts'

/** The ids under which our node asks, in the order in which it does. */
const askedIds = ({ peer }: RawStream): readonly Uint8Array[] =>
  peer.heardOf(NUMBER.direct).map(([, id]) => bytesIn(id))
const idAt = (stream: RawStream, at = 0): Uint8Array => bytesIn(askedIds(stream)[at])
/** What the application asks, and how it ends: nothing while it waits. */
function startCall(scene: Scene, payload: Uint8Array, timeoutMs?: number) {
  const ends: unknown[] = []
  scene.ours.supervisor
    .request(
      RAW.id,
      { protocol: 'test/echo', payload },
      timeoutMs === undefined ? {} : { timeoutMs },
    )
    .then(
      (answer) => ends.push(answer),
      (error: unknown) => ends.push(error),
    )
  scene.world.settle()
  return { ends }
}

describe.each(ROLES)('our node as %s asks', (role) => {
  const start = () => {
    const scene = startScene()
    return { scene, stream: scene.establish(role) }
  }

  test('D1: each call gets the response of its id, and what is empty is an answer', async () => {
    const { scene, stream } = start()
    const calls = [startCall(scene, bytes(1)), startCall(scene, bytes(2))]
    expect(stream.peer.heardOf(NUMBER.direct).map((values) => values.slice(2))).toEqual([
      ['test/echo', bytes(1), null],
      ['test/echo', bytes(2), null],
    ])
    const [one, two] = [idAt(stream, 0), idAt(stream, 1)]
    expect([one.length, two.length, hexOf(one) === hexOf(two)]).toEqual([16, 16, false])
    stream.peer.say(responseTo(two, bytes(0)), responseTo(one, bytes(3)))
    await later(scene)
    expect(calls.map(({ ends }) => ends)).toEqual([[bytes(3)], [bytes(0)]])
    // A response is never answered.
    expect(answersOf(stream)).toEqual([])
    expectOpen(scene, stream)
  })

  test('D2: 50 in parallel, answered in reverse; the 51st leaves when one is answered', async () => {
    const { scene, stream } = start()
    const calls = Array.from({ length: 51 }, (_, count) => startCall(scene, u32be(count)))
    const ids = askedIds(stream)
    expect(new Set(ids.map(hexOf)).size).toBe(50)
    for (const [at, id] of [...ids.entries()].reverse()) {
      stream.peer.say(responseTo(id, u32be(1_000 + at)))
    }
    await later(scene)
    const ends = calls.map((call) => call.ends)
    expect(ends.slice(0, 50)).toEqual(ids.map((_, at) => [u32be(1_000 + at)]))
    expect([ends[50], askedIds(stream).length]).toEqual([[], 51])
    stream.peer.say(responseTo(idAt(stream, 50), u32be(1_050)))
    await later(scene)
    expect(ends[50]).toEqual([u32be(1_050)])
    expectOpen(scene, stream)
  })

  test('D3: a direct whose session is lost is asked again with its id, and ends once', async () => {
    const { scene, stream } = start()
    const call = startCall(scene, bytes(9))
    const [direct] = stream.peer.heardOf(NUMBER.direct)
    // On a session that lives nothing is repeated, however long the answer takes.
    scene.world.advance(10_000)
    expect(stream.peer.heardOf(NUMBER.direct)).toEqual([direct])
    const second = reconnect(scene, role, stream)
    expect(second.peer.heardOf(NUMBER.direct)).toEqual([direct])
    const id = idAt(second)
    second.peer.say(responseTo(id, bytes(1)), responseTo(id, bytes(2)))
    await later(scene)
    expect(call.ends).toEqual([bytes(1)])
    const third = reconnect(scene, role, second)
    expect(third.peer.heardOf(NUMBER.direct)).toEqual([])
    expectOpen(scene, third)
  })

  test('D4: a timeout of 200 ms is kept, and a response that comes after it is ignored', async () => {
    const { scene, stream } = start()
    const call = startCall(scene, bytes(1), 200)
    scene.world.advance(199)
    await later(scene)
    expect(call.ends).toEqual([])
    scene.world.advance(1)
    await later(scene)
    expect(call.ends).toMatchObject([{ code: 'timed-out' }])
    stream.peer.say(responseTo(idAt(stream), bytes(1)))
    await later(scene)
    expect([call.ends.length, answersOf(stream)]).toEqual([1, []])
    expectOpen(scene, stream)
  })

  test('D4: what was asked for may come late as often as it likes; what was not, 20 times', async () => {
    const { scene, stream } = start()
    for (let count = 0; count < 25; count++) startCall(scene, bytes(1), 200)
    scene.world.advance(200)
    await later(scene)
    for (const id of askedIds(stream)) stream.peer.say(responseTo(id, bytes(1)))
    for (let count = 0; count < 20; count++) stream.peer.say(responseTo(drawnId(), bytes(1)))
    await later(scene)
    expect(askedIds(stream)).toHaveLength(25)
    expectOpen(scene, stream)
    stream.peer.say(errorValues(500, drawnId()))
    await later(scene)
    expect([scene.struck(), answersOf(stream)]).toEqual([[`identity ${RAW.id}`], []])
  })

  test('D5: a response, or an Error, of another peer with the same id is ignored', async () => {
    const { scene, stream } = start()
    const other = scene.establish(role, { host: '10.0.0.3', identity: OTHER })
    const call = startCall(scene, bytes(1))
    const id = idAt(stream)
    expect(askedIds(other)).toEqual([])
    other.peer.say(responseTo(id, bytes(6)), errorValues(500, id))
    await later(scene)
    expect([call.ends, answersOf(other)]).toEqual([[], []])
    stream.peer.say(responseTo(id, bytes(5)))
    await later(scene)
    expect(call.ends).toEqual([bytes(5)])
    expectOpen(scene, other)
  })

  test('D6: told 429, our node asks again with the same id, and not a moment too early', async () => {
    const { scene, stream } = start()
    const call = startCall(scene, bytes(1))
    const id = idAt(stream)
    stream.peer.say([NUMBER.error, 429, 'later', id, 4_000, null, null, null])
    scene.world.settle()
    scene.world.advance(3_999)
    await later(scene)
    expect([call.ends, askedIds(stream)]).toEqual([[], [id]])
    scene.world.advance(1)
    expect(askedIds(stream)).toEqual([id, id])
    stream.peer.say(responseTo(id, bytes(2)))
    await later(scene)
    expect(call.ends).toEqual([bytes(2)])
    expectOpen(scene, stream)
  })

  test('D7: a payload, name or metadata above its limit is refused here, and none of it is sent', async () => {
    const { scene, stream } = start()
    const before = stream.bytes().length
    const { request } = scene.ours.supervisor
    const most = { protocol: 'test/echo', payload: bytes(PAYLOAD_BYTES_MAX) }
    const refused = [
      { ...most, payload: bytes(PAYLOAD_BYTES_MAX + 1) },
      { ...most, protocol: 'ä'.repeat(64) + 'x' },
      { ...most, metadata: bytes(4_097) },
    ].map((content) => expect(request(RAW.id, content)).rejects.toThrow(/limit/))
    await later(scene)
    await Promise.all(refused)
    expect(stream.bytes().length).toBe(before)
    const call = startCall(scene, most.payload)
    const [sent] = stream.peer.heardOf(NUMBER.direct)
    // By hash: to compare a million bytes one by one takes seconds.
    const hashed = hexOf(sha256(most.payload))
    expect(hexOf(sha256(bytesIn(sent?.[3])))).toBe(hashed)
    stream.peer.say(responseTo(idAt(stream), most.payload))
    await later(scene)
    expect(call.ends.map((end) => end instanceof Uint8Array && hexOf(sha256(end)))).toEqual([
      hashed,
    ])
    expectOpen(scene, stream)
  })

  test('D8: an Error ends the call it names with its code, and not with the far side’s words', async () => {
    const { scene, stream } = start()
    const calls = [startCall(scene, bytes(1)), startCall(scene, bytes(2))]
    stream.peer.say(errorValues(500, idAt(stream)))
    await later(scene)
    const [[end] = [], others] = calls.map(({ ends }) => ends)
    expect(end).toMatchObject({ code: 'refused-by-peer' })
    expect(String(end)).toContain('500')
    expect(String(end)).not.toContain('said by a test')
    expect([others, answersOf(stream)]).toEqual([[], []])
    expectOpen(scene, stream)
  })

  test('D9: nothing is asked of a peer before it is verified', async () => {
    const scene = startScene()
    const stream = scene.meet(role)
    if (role === 'responder') stream.peer.greet()
    scene.world.settle()
    // Our listener is provisional, or our dialler has said its handshake.
    const call = startCall(scene, bytes(1))
    scene.world.advance(100)
    await later(scene)
    expect(stream.peer.heard.map(({ values: [number] }) => number)).toEqual([NUMBER.handshake])
    // Who is provisional is nobody that can be asked, and no address leads to it.
    const unknown = role === 'responder' ? [{ code: 'unknown-peer' }] : []
    expect(call.ends).toMatchObject(unknown)
    if (role === 'responder') stream.peer.confirm()
    else stream.peer.greet()
    scene.world.settle()
    expect(askedIds(stream)).toHaveLength(role === 'responder' ? 0 : 1)
    expect([stream.state(), scene.phases()]).toEqual(['open', ['active']])
  })
})
