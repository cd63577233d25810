/** Core's p2p_sendtxrcncl. */
import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { tools } from '../../protocols/bitcoin.ts'
import { factsOf, startStage, typesOf } from './bitcoin-stage.ts'
import type { BitcoinPeer, StageOptions } from './bitcoin-stage.ts'
import { regtest, VERACK } from './bitcoin-support.ts'

const WTXID_RELAY: BitcoinMessage = { type: 'wtxidrelay' }
const offer = (version = 1, salt = 0x1234n): BitcoinMessage => ({
  ...{ type: 'sendtxrcncl', version, salt },
})
const reconciling = (options: StageOptions = {}) => startStage({ reconciliation: true, ...options })

/** One that our node dials for the slot, and whose `version` it has read. */
function dialledFor(slot: string, options: StageOptions = {}) {
  const stage = reconciling({ dials: [slot], ...options })
  const [peer] = stage.dialled
  if (peer === undefined) throw new Error('nobody is dialled')
  stage.greet(peer)
  return { peer, stage }
}

const isOffered = (peer: BitcoinPeer): boolean => typesOf(peer).includes('sendtxrcncl')

/** What becomes of who says these between `version` and `verack`. */
function endOf(messages: readonly BitcoinMessage[], options: StageOptions = {}, relay = true) {
  const stage = reconciling(options)
  const peer = stage.come()
  stage.greet(peer, { relay })
  stage.say(peer, ...messages, VERACK)
  stage.world.advance(2_000)
  expect(stage.discouraged()).toBe(0)
  return stage.details()[0] ?? (stage.active() === 1 ? 'active' : 'nothing')
}

/** What our node holds of an agreement with who came in and said these. */
function agreedAfter(...messages: readonly BitcoinMessage[]) {
  const stage = reconciling()
  const peer = stage.come()
  stage.greet(peer)
  stage.say(peer, ...messages, VERACK)
  const [connection] = stage.connections()
  expect(connection?.phase).toBe('active')
  return { agreed: factsOf(connection)?.peer?.reconciliation, peer }
}

describe('p2p_sendtxrcncl', () => {
  test('p2p_sendtxrcncl: conditions under which sendtxrcncl is sent, ordered before verack (to whom it is sent)', () => {
    const inbound = reconciling()
    const peer = inbound.come()
    inbound.greet(peer)
    expect(typesOf(peer)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'sendtxrcncl', 'verack'])
    expect(peer.heard[3]).toMatchObject({ type: 'sendtxrcncl', version: 1 })
    const { peer: dialled } = dialledFor('full-relay')
    expect(typesOf(dialled)).toEqual([
      ...['version', 'wtxidrelay', 'sendaddrv2', 'sendtxrcncl', 'verack', 'getaddr'],
    ])
    expect(isOffered(dialledFor('manual').peer)).toBe(true)
    // Each connection has a salt of its own.
    const other = inbound.come()
    inbound.greet(other)
    const salts = [peer, other].map(({ heard }) =>
      heard.flatMap((message) => (message.type === 'sendtxrcncl' ? [message.salt] : [])),
    )
    expect(salts[0]).not.toEqual(salts[1])
  })

  test('p2p_sendtxrcncl: conditions under which sendtxrcncl is sent, ordered before verack (to whom it is not)', () => {
    for (const slot of ['block-relay-only', 'addr-fetch', 'feeler']) {
      const { peer } = dialledFor(slot)
      expect([slot, isOffered(peer)]).toEqual([slot, false])
    }
    const withVersion = (version: object, options: StageOptions = {}) => {
      const stage = startStage(options)
      const peer = stage.come()
      stage.greet(peer, version)
      expect(typesOf(peer)).toContain('verack')
      return isOffered(peer)
    }
    const on = { reconciliation: true }
    expect(withVersion({}, on)).toBe(true)
    expect(withVersion({ protocolVersion: 70_016 }, on)).toBe(true)
    expect(withVersion({ protocolVersion: 70_015 }, on)).toBe(false)
    expect(withVersion({ relay: false }, on)).toBe(false)
    expect(withVersion({}, { ...on, blocksOnly: true })).toBe(false)
    expect(withVersion({})).toBe(false)
  })

  test('p2p_sendtxrcncl: duplicates, version 0, late, relay mismatch disconnect (before verack)', () => {
    expect(endOf([WTXID_RELAY, offer()])).toBe('active')
    expect(endOf([WTXID_RELAY, offer(1), offer(1, 7n)])).toBe('bad-reconciliation')
    expect(endOf([offer(0), WTXID_RELAY])).toBe('bad-reconciliation')
    // One of the future speaks this as well.
    expect(endOf([offer(2), WTXID_RELAY])).toBe('active')
    expect(endOf([offer()], {}, false)).toBe('bad-reconciliation')
    expect(endOf([offer()], { blocksOnly: true })).toBe('bad-reconciliation')
    const { peer, stage } = dialledFor('block-relay-only')
    stage.say(peer, offer())
    stage.world.advance(2_000)
    expect([stage.details(), peer.hasEnded]).toEqual([['bad-reconciliation'], true])
  })

  test('p2p_sendtxrcncl: duplicates, version 0, late, relay mismatch disconnect (late)', () => {
    const late = (options: StageOptions) => {
      const stage = startStage(options)
      const peer = stage.meet()
      stage.say(peer, offer())
      stage.world.advance(2_000)
      return [stage.active(), ...stage.details(), stage.discouraged()]
    }
    expect(late({ reconciliation: true })).toEqual([0, 'late-negotiation', 0])
    // Who has none of it passes it over.
    expect(late({})).toEqual([1, 0])
  })

  test('p2p_sendtxrcncl: duplicates, version 0, late, relay mismatch disconnect (what was not offered is passed over)', () => {
    const old = reconciling()
    const peer = old.come()
    old.greet(peer, { protocolVersion: 70_015 })
    old.say(peer, offer(0), offer(0), VERACK)
    expect([old.active(), old.details()]).toEqual([1, []])
    const { peer: dialled, stage } = dialledFor('addr-fetch')
    stage.say(dialled, offer(0), VERACK)
    expect([stage.active(), stage.details()]).toEqual([1, []])
    expect(endOf([offer(0), offer(0)], { reconciliation: false })).toBe('active')
  })

  test('p2p_sendtxrcncl: without wtxidrelay forgotten', () => {
    expect(agreedAfter(offer()).agreed).toBeUndefined()
    expect(agreedAfter(WTXID_RELAY).agreed).toBeUndefined()
    for (const order of [
      [WTXID_RELAY, offer()],
      [offer(), WTXID_RELAY],
    ]) {
      const { agreed, peer } = agreedAfter(...order)
      const own = peer.heard.find((message) => message.type === 'sendtxrcncl')?.salt
      expect(agreed).toEqual({ initiates: false, salts: { own, peer: 0x1234n } })
    }
    const { peer, stage } = dialledFor('full-relay')
    stage.say(peer, WTXID_RELAY, offer(), VERACK)
    expect(factsOf(stage.connections()[0])?.peer?.reconciliation).toMatchObject({ initiates: true })
  })
})

test('a recording keeps whether transactions could be reconciled', () => {
  const again = (reconciliation: unknown) => () =>
    tools.remake?.({ settings: { reconciliation }, secrets: {} })
  expect(regtest({ reconciliation: true }).recipe?.().settings).toMatchObject({
    reconciliation: true,
  })
  expect(again(true)()?.recipe?.().settings).toMatchObject({ reconciliation: true })
  expect(again('yes')).toThrow(/the option reconciliation is true or false/)
})
