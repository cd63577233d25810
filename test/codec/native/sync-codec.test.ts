import { describe, expect, test } from 'vitest'
import { LOCATOR_ORIGINS_MAX, LOCATOR_RUNS_MAX } from '../../../codec/native/messages.ts'
import { RECORD_PLAINTEXT_BYTES_MAX } from '../../../codec/native/handshake-bytes.ts'
import type { LocatorMessage } from '../../../codec/native/messages.ts'
import { hex } from '../../support/hex.ts'
import { arrayOf, closes, encode, raw, unseal } from './encoding.ts'
import { SAMPLES } from './samples.ts'
import { ALICE, VECTORS } from './vectors.ts'

const { locator, range } = SAMPLES
const originId = ALICE.nodeId
const U64_MAX = 2n ** 64n - 1n

const locatorOf = (...runs: readonly bigint[]): LocatorMessage => ({
  type: 'locator',
  origins: [{ originId, runs }],
})
/** Runs of one number each, every second number from `start` on. */
const everySecond = (count: number, start = 0n) =>
  Array.from({ length: 2 * count }, (_, index) => start + BigInt(index - (index % 2)))

describe('the one encoding', () => {
  test.each([
    ['a range', range, `94 0e c420 ${VECTORS.aliceId} 05 08`],
    [
      'a locator',
      locator,
      `92 0d 92 92 c420 ${VECTORS.aliceId} 94 00 04 09 09 92 c420 ${VECTORS.bobId} 90`,
    ],
    ['an empty locator', { type: 'locator', origins: [] }, '92 0d 90'],
  ] as const)('of %s is read and written', (_, message, bytes) => {
    expect(encode(message)).toEqual(hex(bytes))
    expect(unseal(hex(bytes))).toEqual({ message, left: 0 })
  })
})

describe('the runs of a locator', () => {
  test.each([
    ['one number', [0n, 0n]],
    ['all numbers', [0n, U64_MAX]],
    ['the last two that there can be', [U64_MAX - 2n, U64_MAX - 2n, U64_MAX, U64_MAX]],
    ['one number between', [0n, 5n, 7n, 7n]],
    ['64 runs', everySecond(LOCATOR_RUNS_MAX)],
    ['64 long runs', everySecond(LOCATOR_RUNS_MAX, U64_MAX - 1_000n)],
  ])('come back: %s', (_, runs) => {
    const message = locatorOf(...runs)
    expect(unseal(encode(message))).toEqual({ message, left: 0 })
  })

  const wrong: readonly (readonly [what: string, runs: readonly number[]])[] = [
    ['an odd count', [0, 4, 9]],
    ['a single number', [0]],
    ['one that ends before it begins', [4, 0]],
    ['two that touch', [0, 4, 5, 9]],
    ['two that overlap', [0, 4, 4, 9]],
    ['two that descend', [9, 9, 0, 4]],
    ['one twice', [0, 4, 0, 4]],
    ['a later one that ends before it begins', [0, 4, 9, 8]],
    ['a third one that touches', [0, 1, 3, 4, 5, 6]],
  ]
  test.each(wrong)('are malformed with %s', (_, runs) => {
    expect(() => unseal(arrayOf(13, [[originId, runs]]))).toThrow(closes('malformed'))
  })

  test.each(wrong)('are not ours to send with %s', (_, runs) => {
    expect(() => encode(locatorOf(...runs.map(BigInt)))).toThrow(RangeError)
  })

  test('are at most 64', () => {
    const runs = everySecond(LOCATOR_RUNS_MAX + 1)
    const bytes = arrayOf(13, [[originId, runs.map(Number)]])
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
    expect(() => encode(locatorOf(...runs))).toThrow(RangeError)
    const fewer = arrayOf(13, [[originId, runs.slice(2).map(Number)]])
    expect(unseal(fewer).message).toEqual(locatorOf(...runs.slice(2)))
  })

  test('that would touch across the largest number are no runs', () => {
    const bytes = arrayOf(13, [
      [originId, [raw(`cf${'ff'.repeat(8)}`), raw(`cf${'ff'.repeat(8)}`), 0, 0]],
    ])
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })
})

