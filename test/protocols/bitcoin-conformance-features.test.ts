/** Core's p2p_bip434_feature, feature_uacomment and p2p_nobloomfilter_messages. */
import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { encodeAscii } from '../../codec/bytes.ts'
import { bitcoin, tools } from '../../protocols/bitcoin.ts'
import { startStage, typesOf } from './bitcoin-stage.ts'
import { list, raw, VERACK } from './bitcoin-support.ts'

const NO_BYTES = new Uint8Array(0)
const feature = (id: string, data = NO_BYTES): BitcoinMessage => ({ type: 'feature', id, data })
/** Id and data, each with a count of one byte. */
const rawFeature = (id: Uint8Array, data: Uint8Array, ...rest: readonly Uint8Array[]) =>
  raw('feature', id.length, id, data.length, data, ...rest)

/** What becomes of who says these between `version` and `verack`. */
function endOf(messages: readonly BitcoinMessage[], protocolVersion = 70_017): string {
  const stage = startStage()
  const peer = stage.come()
  stage.greet(peer, { protocolVersion })
  stage.say(peer, ...messages, VERACK)
  stage.world.advance(2_000)
  return stage.details()[0] ?? (stage.active() === 1 ? 'active' : 'nothing')
}

describe('p2p_bip434_feature', () => {
  test('p2p_bip434_feature: version 70017', () => {
    const stage = startStage()
    const [version] = stage.meet().heard
    expect(version).toMatchObject({ type: 'version', protocolVersion: 70_017 })
  })

  test('p2p_bip434_feature: no feature to older peers', () => {
    const stage = startStage()
    const peer = stage.meet('v1', { protocolVersion: 70_016 })
    expect(typesOf(peer)).toEqual(
      expect.arrayContaining(['version', 'wtxidrelay', 'sendaddrv2', 'verack']),
    )
    expect(typesOf(peer)).not.toContain('feature')
  })

  test('p2p_bip434_feature: none defined yet', () => {
    const stage = startStage()
    const peer = stage.meet()
    expect(typesOf(peer).slice(0, 4)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack'])
    expect(typesOf(peer)).not.toContain('feature')
  })

  test('p2p_bip434_feature: after verack → disconnect', () => {
    for (const late of [feature('test'), raw('feature', 3, 1, 1, 1, 0)]) {
      const stage = startStage()
      const peer = stage.meet()
      stage.say(peer, late)
      stage.world.advance(2_000)
      expect([stage.active(), peer.hasEnded]).toEqual([0, true])
      expect(stage.discouraged()).toBe(0)
    }
  })

  test('p2p_bip434_feature: before version ignored', () => {
    const stage = startStage()
    const peer = stage.come()
    // In v1 a listener that speaks both knows a peer by its version alone.
    const first = startStage({ transport: 'v1' })
    const early = first.come()
    first.say(early, feature('test'), raw('feature', 1, 1, 0))
    first.greet(early)
    first.say(early, VERACK)
    expect([first.active(), first.details()]).toEqual([1, []])
    expect(peer.hasEnded).toBe(false)
    const over2 = stage.come('v2')
    stage.say(over2, feature('test'))
    stage.greet(over2)
    stage.say(over2, VERACK)
    expect([stage.active(), stage.details()]).toEqual([1, []])
  })

  test('p2p_bip434_feature: id length 4..80, data ≤ 512, trailing/truncated → disconnect', () => {
    const id = encodeAscii('test')
    const good = [
      [feature('abcd')],
      [feature('x'.repeat(80))],
      [feature('test', new Uint8Array(512))],
    ]
    expect(good.map((messages) => endOf(messages))).toEqual(good.map(() => 'active'))
    const bad = [
      rawFeature(id.subarray(0, 3), NO_BYTES),
      rawFeature(new Uint8Array(81).fill(0x61), NO_BYTES),
      raw('feature', 4, id, list(513, 1)),
      rawFeature(id, NO_BYTES, Uint8Array.of(0)),
      raw('feature', 4, id),
      raw('feature', 4, id, 2, 1),
      raw('feature', 4, id.subarray(0, 2)),
      raw('feature'),
    ]
    expect(bad.map((message) => endOf([message]))).toEqual(bad.map(() => 'bad-feature'))
  })

  test('p2p_bip434_feature: non-ASCII ok', () => {
    expect(endOf([rawFeature(Uint8Array.of(0xff, 0, 0x80, 0xfe), Uint8Array.of(0, 0xff))])).toBe(
      'active',
    )
  })

  test('p2p_bip434_feature: many features ok', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => feature(`feature ${String(index)}`))
    expect(endOf([...many, feature('feature 0')])).toBe('active')
  })

  test('p2p_bip434_feature: from < 70017 → disconnect', () => {
    expect(endOf([feature('test')], 70_016)).toBe('early-feature')
    expect(endOf([], 70_016)).toBe('active')
  })
})

describe('feature_uacomment', () => {
  const userAgentOf = (...comments: readonly string[]) => {
    const stage = startStage({ userAgentComments: comments })
    const [version] = stage.meet().heard
    return version?.type === 'version' ? version.userAgent : undefined
  }

  test('feature_uacomment: comments appear in the user agent', () => {
    expect(userAgentOf()).toMatch(/^\/Peerloom:[0-9.]+\/$/)
    expect(userAgentOf('testnode0', 'foo')).toMatch(/^\/Peerloom:[0-9.]+\(testnode0; foo\)\/$/)
    const values = { network: 'regtest', transport: 'auto', userAgentComment: ['from a shell'] }
    expect(tools.create(values, { privateKey: undefined }).recipe?.()).toMatchObject({
      settings: { userAgentComments: ['from a shell'] },
    })
  })

  test('feature_uacomment: unsafe characters and total > 256 refused', () => {
    const refused = (comment: string) => {
      try {
        bitcoin({ userAgentComments: [comment] })
        return false
      } catch (error) {
        return error instanceof RangeError
      }
    }
    expect(['/', ':', '(', ')', '₿', '🏃', '\n', '"', '<'].filter((one) => !refused(one))).toEqual(
      [],
    )
    const room = 256 - '/Peerloom:0.1.0()/'.length
    expect([refused('a'.repeat(room)), refused('a'.repeat(room + 1))]).toEqual([false, true])
  })
})

describe('p2p_nobloomfilter_messages', () => {
  const MESSAGES: readonly BitcoinMessage[] = [
    { type: 'mempool' },
    { type: 'filterload', filter: Uint8Array.of(1), functionCount: 1, tweak: 0, flags: 0 },
    { type: 'filteradd', item: Uint8Array.of(1) },
    { type: 'filterclear' },
  ]

  test('p2p_nobloomfilter_messages: mempool/filterload/add/clear without NODE_BLOOM disconnect', () => {
    for (const message of MESSAGES) {
      const ends = ([[], ['bloom']] as const).map((services) => {
        const stage = startStage({ services })
        const peer = stage.meet()
        stage.say(peer, message)
        stage.world.advance(2_000)
        return [...stage.details(), stage.discouraged(), peer.hasEnded]
      })
      expect([message.type, ...ends]).toEqual([
        message.type,
        ['service-not-offered', 0, true],
        [0, false],
      ])
    }
  })
})
