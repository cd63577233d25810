import { describe, expect, test } from 'vitest'
import { rawIdentity } from '../interop/raw-native-messages.ts'
import type { RawIdentity } from '../interop/raw-native-messages.ts'
import { errorValues, pack } from '../interop/raw-native-messages.ts'
import { addressOf, codesOf, expectRefused, RAW, seatOf } from './native-conformance-support.ts'
import { startScene } from './native-conformance-support.ts'
import type { Scene } from './native-conformance-support.ts'

const hostOf = (count: number) => `10.1.${count}.1`
const person = (count: number): RawIdentity => rawIdentity(`person ${count}`)

describe('limits', () => {
  test('L1: the 26th inbound session gets 503, the others stay; one that closes frees its place', () => {
    const scene = startScene()
    const sessions = Array.from({ length: 25 }, (_, count) =>
      scene.establish('responder', { host: hostOf(count), identity: person(count) }),
    )
    const late = { host: hostOf(25), identity: person(25) }
    const refused = scene.greet('responder', undefined, late)
    expectRefused(scene, refused, 503)
    expect(scene.struck()).toEqual([])
    scene.world.advance(1_000)
    expect(sessions.map((session) => session.state())).toEqual(sessions.map(() => 'open'))
    sessions[7]?.peer.end()
    scene.world.settle()
    expect(scene.establish('responder', late).state()).toBe('open')
    expect(scene.phases()).toHaveLength(25)
  })

  test('L1: of handshakes that all found room at once, those that find none are told 503', () => {
    const scene = startScene({ limits: { inboundMax: 3 } })
    const [first, ...late] = [0, 1, 2, 3, 4].map((count) =>
      scene.greet('responder', undefined, { host: hostOf(count), identity: person(count) }),
    )
    first?.peer.confirm()
    for (const stream of late) stream.peer.confirm()
    scene.world.settle()
    expect(late.map((stream) => stream.state())).toEqual(['open', 'open', 'ended', 'ended'])
    expect(late.slice(2).map(codesOf)).toEqual([[503], [503]])
    expect([scene.details(), scene.struck()]).toEqual([['slots-full', 'slots-full'], []])
    expect([first?.state(), scene.phases()]).toEqual(['open', ['active', 'active', 'active']])
    // Whoever comes back takes the place of its own session, and no other one.
    scene.world.advance(5_000)
    const again = scene.establish('responder', { host: hostOf(9), identity: person(0) })
    scene.world.settle()
    expect([first?.state(), again.state(), scene.phases().length]).toEqual(['ended', 'open', 3])
  })

  test('L2: silent connections do not lock out who has something to say', () => {
    const scene = startScene()
    const silent = Array.from({ length: 25 }, (_, count) => scene.dial({ host: hostOf(count) }))
    // Once it is a second old, one of them makes room.
    scene.world.advance(1_000)
    expect(scene.establish('responder', { host: '10.2.0.1' }).state()).toBe('open')
    expect(silent.filter((stream) => stream.state() === 'open')).toHaveLength(24)
    scene.world.advance(29_001)
    expect(silent.filter((stream) => stream.state() === 'open')).toEqual([])
    expect(scene.phases()).toEqual(['active'])
    // All places are free again.
    const again = Array.from({ length: 24 }, (_, count) =>
      scene.establish('responder', { host: hostOf(count + 30), identity: person(count) }),
    )
    expect(again.map((stream) => stream.state())).toEqual(again.map(() => 'open'))
  })

  test('L3: a second connection of one id within 5 s is told 410, and it is no strike', () => {
    const scene = startScene()
    const first = scene.establish('responder')
    const second = scene.greet('responder', undefined, { host: '10.0.0.3' })
    expect([codesOf(second), second.state()]).toEqual([[410], 'ended'])
    expect([first.state(), scene.struck(), scene.phases()]).toEqual(['open', [], ['active']])
  })

  test('L3: after that it has proven that it is there, and replaces the first', () => {
    const scene = startScene()
    const first = scene.establish('responder')
    scene.world.advance(5_000)
    const second = scene.establish('responder', { host: '10.0.0.3' })
    scene.world.settle()
    expect([codesOf(first), first.state()]).toEqual([[410], 'ended'])
    expect([second.state(), scene.phases()]).toEqual(['open', ['active']])
  })

  test('L3: a handshake alone, which may be a copy, displaces nobody', () => {
    const scene = startScene()
    const first = scene.establish('responder')
    scene.world.advance(5_000)
    const second = scene.greet('responder', undefined, { host: '10.0.0.3' })
    scene.world.advance(29_000)
    expect([first.state(), second.state()]).toEqual(['open', 'open'])
    scene.world.advance(1_001)
    expect([first.state(), second.state(), codesOf(second)]).toEqual(['open', 'ended', [408]])
  })

  test('L4: a flood of connections that come in leaves our own dials working', () => {
    const scene = startScene()
    for (let count = 0; count < 60; count++) scene.dial({ host: hostOf(count) })
    const dialled = scene.establish('initiator', { host: '10.3.0.1', identity: RAW })
    expect(dialled.state()).toBe('open')
    expect(scene.ours.eventsOf('connection.active')).toMatchObject([
      { role: 'dialler', identity: RAW.id },
    ])
  })

  test('nine silent connections of one address are one too many', () => {
    const scene = startScene()
    const silent = Array.from({ length: 9 }, () => scene.dial())
    expect(silent.map((stream) => stream.state())).toEqual([
      ...Array.from({ length: 8 }, () => 'open'),
      'ended',
    ])
    expect(codesOf(silent.at(-1) ?? scene.dial())).toEqual([503])
    expect(scene.ours.eventsOf('connection.refused')).toMatchObject([{ why: 'group-full' }])
  })
})

