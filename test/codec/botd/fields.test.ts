import { describe, expect, test } from 'vitest'
import { bytesAt, FIELDS_MAX, numberAt, readFields } from '../../../codec/botd/fields.ts'

const WANTED: ReadonlySet<number> = new Set([1, 2])
const read = (...bytes: readonly number[]) =>
  readFields(Uint8Array.from(bytes), WANTED, 'bad-envelope')
const repeated = (count: number, ...bytes: readonly number[]): readonly number[] =>
  Array.from({ length: count }, () => bytes).flat()

/** Field 1 with the byte 7, and field 2 with the number 5. */
const ONE = [0x0a, 1, 7]
const TWO = [0x10, 5]

test('fields are found by number and kind, the last of each', () => {
  const fields = read(...ONE, ...TWO, 0x0a, 1, 9, 0x10, 6)
  expect([bytesAt(fields, 1), numberAt(fields, 2)]).toEqual([Uint8Array.of(9), 6])
  expect([bytesAt(fields, 2), numberAt(fields, 1)]).toEqual([new Uint8Array(0), 0])
  expect(fields.bytesCount).toBe(2)
})

test.each([
  ['of an unknown number', [0x1a, 2, 1, 2]],
  ['that is a number where bytes are wanted', [0x08, 3]],
  ['of 32 bits', [0x0d, 1, 2, 3, 4]],
  ['of 64 bits', [0x09, 1, 2, 3, 4, 5, 6, 7, 8]],
  ['that is a group', [0x0b, 0x0a, 1, 8, 0x0c]],
  ['that is a group in a group', [0x0b, 0x1b, 0x0a, 1, 8, 0x1c, 0x0c]],
])('a field %s is passed over', (_, bytes) => {
  const fields = read(...ONE, ...bytes, ...TWO)
  expect([bytesAt(fields, 1), numberAt(fields, 2)]).toEqual([Uint8Array.of(7), 5])
  expect(fields.bytesCount).toBe(1)
})

describe('no message is', () => {
  test.each([
    ['a length that goes past the end', [0x0a, 2, 7]],
    ['a number without an end', [0x10, 0x80]],
    ['a tag without an end', [0x80]],
    ['the field 0', [0x02, 0]],
    ['a kind that there is not', [0x0e]],
    ['a group without an end', [0x0b, ...ONE]],
    ['an end without a group', [0x0c]],
    ['a group that ends as another', [0x0b, 0x14]],
    ['groups in groups without an end', repeated(500, 0x0b)],
  ])('%s', (_, bytes) => {
    expect(() => read(...bytes)).toThrow('bad-envelope')
  })
})

test.each([
  ['known', [0x0a, 0]],
  ['unknown', [0x1a, 0]],
  ['grouped', [0x1b, 0x1c]],
])('of fields that are %s there is an end', (_, bytes) => {
  const most = FIELDS_MAX / (bytes[0] === 0x1b ? 2 : 1)
  expect(() => read(...repeated(most, ...bytes))).not.toThrow()
  expect(() => read(...repeated(most + 1, ...bytes))).toThrow('bad-envelope')
})

test('what is found are views of the message', () => {
  const message = Uint8Array.from(ONE)
  const { buffer } = bytesAt(readFields(message, WANTED, 'bad-envelope'), 1)
  expect(buffer).toBe(message.buffer)
})