describe('a locator', () => {
  const origins = Array.from({ length: LOCATOR_ORIGINS_MAX + 1 }, (_, index) => ({
    originId: new Uint8Array(32).fill(index % 256),
    runs: everySecond(LOCATOR_RUNS_MAX, U64_MAX - 1_000n),
  }))
  const full: LocatorMessage = { type: 'locator', origins: origins.slice(1) }

  test('of 512 origins with 64 runs each comes back, and fits a record', () => {
    const bytes = encode(full)
    expect(bytes.length).toBeLessThan(RECORD_PLAINTEXT_BYTES_MAX)
    expect(unseal(bytes)).toEqual({ message: full, left: 0 })
  })

  test('of 513 origins is malformed, and not ours to send', () => {
    const entries = origins.map((origin) => [origin.originId, []])
    expect(() => unseal(arrayOf(13, entries))).toThrow(closes('malformed'))
    expect(unseal(arrayOf(13, entries.slice(1))).left).toBe(0)
    expect(() => encode({ type: 'locator', origins })).toThrow(RangeError)
  })

  test('with an id of 31 bytes is not ours to send', () => {
    const short = [{ originId: new Uint8Array(31), runs: [] }]
    expect(() => encode({ type: 'locator', origins: short })).toThrow(RangeError)
  })

  test.each([
    ['nothing', arrayOf(13)],
    ['nil', arrayOf(13, null)],
    ['two lists', arrayOf(13, [], [])],
    ['a number in place of an origin', arrayOf(13, [5])],
    ['an origin without runs', arrayOf(13, [[originId]])],
    ['an origin with two lists', arrayOf(13, [[originId, [], []]])],
    ['an origin that is nil', arrayOf(13, [[null, []]])],
    ['an origin of 31 bytes', arrayOf(13, [[new Uint8Array(31), []]])],
    ['runs that are nil', arrayOf(13, [[originId, null]])],
    ['runs in pairs', arrayOf(13, [[originId, [[0, 4]]]])],
    ['a negative number', arrayOf(13, [[originId, [-1, 4]]])],
    ['a float', arrayOf(13, [[originId, [0, raw('cb4010000000000000')]]])],
    ['billions of origins', arrayOf(13, raw('ddffffffff'))],
    ['512 origins that are not there', arrayOf(13, raw('dc0200'))],
    ['billions of runs', arrayOf(13, [[originId, raw('ddffffffff')]])],
    ['128 numbers that are not there', arrayOf(13, [[originId, raw('dc0080')]])],
  ])('with %s is malformed', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })
})

describe('a range', () => {
  test.each([
    ['one number', 5n, 5n],
    ['all numbers', 0n, U64_MAX],
    ['the last number', U64_MAX, U64_MAX],
  ])('of %s comes back', (_, first, last) => {
    const message = { ...range, first, last }
    expect(unseal(encode(message))).toEqual({ message, left: 0 })
  })

  test.each([
    ['that ends before it begins', arrayOf(14, originId, 5, 4)],
    ['without an end', arrayOf(14, originId, 5)],
    ['with more than an end', arrayOf(14, originId, 5, 6, 7)],
    ['whose origin has 31 bytes', arrayOf(14, new Uint8Array(31), 5, 6)],
    ['of everybody', arrayOf(14, null, 5, 6)],
    ['from nil', arrayOf(14, originId, null, 6)],
    ['to a float', arrayOf(14, originId, 5, raw('cb4018000000000000'))],
    ['from below 0', arrayOf(14, originId, -1, 6)],
  ])('%s is malformed', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })

  test.each([
    ['that ends before it begins', { first: 5n, last: 4n }],
    ['from below 0', { first: -1n }],
    ['to 65 bits', { last: 2n ** 64n }],
    ['whose origin has 33 bytes', { originId: new Uint8Array(33) }],
  ])('%s is not ours to send', (_, wrong) => {
    expect(() => encode({ ...range, ...wrong })).toThrow(RangeError)
  })
})