describe('at accept', () => {
  test('E423: a banned address is told so, with what is left of the ban, and nothing is read', () => {
    const scene = startScene()
    scene.ours.supervisor.ban('10.0.0.2', { ms: 100_000 })
    scene.world.advance(40_000)
    const stream = scene.dial()
    stream.peer.greet()
    scene.world.settle()
    expect(stream.peer.errors()).toMatchObject([{ code: 423, retryAfterMs: 60_000 }])
    expect(stream.state()).toBe('ended')
    expect(scene.ours.eventsOf('connection.started')).toEqual([])
    scene.ours.supervisor.ban('10.0.0.2')
    const [error] = scene.dial().peer.errors()
    expect([error?.code, error?.retryAfterMs]).toEqual([423, 86_400_000])
  })

  test('E429: more streams of one address than may come in within a minute', () => {
    const scene = startScene({ limits: { acceptedPerGroupPerMinuteMax: 3 } })
    const streams = Array.from({ length: 4 }, () => scene.dial())
    expect(streams.map((stream) => codesOf(stream))).toEqual([[], [], [], [429]])
    expect(streams.at(-1)?.peer.errors()).toMatchObject([{ retryAfterMs: 60_000 }])
  })

  test('of a flood so many are told, and all are gone when they have had time to read it', () => {
    const scene = startScene()
    scene.ours.supervisor.ban('10.0.0.2')
    const streams = Array.from({ length: 70 }, () => scene.dial())
    expect(streams.filter((stream) => codesOf(stream)[0] === 423)).toHaveLength(64)
    expect(scene.ours.supervisor.audit().streams).toBe(64)
    scene.world.advance(1_000)
    expect(scene.ours.supervisor.audit().streams).toBe(0)
    expect(codesOf(scene.dial())).toEqual([423])
  })

  test('a stop closes whom it is still telling', async () => {
    const scene = startScene()
    scene.ours.supervisor.ban('10.0.0.2')
    scene.dial()
    const stopped = scene.ours.supervisor.stop()
    scene.world.settle()
    await expect(stopped).resolves.toEqual({ killed: [] })
    expect(scene.ours.supervisor.audit()).toMatchObject({ streams: 0, timers: 0 })
  })
})

/** Our node dials a host at which raw may listen; somebody else stays connected meanwhile. */
function startDialling(script: (stream: ReturnType<Scene['dial']>) => void = () => undefined) {
  const scene = startScene()
  // A node that finds itself alone forgets its waits: it never is here.
  scene.establish('responder', { host: '10.9.0.1', identity: person(99) })
  const place = scene.hostAt('10.0.0.2')
  const dialsMs: number[] = []
  scene.ours.supervisor.events.subscribe((event) => {
    if (event.type === 'connection.started' && event.role === 'dialler') {
      dialsMs.push(scene.world.clock.nowMs)
    }
  })
  const connect = () => scene.ours.supervisor.connect(addressOf(RAW, '10.0.0.2'))
  const run = (ms: number): void => {
    const untilMs = scene.world.clock.nowMs + ms
    const answered = new Set<unknown>()
    while (scene.world.clock.nowMs < untilMs) {
      scene.world.advance(Math.min(100, untilMs - scene.world.clock.nowMs))
      for (const stream of place.accepted) {
        if (answered.has(stream)) continue
        answered.add(stream)
        script(stream)
        scene.world.settle()
      }
    }
  }
  const pauses = () => dialsMs.slice(1).map((ms, index) => ms - (dialsMs[index] ?? 0))
  return { scene, place, dialsMs, connect, run, pauses }
}

