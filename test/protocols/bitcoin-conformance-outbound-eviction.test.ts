import { expect, test } from 'vitest'
import { earnsProtection, judgeSync } from '../../protocols/bitcoin/chain-sync.ts'
import type { SyncWait } from '../../protocols/bitcoin/chain-sync.ts'

const MINUTE_MS = 60_000

/** A peer that was dialled, and our own chain; what is done about it, minute by minute. */
function startPeer(peerWork: bigint | undefined, tipWork = 100n) {
  let wait: SyncWait | undefined
  let nowMs = 0
  let peer = peerWork
  let tip = tipWork
  const actions: string[] = []
  return {
    actions,
    shows(work: bigint) {
      peer = work
    },
    grow(work: bigint) {
      tip = work
    },
    /** Looked at each minute, and once more at the end. */
    advance(minutes: number) {
      for (let minute = 0; minute <= minutes; minute++) {
        const verdict = judgeSync(wait, { nowMs, peerWork: peer, tipWork: tip })
        wait = verdict.wait
        if (verdict.do !== 'nothing') actions.push(`${verdict.do} at ${nowMs / MINUTE_MS}`)
        if (verdict.do === 'leave') return
        if (minute < minutes) nowMs += MINUTE_MS
      }
    },
  }
}

test('p2p_outbound_eviction: a peer that shows nothing is asked after twenty minutes, and left after two more', () => {
  const peer = startPeer(undefined)
  peer.advance(60)
  expect(peer.actions).toEqual(['ask at 21', 'leave at 24'])
})

test('p2p_outbound_eviction: so is one that lags behind', () => {
  const peer = startPeer(50n)
  peer.advance(60)
  expect(peer.actions).toEqual(['ask at 21', 'leave at 24'])
})

test('p2p_outbound_eviction: one that catches up slowly has twenty minutes anew with each benchmark', () => {
  const peer = startPeer(50n)
  peer.advance(15)
  // Our chain has grown meanwhile: it has reached where we were, and not where we are.
  peer.grow(200n)
  peer.shows(100n)
  peer.advance(15)
  peer.grow(300n)
  peer.shows(200n)
  peer.advance(20)
  expect(peer.actions).toEqual([])
  peer.advance(10)
  expect(peer.actions).toEqual(['ask at 51', 'leave at 54'])
})

test('p2p_outbound_eviction: one that reaches our tip when it is asked stays', () => {
  const peer = startPeer(50n)
  peer.advance(21)
  expect(peer.actions).toEqual(['ask at 21'])
  peer.shows(100n)
  peer.advance(600)
  expect(peer.actions).toEqual(['ask at 21'])
})

test('p2p_outbound_eviction: four full-relay peers that showed as much as we have are protected', () => {
  const shown = { peerWork: 100n, tipWork: 100n }
  expect([0, 1, 2, 3, 4].map((count) => earnsProtection(shown, true, count))).toEqual([
    ...[true, true, true, true, false],
  ])
  expect(earnsProtection({ ...shown, peerWork: 99n }, true, 0)).toBe(false)
  expect(earnsProtection({ ...shown, peerWork: undefined }, true, 0)).toBe(false)
})

test('p2p_outbound_eviction: of several each is judged by what it shows itself', () => {
  const silent = startPeer(undefined)
  const level = startPeer(100n)
  const ahead = startPeer(150n)
  for (const peer of [silent, level, ahead]) peer.advance(60)
  expect([silent, level, ahead].map(({ actions }) => actions.length)).toEqual([2, 0, 0])
})

test('p2p_outbound_eviction: a peer for blocks alone is never protected', () => {
  expect(earnsProtection({ peerWork: 200n, tipWork: 100n }, false, 0)).toBe(false)
})
