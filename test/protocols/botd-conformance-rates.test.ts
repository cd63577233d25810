import { describe, expect, test } from 'vitest'
import type { BotdMessage } from '../../protocols/botd.ts'
import { OTHER, ROLES, startScene } from './botd-raw.ts'
import type { OurRole, RawStream, Scene } from './botd-raw.ts'

const pongsIn = (raw: RawStream): number =>
  raw.heardTypes().filter((type) => type === 'pong').length
const ping = (raw: RawStream, id = 'p'): void => {
  raw.send({ type: 'ping', id })
}
const expectTold = (raw: RawStream, reason: number): void => {
  const [last] = raw.read().slice(-1)
  expect(last).toMatchObject({ type: 'disconnecting', reason })
  expect(raw.state()).toBe('ended')
}
const lastPing = (raw: RawStream): BotdMessage | undefined =>
  raw.read().findLast(({ type }) => type === 'ping')
const pong = (raw: RawStream, pingId: string): void => {
  raw.send({ type: 'pong', id: 'mine', pingId })
}
const advanceTo = ({ world }: Scene, ms: number): void => {
  world.advance(ms - world.clock.nowMs)
}

describe.each(ROLES)('pings to our node as %s', (role: OurRole) => {
  test('R1: a second one after 29,999 ms ends the session, and gets no Pong', () => {
    const scene = startScene()
    const raw = scene.establish(role)
    const fromMs = scene.world.clock.nowMs
    ping(raw)
    advanceTo(scene, fromMs + 29_999)
    ping(raw)
    expect(pongsIn(raw)).toBe(1)
    expectTold(raw, 14)
    expect(scene.details()).toEqual(['ping-too-often'])
  })

  test('R2: a second one after 30,000 ms gets a Pong, and so on', () => {
    const scene = startScene({ closeOnMissingPong: false })
    const raw = scene.establish(role)
    const fromMs = scene.world.clock.nowMs
    for (const count of [0, 1]) {
      advanceTo(scene, fromMs + count * 30_000)
      ping(raw)
      expect(pongsIn(raw)).toBe(count + 1)
    }
    advanceTo(scene, fromMs + 59_999)
    ping(raw)
    expect(scene.details()).toContain('ping-too-often')
  })

  test('R3: to connect again in between opens no new window', () => {
    const scene = startScene()
    const first = scene.establish(role)
    const fromMs = scene.world.clock.nowMs
    ping(first)
    first.send({ type: 'disconnecting', id: 'd', reason: 9, text: '' })
    first.end()
    scene.world.advance(20_000)
    const second = scene.establish('acceptor')
    advanceTo(scene, fromMs + 29_999)
    ping(second)
    expect(pongsIn(second)).toBe(0)
    expectTold(second, 14)
  })
})

test('pings that come too early end sessions, and are no strike: it may be us who read late', () => {
  const scene = startScene()
  for (let visit = 0; visit < 5; visit++) {
    const raw = scene.establish('acceptor')
    ping(raw)
    ping(raw)
    expectTold(raw, 14)
    scene.world.advance(31_000)
  }
  expect(scene.details()).toEqual(Array.from({ length: 5 }, () => 'ping-too-often'))
})

test('R3: a ping that came too early opens no window for the next one', () => {
  const scene = startScene()
  const first = scene.establish()
  const fromMs = scene.world.clock.nowMs
  ping(first)
  advanceTo(scene, fromMs + 29_000)
  ping(first)
  expectTold(first, 14)
  const second = scene.establish()
  advanceTo(scene, fromMs + 58_999)
  ping(second)
  expect(pongsIn(second)).toBe(0)
  expectTold(second, 14)
  const third = scene.establish()
  advanceTo(scene, fromMs + 88_999)
  ping(third)
  expect(pongsIn(third)).toBe(1)
})

test('a window that is longer than our own interval is remembered as long', () => {
  const limits = { pingWindowMs: 60_000, pingIntervalMs: 35_000 }
  const scene = startScene({ limits, closeOnMissingPong: false })
  const [raw, other] = [scene.establish(), scene.establish('acceptor', '10.0.0.3', OTHER)]
  const fromMs = scene.world.clock.nowMs
  ping(raw)
  advanceTo(scene, fromMs + 40_000)
  ping(other)
  advanceTo(scene, fromMs + 59_999)
  ping(raw)
  expect([pongsIn(raw), pongsIn(other)]).toEqual([1, 1])
  expectTold(raw, 14)
})

test('R4: two peers that ping at the same instant are both answered', () => {
  const scene = startScene()
  const both = [scene.establish(), scene.establish('acceptor', '10.0.0.3', OTHER)]
  for (const raw of both) ping(raw)
  expect(both.map(pongsIn)).toEqual([1, 1])
})

test('a window with tolerance lets a ping come so much early', () => {
  const scene = startScene({ limits: { pingToleranceMs: 500 } })
  const raw = scene.establish()
  const fromMs = scene.world.clock.nowMs
  ping(raw)
  advanceTo(scene, fromMs + 29_500)
  ping(raw)
  expect(pongsIn(raw)).toBe(2)
})

