import { describe, expect, test } from 'vitest'
import { sipHashKeyOf } from '../../codec/bitcoin/siphash.ts'
import { createAddressAllowance } from '../../protocols/bitcoin/address-allowance.ts'
import { answerFrom } from '../../protocols/bitcoin/address-answers.ts'
import type { AddressAnswers } from '../../protocols/bitcoin/address-answers.ts'
import { createAddressQueue } from '../../protocols/bitcoin/address-queue.ts'
import { relayTargets } from '../../protocols/bitcoin/address-targets.ts'
import { seededRandom } from '../../transport/random.ts'
import { networkAddress } from './bitcoin-addresses-support.ts'
import { DAY_MS, entryOf, HOUR_MS, textsOf } from './bitcoin-relay-support.ts'

describe('the allowance of a peer', () => {
  const takenAt = (allowance: ReturnType<typeof createAddressAllowance>, nowMs: number) => {
    let count = 0
    while (allowance.take(nowMs)) count++
    return count
  }

  test('begins with one, grows by one in ten seconds, and to a thousand', () => {
    const allowance = createAddressAllowance(5)
    expect(takenAt(allowance, 5)).toBe(1)
    expect(takenAt(allowance, 9_999 + 5)).toBe(0)
    expect(takenAt(allowance, 10_000 + 5)).toBe(1)
    expect(takenAt(allowance, 35_005)).toBe(2)
    expect(takenAt(allowance, 40_005)).toBe(1)
    expect(takenAt(allowance, 2 * DAY_MS)).toBe(1_000)
    // A clock that goes back gives nothing.
    expect(takenAt(allowance, 0)).toBe(0)
  })

  test('is above a thousand by what was asked for alone', () => {
    const allowance = createAddressAllowance(0)
    allowance.grant(1_000)
    expect(takenAt(allowance, DAY_MS)).toBe(1_001)
    allowance.grant(1_000)
    allowance.take(DAY_MS)
    expect(takenAt(allowance, 3 * DAY_MS)).toBe(1_000)
  })
})

describe('whom an address is passed on to', () => {
  const KEY = sipHashKeyOf(new Uint8Array(16).fill(7))
  const PEERS = Array.from({ length: 20 }, (_, index) => `peer ${String(index)}`)
  const START_MS = 1_800_000_000_000
  const targets = (text: string, afterMs: number, isReachable = true) =>
    relayTargets(
      KEY,
      { address: networkAddress(text), isReachable, wallMs: START_MS + afterMs },
      PEERS,
    )

  test('changes once in 24 hours, at another time of day for each address', () => {
    const changes = textsOf(24).flatMap((text) => {
      const hours = Array.from({ length: 48 }, (_, hour) => targets(text, hour * HOUR_MS).join())
      const changedAt = hours.flatMap((now, hour) =>
        hour > 0 && now !== hours[hour - 1] ? [hour] : [],
      )
      expect(changedAt.length).toBeLessThanOrEqual(2)
      const [first = 0, second] = changedAt
      if (second !== undefined) expect(second - first).toBe(24)
      return changedAt.map((hour) => hour % 24)
    })
    expect(new Set(changes).size).toBeGreaterThan(10)
  })

  test('are two, and of a network without a way one or two', () => {
    const counts = (isReachable: boolean) =>
      new Set(textsOf(50).map((text) => targets(text, 0, isReachable).length))
    expect(counts(true)).toEqual(new Set([2]))
    expect(counts(false)).toEqual(new Set([1, 2]))
    expect(
      relayTargets(KEY, { address: networkAddress('1.1.1.1'), isReachable: true, wallMs: 0 }, []),
    ).toEqual([])
  })

  test('is spread over all of them, and follows from a secret', () => {
    const all = textsOf(200).flatMap((text) => targets(text, 0))
    expect(new Set(all).size).toBe(20)
    const other = sipHashKeyOf(new Uint8Array(16).fill(8))
    const about = { address: networkAddress('1.1.1.1'), isReachable: true, wallMs: START_MS }
    expect(relayTargets(other, about, PEERS)).not.toEqual(relayTargets(KEY, about, PEERS))
  })

  test('does not change for others when somebody else leaves', () => {
    const about = { address: networkAddress('1.1.1.1'), isReachable: true, wallMs: START_MS }
    const [first, second] = relayTargets(KEY, about, PEERS)
    const others = PEERS.filter((peer) => peer !== first)
    expect(relayTargets(KEY, about, others)[0]).toBe(second)
  })
})

