import { describe, expect, test } from 'vitest'
import { WireError } from '../../../codec/wire-error.ts'
import { doesMatch, isSame } from '../../../testing/flow/matching.ts'

/** Its fields say nothing of what it holds. */
class Closed {
  readonly #count: number
  constructor(count: number) {
    this.#count = count
  }
  get count(): number {
    return this.#count
  }
}

describe('two values are the same', () => {
  test.each<[string, unknown, unknown]>([
    ['as texts', 'a', 'a'],
    ['as numbers that are none', Number.NaN, Number.NaN],
    ['as bytes in other arrays', Uint8Array.of(1, 2), Buffer.of(1, 2)],
    ['in each field', { a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }],
    ['without a field and with one that is undefined', { a: 1 }, { a: 1, b: undefined }],
    ['with another prototype than that of objects, if none', { a: 1 }, nullPrototype({ a: 1 })],
    ['as errors', new WireError('close', 'bad-magic'), new WireError('close', 'bad-magic')],
  ])('%s', (_, one, other) => {
    expect(isSame(one, other)).toBe(true)
    expect(isSame(other, one)).toBe(true)
  })

  test.each<[string, object]>([
    ['a map', new Map([[1, 1]])],
    ['a set', new Set([1])],
    ['a date', new Date(0)],
    ['a buffer', new ArrayBuffer(1)],
    ['an expression', /a/],
    ['an object of a class', new Closed(1)],
  ])('where %s is itself', (_, value) => {
    expect(isSame({ value }, { value })).toBe(true)
  })
})

describe('two values are not the same', () => {
  test.each<[string, unknown, unknown]>([
    ['of two kinds', 1, '1'],
    ['as zeros of two signs', 0, -0],
    ['as bytes and a list', Uint8Array.of(1), [1]],
    ['as a list and an object', [1], { 0: 1 }],
    ['as lists of two lengths', [undefined], []],
    ['as lists of which one has a hole', Array(1), [1]],
    ['as nothing and an object', null, {}],
    ['as maps', new Map([[1, 1]]), new Map([[1, 2]])],
    ['as a map and a plain object', new Map(), {}],
    ['as sets', new Set([1]), new Set([2])],
    ['as dates', new Date(0), new Date(1)],
    ['as buffers', new ArrayBuffer(1), new ArrayBuffer(2)],
    ['as objects of a class', new Closed(1), new Closed(2)],
    ['as errors with two messages', new Error('one'), new Error('other')],
    ['as errors of two classes', new Error('a'), new TypeError('a')],
    ['as an error and what looks like one', new Error('a'), { message: 'a' }],
  ])('%s', (_, one, other) => {
    expect(isSame(one, other)).toBe(false)
    expect(isSame(other, one)).toBe(false)
  })
})

describe('a pattern', () => {
  const value = { type: 'blob', at: new Date(0), sizes: new Map([['a', 1]]) }

  test('is a type, or the fields that it names', () => {
    expect(doesMatch('blob', value)).toBe(true)
    expect(doesMatch('ping', value)).toBe(false)
    expect(doesMatch({ at: value.at }, value)).toBe(true)
    expect(doesMatch({ at: new Date(1) }, value)).toBe(false)
    expect(doesMatch({ sizes: new Map() }, value)).toBe(false)
  })

  test('without fields of its own to look at matches nothing', () => {
    for (const pattern of [new Map(), new Date(0), new Error('a'), [], null, 1]) {
      expect(doesMatch(pattern, value)).toBe(false)
    }
  })
})

function nullPrototype(fields: object): object {
  return Object.assign(Object.create(null) as object, fields)
}