test('R5: in ten minutes with reconnects no two of our pings are less than 30 s apart', () => {
  const scene = startScene()
  const sentMs: number[] = []
  scene.ours.supervisor.port.watch((one) => {
    if (one.of !== 'message' || one.direction !== 'sent' || one.type !== 'ping') return
    sentMs.push(scene.world.clock.nowMs)
  })
  let raw = scene.establish()
  for (let second = 1; second <= 600; second++) {
    scene.world.advance(1_000)
    const out = lastPing(raw)
    if (out !== undefined && scene.world.clock.nowMs - (sentMs.at(-1) ?? 0) < 1_500) {
      pong(raw, out.type === 'ping' ? out.id : '')
    }
    if (second % 50 !== 0) continue
    raw.send({ type: 'disconnecting', id: 'd', reason: 9, text: '' })
    raw.end()
    scene.world.advance(1_000)
    raw = scene.establish()
  }
  const gapsMs = sentMs.slice(1).map((atMs, index) => atMs - (sentMs[index] ?? 0))
  expect(sentMs.length).toBeGreaterThan(8)
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(30_000)
})

describe('the Pong to our ping', () => {
  /** Our node has pinged. */
  function pinged(options?: Parameters<typeof startScene>[0]) {
    const scene = startScene(options)
    const raw = scene.establish()
    scene.world.runUntil(() => lastPing(raw) !== undefined, { withinMs: 40_000 })
    const out = lastPing(raw)
    if (out?.type !== 'ping') throw new Error('no ping came')
    return { scene, raw, pingId: out.id }
  }

  test('R6: is waited for 10 s, and not after it', () => {
    const { raw, scene } = pinged()
    scene.world.advance(9_999)
    expect(raw.state()).toBe('open')
    // What came in those 10 s may still have to be read.
    scene.world.advance(500)
    expectTold(raw, 1)
    expect(scene.details()).toEqual(['pong-missing'])
  })

  test('R6: is not insisted on where that is switched off', () => {
    const { raw, scene } = pinged({ closeOnMissingPong: false })
    scene.world.advance(60_000)
    expect(raw.state()).toBe('open')
    expect(raw.heardTypes().filter((type) => type === 'ping')).toHaveLength(2)
  })

  test('keeps the session, and the next ping comes after the interval', () => {
    const { pingId, raw, scene } = pinged()
    pong(raw, pingId)
    scene.world.advance(34_000)
    expect(raw.state()).toBe('open')
    expect(raw.heardTypes().filter((type) => type === 'ping')).toHaveLength(1)
    scene.world.advance(2_000)
    expect(raw.heardTypes().filter((type) => type === 'ping')).toHaveLength(2)
  })

  test('R7: is not one that names another ping; the fourth of these ends the session', () => {
    const { raw, scene } = pinged()
    for (let count = 0; count < 3; count++) pong(raw, 'another')
    expect(raw.state()).toBe('open')
    pong(raw, 'another')
    expectTold(raw, 13)
    expect(scene.details()).toEqual(['pongs-unasked'])
  })

  test('R7: does not come by naming another ping: the time goes on', () => {
    const { raw, scene } = pinged()
    pong(raw, 'another')
    scene.world.advance(10_500)
    expect(scene.details()).toEqual(['pong-missing'])
  })

  test('is waited for as long as a large message comes that it stands behind, and no longer', () => {
    const { raw, scene } = pinged()
    const payload = new Uint8Array(100_000)
    const record = raw.sealed({ type: 'app', id: 'a', topic: 't', payload })
    for (let part = 0; part < 10; part++) {
      raw.write(record.subarray(part * 10_000, (part + 1) * 10_000))
      scene.world.advance(9_000)
    }
    expect(raw.state()).toBe('open')
    scene.world.advance(20_500)
    expect(scene.details()).toEqual(['pong-missing'])
  })

  test('is waited for as long as what we said before the ping has not left', () => {
    const scene = startScene()
    const raw = scene.establish()
    scene.world.advance(30_000)
    raw.pause()
    const payload = new Uint8Array(1_000_000)
    const [{ name = '' } = {}] = scene.ours.supervisor.connections()
    scene.ours.supervisor.send(name, { type: 'app', id: 'a', topic: 't', payload })
    scene.world.advance(20_000)
    expect(raw.state()).toBe('open')

    raw.resume()
    const out = lastPing(raw)
    pong(raw, out?.type === 'ping' ? out.id : '')
    scene.world.advance(10_500)
    expect(scene.details()).toEqual([])
  })

  test('R8: is nothing to anybody when it comes too late', () => {
    const { pingId, raw, scene } = pinged()
    scene.world.advance(10_500)
    pong(raw, pingId)
    scene.world.advance(1_000)
    expect(scene.details()).toEqual(['pong-missing'])
    expect(scene.ours.eventsOf('fault')).toEqual([])
  })
})