describe('what waits for a peer', () => {
  const start = (isNewForm = true) => createAddressQueue(isNewForm, seededRandom('queue'))

  test('is what it does not know and can read, once each', () => {
    const queue = start(false)
    const [known, news] = [entryOf('1.1.1.1', 1), entryOf('2.2.2.2', 2)]
    queue.note(known.address)
    for (const entry of [known, news, news, entryOf('[fc00::1]', 3)]) queue.push(entry)
    expect(queue.due()).toEqual([news])
    expect(start().length).toBe(0)
  })

  test('is no view of what was read', () => {
    const queue = start()
    const entry = entryOf('1.1.1.1', 1)
    queue.push(entry)
    entry.address.bytes.fill(9)
    expect(queue.due()).toEqual([entryOf('1.1.1.1', 1)])
  })

  test('stays until it was told, and is then known', () => {
    const queue = start()
    const entry = entryOf('1.1.1.1', 1)
    queue.push(entry)
    expect(queue.due()).toHaveLength(1)
    expect(queue.due()).toHaveLength(1)
    queue.told(queue.due())
    expect(queue.length).toBe(0)
    queue.push(entry)
    expect(queue.length).toBe(0)
    queue.forgetKnown()
    queue.push(entry)
    expect(queue.length).toBe(1)
  })

  test('is left out where the peer learnt it meanwhile', () => {
    const queue = start()
    queue.push(entryOf('1.1.1.1', 1))
    queue.push(entryOf('2.2.2.2', 2))
    queue.note(networkAddress('1.1.1.1'))
    expect(queue.due()).toEqual([entryOf('2.2.2.2', 2)])
  })

  test('is a thousand at most: one more takes a drawn place', () => {
    const queue = start()
    const texts = textsOf(1_500)
    for (const text of texts) queue.push(entryOf(text, 1))
    expect(queue.length).toBe(1_000)
    const kept = new Set(queue.due().map(({ address }) => address.bytes.join('.')))
    const [early, late] = [texts.slice(0, 1_000), texts.slice(1_000)].map(
      (part) => part.filter((text) => kept.has(text.split(':')[0] ?? '')).length,
    )
    // Of those that came first e to the minus one half is left.
    expect(Math.abs((early ?? 0) - 607)).toBeLessThan(60)
    expect((early ?? 0) + (late ?? 0)).toBe(1_000)
  })

  test('makes room for an answer', () => {
    const queue = start()
    queue.push(entryOf('1.1.1.1', 1))
    queue.replace([entryOf('2.2.2.2', 2)])
    expect(queue.due()).toEqual([entryOf('2.2.2.2', 2)])
  })
})

test('answers are kept by their key, and 64 of them', () => {
  const answers: AddressAnswers = new Map()
  const random = seededRandom('answers')
  let made = 0
  const ask = (key: string, monotonicMs = 0) =>
    answerFrom(answers, key, { monotonicMs, random }, () => [entryOf('1.1.1.1', made++)])
  const first = ask('a')
  expect(ask('a')).toBe(first)
  expect(ask('b')).not.toBe(first)
  for (let index = 0; index < 63; index++) ask(`many ${String(index)}`)
  expect(answers.size).toBe(64)
  // The oldest went.
  expect(ask('a')).not.toBe(first)
  ask('c', 28 * HOUR_MS)
  expect([...answers.keys()]).toEqual(['c'])
})
