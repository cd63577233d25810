import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { unpackAll } from '../../journal/packing.ts'
import { createValueWriter } from '../../journal/value-writer.ts'

const RESERVED = 8

test('what is open when all before it is forgotten goes on, however large either is', () => {
  const writer = createValueWriter(RESERVED)
  const taken: Uint8Array[] = []
  const values: unknown[] = []
  const sizes = [3, 70_000, 200_000, 1, 900_000, 5_000_000, 12, 2_000_000, 40]
  for (const [number, size] of sizes.entries()) {
    const value = { number, payload: new Uint8Array(size).fill(number + 1) }
    writer.value(value)
    const whole = writer.length
    writer.arrayOf(2)
    writer.value(new Uint8Array(size).fill(number))
    taken.push(writer.written().slice(RESERVED, whole))
    writer.forgetTo(whole)
    writer.value(number)
    values.push(value, [new Uint8Array(size).fill(number), number])
  }
  taken.push(writer.written().slice(RESERVED))
  const expected = createValueWriter(0)
  for (const value of values) expected.value(value)
  expect(Buffer.compare(concatBytes(...taken), expected.written())).toBe(0)
})

test('what is forgotten was never there', () => {
  const writer = createValueWriter(RESERVED)
  writer.value('kept')
  const { length } = writer
  writer.value(new Uint8Array(5_000_000))
  writer.rewind(length)
  expect(unpackAll(writer.written().slice(RESERVED), 'the test')).toEqual(['kept'])
  writer.value('forgotten')
  writer.reset()
  expect(writer.length).toBe(RESERVED)
  writer.value('last')
  expect(unpackAll(writer.written().subarray(RESERVED), 'the test')).toEqual(['last'])
})

test('a record with more fields than are written short, and one that grows while it is written', () => {
  const wide = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`f${index}`, index]))
  const growing: Record<string, unknown> = {}
  Object.defineProperty(growing, 'first', {
    enumerable: true,
    get() {
      growing['second'] = 2
      delete growing['third']
      return 1
    },
  })
  growing['third'] = 3
  const writer = createValueWriter(0)
  writer.value([wide, growing, 'behind'])
  const [read] = unpackAll(writer.written(), 'the test')
  expect(read).toEqual([wide, expect.objectContaining({ first: 1 }), 'behind'])
})

const hexOf = (value: unknown): string => {
  const writer = createValueWriter(0)
  writer.given(value)
  return Buffer.from(writer.written()).toString('hex')
}

test('a reference to what it stands in is cut, and one to what stands beside it is not', () => {
  const shared = { bytes: Uint8Array.of(1), list: [1, 2] }
  expect(hexOf([shared, shared, [shared]])).toBe(
    hexOf(JSON.parse('[1,1,[1]]', (_, value: unknown) => (value === 1 ? shared : value))),
  )
  let asked = 0
  const ring = {
    get left(): unknown {
      return ++asked < 100_000 ? [ring] : 0
    },
    get right(): unknown {
      return ++asked < 100_000 ? ring : 0
    },
  }
  expect(hexOf(ring)).toBe(hexOf({ left: ['ring'], right: 'ring' }))
  expect(asked).toBe(2)
})

test('of a value that holds more than there is memory for, so much is written and no more', () => {
  let asked = 0
  const doubled = (inner: () => unknown): unknown => ({
    get left() {
      return ++asked < 4_000_000 ? inner() : 0
    },
    get right() {
      return ++asked < 4_000_000 ? inner() : 0
    },
  })
  let given: unknown = new Uint8Array(1_000)
  for (let level = 0; level < 40; level++) {
    const inner = given
    given = doubled(() => inner)
  }
  const writer = createValueWriter(0)
  writer.given({ given, behind: [1, 2, 3], beside: 4 })
  expect(asked).toBeLessThan(1_100_000)
  const [read] = unpackAll(writer.written(), 'the test')
  expect(read).toMatchObject({ behind: 'more', beside: 4 })
  writer.reset()
  writer.given(Array.from({ length: 4 }, () => new Array<number>(2 ** 31)))
  expect(unpackAll(writer.written(), 'the test')).toEqual([['more', 'more', 'more', 'more']])
  // What a store answered is written as it is.
  writer.reset()
  writer.value(new Array<number>(1_100_000).fill(0))
  expect(writer.length).toBe(5 + 1_100_000)
})
