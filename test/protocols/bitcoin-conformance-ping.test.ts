/** Core's p2p_ping, over both transports. */
import { describe, expect, test } from 'vitest'
import { raw, VERACK } from './bitcoin-support.ts'
import { startStage } from './bitcoin-stage.ts'
import type { BitcoinPeer, Stage } from './bitcoin-stage.ts'

const PING_MS = 120_000
const TIMEOUT_MS = 1_200_000

const pingsOf = ({ heard }: BitcoinPeer): readonly bigint[] =>
  heard.flatMap((message) => (message.type === 'ping' ? [message.nonce] : []))

const aboutOf = (stage: Stage) => stage.connections()[0]?.about

/** A peer that is active and has one ping to answer. */
function startPinged(transport: 'v1' | 'v2') {
  const stage = startStage()
  const peer = stage.meet(transport)
  const [nonce = 0n] = pingsOf(peer)
  return { stage, peer, nonce }
}

describe.each(['v1', 'v2'] as const)('p2p_ping, over %s', (transport) => {
  test('p2p_ping: ping right after connect', () => {
    const stage = startStage()
    const peer = stage.come(transport)
    stage.greet(peer)
    expect(pingsOf(peer)).toEqual([])
    stage.say(peer, VERACK)
    expect(pingsOf(peer)).toEqual([expect.any(BigInt)])
    expect(pingsOf(peer)).not.toContain(0n)
    // None is sent while one is out; the next one comes two minutes after it was sent.
    stage.world.advance(PING_MS + 60_000)
    expect(pingsOf(peer)).toHaveLength(1)
    stage.say(peer, { type: 'pong', nonce: pingsOf(peer)[0] })
    stage.world.advance(10)
    expect(pingsOf(peer)).toHaveLength(2)
    stage.say(peer, { type: 'pong', nonce: pingsOf(peer)[1] })
    stage.world.advance(PING_MS - 1_000)
    expect(pingsOf(peer)).toHaveLength(2)
    stage.world.advance(1_000)
    expect(pingsOf(peer)).toHaveLength(3)
    expect(new Set(pingsOf(peer)).size).toBe(3)
  })

  test('p2p_ping: short payload cancels', () => {
    const { peer, stage } = startPinged(transport)
    expect(aboutOf(stage)).toMatchObject({ awaitsPong: true })
    stage.say(peer, raw('pong', new Uint8Array(7)))
    expect(aboutOf(stage)).toMatchObject({ awaitsPong: false })
    expect(aboutOf(stage)).not.toHaveProperty('pingMs')
    stage.world.advance(PING_MS)
    expect(pingsOf(peer)).toHaveLength(2)
  })

  test('p2p_ping: unsolicited, wrong and zero nonce rules', () => {
    const { nonce, peer, stage } = startPinged(transport)
    // Another one than ours: the right one may still come.
    stage.say(peer, { type: 'pong', nonce: nonce ^ 1n })
    expect(aboutOf(stage)).toMatchObject({ awaitsPong: true })
    stage.say(peer, { type: 'pong', nonce: 0n })
    expect(aboutOf(stage)).toMatchObject({ awaitsPong: false })
    expect(aboutOf(stage)).not.toHaveProperty('pingMs')
    // None is out: whatever comes is nothing, also what would have been right.
    for (const unasked of [0n, nonce, 7n]) stage.say(peer, { type: 'pong', nonce: unasked })
    stage.world.advance(PING_MS - 1_000)
    expect(pingsOf(peer)).toHaveLength(1)
    expect(aboutOf(stage)).not.toHaveProperty('pingMs')
    expect([stage.active(), stage.details()]).toEqual([1, []])
  })

  test('p2p_ping: ping wait/min ping figures', () => {
    const { nonce, peer, stage } = startPinged(transport)
    const sentMs = Number(aboutOf(stage)?.['pingSentMs'])
    stage.world.advance(3_000)
    const waitMs = stage.monotonicMs() - sentMs
    expect(waitMs).toBe(3_000)
    stage.say(peer, { type: 'pong', nonce })
    expect(aboutOf(stage)).toMatchObject({ awaitsPong: false, pingMs: 3_000, minimumPingMs: 3_000 })
    stage.world.advance(PING_MS - 3_000)
    stage.world.advance(1_000)
    stage.say(peer, { type: 'pong', nonce: pingsOf(peer)[1] })
    expect(aboutOf(stage)).toMatchObject({ pingMs: 1_000, minimumPingMs: 1_000 })
    stage.world.advance(PING_MS - 1_000)
    stage.world.advance(2_000)
    stage.say(peer, { type: 'pong', nonce: pingsOf(peer)[2] })
    expect(aboutOf(stage)).toMatchObject({ pingMs: 2_000, minimumPingMs: 1_000 })
  })

  test('p2p_ping: disconnect after 20 min', () => {
    const { nonce, peer, stage } = startPinged(transport)
    // It says something all the time, and even pongs: only the right one is one.
    for (let minute = 0; minute < 19; minute++) {
      stage.world.advance(60_000)
      stage.say(peer, { type: 'pong', nonce: nonce ^ 1n }, { type: 'ping', nonce: 5n })
    }
    stage.world.advance(TIMEOUT_MS - 19 * 60_000 - 1_000)
    expect(stage.details()).toEqual([])
    stage.world.advance(2_000)
    expect([stage.details(), peer.hasEnded]).toEqual([['ping-timeout'], true])
  })
})

test('a ping is answered with its number, whatever that is, and by nobody to a peer of before BIP 31', () => {
  const stage = startStage()
  const pongsTo = (protocolVersion: number) => {
    const peer = stage.meet('v1', { protocolVersion })
    for (const nonce of [0n, 2n ** 64n - 1n]) stage.say(peer, { type: 'ping', nonce })
    stage.say(peer, raw('ping'))
    stage.world.advance(10)
    return peer.heard.filter(({ type }) => type === 'pong' || type === 'ping')
  }
  const pong = (nonce: bigint) => ({ type: 'pong', nonce })
  const both = [pong(0n), pong(2n ** 64n - 1n)]
  expect(pongsTo(60_001)).toEqual([expect.objectContaining({ type: 'ping' }), ...both])
  expect(pongsTo(60_000)).toEqual([])
  expect(stage.active()).toBe(2)
})
