import { describe, expect, test } from 'vitest'
import { botd } from '../../protocols/botd.ts'
import type { BotdOptions } from '../../protocols/botd.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { plainFrame } from './botd-peer-messages.ts'
import { PORT, startBotdVirtualHost } from './botd-peer-virtual.ts'
import type { BotdVirtualStream } from './botd-peer-virtual.ts'
import { OTHER, OURS, RAW, ROLES } from './botd-sides.ts'
import type { OurRole } from './botd-sides.ts'
import { hexOf } from './raw-native-crypto.ts'

const OURS_HOST = '10.0.0.1'
const RAW_HOST = '10.0.0.2'

/** A node of ours in a virtual world, and a host for independent peers. */
function startScene(options: Partial<BotdOptions> = {}) {
  const world = startVirtualWorld({ seed: 'independent' })
  const protocol = botd({ privateKey: OURS.privateKey, ...options })
  const ours = startNode(world, 'ours', OURS_HOST, protocol)
  const host = startBotdVirtualHost(world, RAW_HOST)
  const dial = (identity = RAW): BotdVirtualStream =>
    host.dial(OURS_HOST, { identity, recipientKey: OURS.publicKey })

  /** Both have keys; the peer has not confirmed yet. */
  function agree(role: OurRole): BotdVirtualStream {
    if (role === 'listener') {
      const stream = dial()
      stream.peer.init()
      world.settle()
      return stream
    }
    host.listen({ identity: RAW })
    const before = host.accepted.length
    const address = `botd://${hexOf(RAW.publicKey)}@${RAW_HOST}:${PORT}`
    ours.supervisor.connect(address).catch(() => undefined)
    world.settle()
    const stream = host.accepted[before]
    if (stream === undefined) throw new Error('our node did not dial')
    stream.peer.ack()
    world.settle()
    return stream
  }

  function meet(role: OurRole): BotdVirtualStream {
    const stream = agree(role)
    stream.peer.confirm()
    world.settle()
    expect(stream.peer.isConfirmed).toBe(true)
    return stream
  }

  const details = () => ours.eventsOf('connection.closed').map(({ detail }) => detail)
  const active = () => ours.eventsOf('connection.active').length
  return { active, agree, details, dial, host, meet, ours, world }
}

const pongsIn = ({ peer }: BotdVirtualStream): number => peer.heardOf('pong').length
const pingsIn = ({ peer }: BotdVirtualStream): number => peer.heardOf('ping').length
const expectTold = (stream: BotdVirtualStream, reason: number): void => {
  expect(stream.peer.heardOf('disconnecting')).toMatchObject([{ reason }])
  expect(stream.peer.end).toBe('clean')
}

describe.each(ROLES)('our node as %s, while time passes', (role) => {
  test('R5: its pings come 35 s apart, and answered ones keep the session for an hour', () => {
    const scene = startScene()
    const stream = scene.meet(role)
    const cameMs: number[] = []
    while (scene.world.clock.nowMs < 3_600_000) {
      const before = pingsIn(stream)
      const came = scene.world.runUntil(() => pingsIn(stream) > before, { withinMs: 40_000 })
      expect(came).toBe(true)
      cameMs.push(scene.world.clock.nowMs)
      stream.peer.pong(stream.peer.heardOf('ping').at(-1)?.id ?? '')
      scene.world.settle()
    }
    const gapsMs = cameMs.slice(1).map((atMs, index) => atMs - (cameMs[index] ?? 0))
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(30_000)
    expect(cameMs.length).toBeGreaterThan(100)
    expect(scene.details()).toEqual([])
    expect(stream.peer.problem).toBeUndefined()
  })

  test('R6: a ping without a pong ends the session after 10 s, with reason 1', () => {
    const scene = startScene()
    const stream = scene.meet(role)
    scene.world.runUntil(() => pingsIn(stream) > 0, { withinMs: 40_000 })
    scene.world.advance(9_999)
    expect(stream.peer.end).toBeUndefined()
    scene.world.advance(500)
    expectTold(stream, 1)
    expect(scene.details()).toEqual(['pong-missing'])
  })

  test('R7: the fourth pong that answers nothing ends the session, with reason 13', () => {
    const scene = startScene()
    const stream = scene.meet(role)
    for (const pingId of ['a', 'b', 'c', 'd']) {
      expect(stream.peer.end).toBeUndefined()
      stream.peer.pong(pingId)
      scene.world.settle()
    }
    expectTold(stream, 13)
    expect(scene.details()).toEqual(['pongs-unasked'])
  })

  test.each([
    ['R1: 29,999 ms after the first gets no pong, and reason 14', 29_999, 1],
    ['R2: 30,000 ms after the first gets a pong', 30_000, 2],
  ])('a second ping %s', (_, afterMs, pongs) => {
    const scene = startScene()
    const stream = scene.meet(role)
    stream.peer.ping()
    scene.world.advance(afterMs)
    stream.peer.ping()
    scene.world.settle()
    expect(pongsIn(stream)).toBe(pongs)
    if (pongs === 1) expectTold(stream, 14)
    else expect(stream.peer.end).toBeUndefined()
  })

  test('R3: nor does a new connection of the same key open a new window', () => {
    const scene = startScene()
    const first = scene.meet(role)
    first.peer.ping()
    scene.world.settle()
    first.peer.leave(9)
    scene.world.advance(100)
    const second = scene.meet('listener')
    scene.world.advance(29_000)
    second.peer.ping()
    scene.world.settle()
    expect(pongsIn(second)).toBe(0)
    expectTold(second, 14)
  })

  test('T4: a peer that does not confirm is left after 10 s, and was never taken for one', () => {
    const scene = startScene()
    const stream = scene.agree(role)
    expect(stream.peer.heardOf('confirm')).toHaveLength(1)
    scene.world.advance(9_990)
    expect(stream.state()).toBe('open')
    scene.world.advance(20)
    expect(stream.state()).toBe('ended')
    expect(scene.details()).toEqual(['no-confirm'])
    expect(scene.active()).toBe(0)
  })
})

test('our node dials again by itself when its peer is gone, and meets the same key', () => {
  const scene = startScene()
  const first = scene.meet('dialler')
  first.peer.leave(9)
  const { accepted } = scene.host
  expect(scene.world.runUntil(() => accepted.length > 1, { withinMs: 60_000 })).toBe(true)
  scene.world.settle()
  const second = accepted[1] ?? first
  second.peer.ack()
  second.peer.confirm()
  scene.world.settle()
  expect(second.peer.theirKey).toEqual(OURS.publicKey)
  expect(second.peer.keys?.transcript).not.toEqual(first.peer.keys?.transcript)
  expect(second.peer.theirInit?.ephemeralKey).not.toEqual(first.peer.theirInit?.ephemeralKey)
  expect(scene.active()).toBe(2)
})

test('A1: where it is forgotten, a recorded Init leads to nothing within its 10 s', () => {
  const scene = startScene({ limits: { initsMax: 0 } })
  const stream = scene.meet('listener')
  const copy = scene.dial(OTHER)
  // It has nothing to answer an Ack with, and waits.
  copy.pause()
  copy.peer.write(plainFrame(stream.peer.initPayload ?? new Uint8Array(0)))
  scene.world.advance(9_900)
  expect(scene.ours.supervisor.connections().map(({ phase }) => phase)).toEqual([
    ...['active', 'handshaking'],
  ])
  // With time for its Ack, which nobody fetches, to be given up.
  scene.world.advance(2_000)
  expect(scene.active()).toBe(1)
  expect(scene.details()).toEqual(['no-confirm'])
  expect(stream.state()).toBe('open')
})
