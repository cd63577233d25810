import { describe, expect, test } from 'vitest'
import { addressOf } from '../../codec/bitcoin/address.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { ONION } from './bitcoin-addresses-support.ts'
import { entryOf, HOUR_MS, NODE_HOST, startRelay, textsOf } from './bitcoin-relay-support.ts'
import type { Puppet, RelaySetup } from './bitcoin-relay-support.ts'

/** A node that knows a few thousand addresses, and puppets that ask for them. */
function startAnswering(setup: RelaySetup = {}, count = 6_000) {
  const started = startRelay(setup)
  const { book, inbound, tools, world } = started
  const learn = (texts: readonly string[]): void => {
    for (const text of texts) {
      const address = addressOf(entryOf(text, 0).address)
      if (address === undefined) throw new Error('there is one')
      // Each in a group of its own, told by itself.
      const sourceGroup = Uint8Array.from(address.host.split('.').slice(0, 2).map(Number))
      const seenMs = tools().wallMs()
      book().heard(address, { sourceGroup, isOwnSource: true, marks: 9n, penaltyMs: 0, seenMs })
    }
  }
  learn(textsOf(count))
  const ask = (host: string, port?: number): readonly string[] => {
    const puppet = inbound(host, {}, port)
    puppet.say({ type: 'getaddr' })
    world.advance(1_000)
    return textsIn(puppet)
  }
  return { ...started, ask, learn }
}

const textsIn = (puppet: Puppet): readonly string[] =>
  puppet
    .entries()
    .map(({ address }) => encodeHex(address.bytes))
    .sort()

describe('p2p_getaddr_caching', () => {
  test('p2p_getaddr_caching: identical answers per bind, different across binds, new after expiry (at one of them)', () => {
    const { ask, book } = startAnswering()
    const first = ask('99.2.1.1')
    expect(first).toHaveLength(1_000)
    expect(book().size.new).toBeGreaterThan(5_000)
    expect(ask('98.2.1.1')).toEqual(first)
    expect(ask('97.2.1.1')).toEqual(first)
  })

  test('p2p_getaddr_caching: identical answers per bind, different across binds, new after expiry (at two)', () => {
    const { ask } = startAnswering({ listen: [`${NODE_HOST}:8333`, `${NODE_HOST}:8444`] })
    const first = ask('99.2.1.1')
    const other = ask('88.2.1.1', 8444)
    expect(other).toHaveLength(1_000)
    expect(other).not.toEqual(first)
    expect([ask('98.2.1.1'), ask('87.2.1.1', 8444)]).toEqual([first, other])
  })

  test('who asks through another network gets another answer', () => {
    const options: RelaySetup['options'] = {
      through: ({ remote }) => (remote.host.startsWith('9') ? 'ipv4' : 'onion'),
    }
    const { ask } = startAnswering({ options })
    const first = ask('99.2.1.1')
    expect(ask('88.2.1.1')).not.toEqual(first)
    expect(ask('98.2.1.1')).toEqual(first)
  })

  test('p2p_getaddr_caching: identical answers per bind, different across binds, new after expiry (21 hours, and 27)', () => {
    const { ask, learn, world } = startAnswering()
    const first = ask('99.2.1.1')
    learn(textsOf(2_000, 100))
    world.advance(21 * HOUR_MS - 10_000)
    expect(ask('98.2.1.1')).toEqual(first)
    world.advance(6 * HOUR_MS)
    expect(ask('97.2.1.1')).not.toEqual(first)
  })

  test('whom the operator trusts gets an answer drawn for it alone', () => {
    const options: RelaySetup['options'] = { isTrusted: ({ remote }) => remote.host === '99.2.1.1' }
    const { ask } = startAnswering({ options })
    const first = ask('98.2.1.1')
    expect(ask('99.2.1.1')).not.toEqual(first)
    expect(ask('97.2.1.1')).toEqual(first)
  })

  test('an answer has 23 of a hundred, and a thousand at most', () => {
    expect(startAnswering({}, 100).ask('99.2.1.1')).toHaveLength(23)
  })
})

describe('an attacker who', () => {
  test('comes in and tells 1,000 addresses has one looked at', () => {
    const { book, figures, inbound, nowSeconds } = startRelay()
    const puppet = inbound('99.2.1.1')
    const entries = textsOf(1_000).map((text) => entryOf(text, nowSeconds()))
    puppet.say({ type: 'addr', entries })
    expect(figures()).toEqual([{ addressesTaken: 1, addressesLimited: 999 }])
    expect(book().size.new).toBe(1)
  })

  test.each([
    ['in an hour', (now: number) => now + 3_600],
    ['in the year 1973', () => 100_000_000],
    ['at no time', () => 0],
  ])('says that an address was seen %s has it dated back five days and two hours', (_, seen) => {
    const { book, keen, nowSeconds } = startRelay()
    const puppet = keen('99.2.1.1')
    puppet.say({ type: 'addr', entries: [entryOf('40.1.1.1', seen(nowSeconds()))] })
    const sinceHours = (nowSeconds() - (book().find('40.1.1.1:8333')?.seenMs ?? 0) / 1_000) / 3_600
    expect(sinceHours).toBeCloseTo(5 * 24 + 2, 3)
  })

  test('has its own address kept as fresh as it says, and others two hours older', () => {
    const { book, dialled, nowSeconds } = startRelay()
    const puppet = dialled('99.2.1.1', 'full-relay')
    const seconds = nowSeconds() - 60
    const entries = ['99.2.1.1', '40.1.1.1'].map((text) => entryOf(text, seconds))
    puppet.say({ type: 'addr', entries })
    const seenOf = (text: string) => (book().find(text)?.seenMs ?? 0) / 1_000
    expect([seenOf('99.2.1.1:8333'), seenOf('40.1.1.1:8333')]).toEqual([seconds, seconds - 7_200])
  })

  test('knows us in two networks is not told in one who we are in the other', () => {
    const own = [ONION, '1.2.3.4']
    const through: NonNullable<RelaySetup['options']>['through'] = ({ remote }) =>
      remote.host.startsWith('9') ? 'ipv4' : 'onion'
    const { keen } = startRelay({ own, options: { through } })
    const networksOf = (host: string) =>
      keen(host)
        .entries()
        .map(({ address }) => address.network)
    expect(networksOf('99.2.1.1')).toEqual(['ipv4'])
    expect(networksOf('88.2.1.1')).toEqual(['onion'])
  })
})

describe('a child that fails', () => {
  test('gives the same answer afterwards, and goes on telling where we are', () => {
    const { ask, inbound, keen, node, world } = startAnswering({ own: ['1.2.3.4'] })
    const first = ask('99.2.1.1')
    const puppet = keen('98.2.1.1')
    inbound('97.2.1.1').say({ type: 'pong', nonce: 1n })
    world.advance(1_000)
    expect(node.eventsOf('child.restarted')).toHaveLength(1)
    expect(ask('96.2.1.1').filter((text) => !first.includes(text))).toEqual([])
    const before = puppet.told.length
    world.advance(30 * 24 * HOUR_MS)
    expect(puppet.told.length - before).toBeGreaterThan(8)
  })
})