describe('retry', () => {
  test('Y1: pauses are drawn from [0.5, 1], [1, 2], [2, 4] ... [30, 60] s and no more', () => {
    const { connect, run, pauses } = startDialling()
    connect().catch(() => undefined)
    run(20 * 60_000)
    const drawn = pauses()
    expect(drawn.length).toBeGreaterThan(18)
    drawn.forEach((pause, index) => {
      const most = Math.min(60_000, 1_000 * 2 ** index)
      // A dial that is refused takes no time here; a plan may be a tick late.
      expect(pause).toBeGreaterThanOrEqual(most / 2)
      expect(pause).toBeLessThanOrEqual(most + 1)
    })
    expect(new Set(drawn).size).toBe(drawn.length)
  })

  test.each([
    ['59 s', 59_000, [500, 1_000, 2_000, 4_000, 8_000]],
    ['60 s', 60_000, [500, 500, 500, 500, 500]],
  ])('Y2: pauses after sessions of %s each', (_, activeMs, leastMs) => {
    const { scene, place, connect, dialsMs, run } = startDialling()
    place.listen(seatOf(RAW))
    connect().catch(() => undefined)
    run(1_000)
    const pauses = leastMs.map(() => {
      const stream = place.accepted.at(-1)
      if (stream?.state() !== 'open') throw new Error('our node stayed away')
      stream.peer.greet()
      scene.world.settle()
      scene.world.advance(activeMs)
      expect(scene.phases()).toEqual(['active', 'active'])
      const endedMs = scene.world.clock.nowMs
      stream.peer.end()
      const before = dialsMs.length
      for (let tenths = 0; tenths < 700 && dialsMs.length === before; tenths++) run(100)
      return (dialsMs.at(-1) ?? 0) - endedMs
    })
    pauses.forEach((pause, index) => {
      const least = leastMs[index] ?? 0
      expect(pause).toBeGreaterThanOrEqual(least)
      expect(pause).toBeLessThanOrEqual(2 * least + 1)
    })
  })

  test('Y3: a peer that comes up later gets connected without any call', () => {
    const { scene, place, connect, run } = startDialling((stream) => stream.peer.greet())
    connect().catch(() => undefined)
    run(60_000)
    expect(scene.phases()).toEqual(['active'])
    place.listen(seatOf(RAW))
    run(60_000)
    expect(scene.phases()).toEqual(['active', 'active'])
  })

  test.each([
    [404, null, 3_600_000],
    [406, null, 3_600_000],
    [423, null, 300_000],
    [423, 1_000_000, 1_000_000],
    [423, 0xffff_ffff, 86_400_000],
    [429, null, 60_000],
    [429, 200_000, 200_000],
  ])('Y4: Error %i with retry after %p keeps our node away for %i ms', (code, given, waitMs) => {
    const { place, connect, run } = startDialling((stream) => {
      stream.peer.frame(pack(errorValues(code, null, given)))
    })
    place.listen(seatOf(RAW))
    connect().catch(() => undefined)
    run(waitMs - 200)
    expect(place.accepted).toHaveLength(1)
    run(61_000)
    expect(place.accepted.length).toBeGreaterThan(1)
  })

  test.each([401, 405, 421])('Y4: Error %i keeps our node away until it is asked again', (code) => {
    const { place, connect, run } = startDialling((stream) => {
      stream.peer.frame(pack(errorValues(code)))
    })
    place.listen(seatOf(RAW))
    connect().catch(() => undefined)
    run(4 * 3_600_000)
    expect(place.accepted).toHaveLength(1)
    connect().catch(() => undefined)
    run(1_000)
    expect(place.accepted).toHaveLength(2)
  })

  test('Y5: shutdown leaves no timer, no dial and no stream', async () => {
    const { scene, connect, run } = startDialling()
    connect().catch(() => undefined)
    run(10_000)
    const stopped = scene.ours.supervisor.stop()
    scene.world.advance(5_000)
    await expect(stopped).resolves.toEqual({ killed: [] })
    expect(scene.ours.supervisor.audit()).toMatchObject({ timers: 0, dials: 0, streams: 0 })
  })

  test('Y6: two calls to one peer that is not connected share one dial', async () => {
    const { place, dialsMs, connect, run } = startDialling((stream) => stream.peer.greet())
    place.listen(seatOf(RAW))
    const both = Promise.all([connect(), connect()])
    run(1_000)
    const [one, other] = await both
    expect(one).toBe(other)
    expect([place.accepted.length, dialsMs.length]).toEqual([1, 1])
  })
})
