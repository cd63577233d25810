import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGarbageScanner, GARBAGE_BYTES_MAX } from '../../../../codec/bitcoin/v2/garbage.ts'
import { concatBytes, equalBytes } from '../../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import { copiedBytesOf } from '../../../support/copied-bytes.ts'
import { hex } from '../../../support/hex.ts'
import { holds } from '../../../support/properties.ts'

const UNTERMINATED = expect.objectContaining({
  action: 'close',
  detail: 'garbage-unterminated',
}) as Error
const PLAIN = hex('000102030405060708090a0b0c0d0e0f')

/** Reads piece by piece; gives the garbage and what is left behind the terminator. */
function scan(terminator: Uint8Array, pieces: readonly Uint8Array[]) {
  const buffer = createFrameBuffer()
  const scanner = createGarbageScanner(terminator)
  let garbage: Uint8Array | undefined
  let came = 0
  for (const piece of pieces) {
    const chunk = piece.slice()
    came += chunk.length
    buffer.push(chunk)
    garbage ??= scanner.read(buffer)
    if (garbage === undefined) expect(scanner.bufferedBytes + buffer.length).toBe(came)
    buffer.keep()
    chunk.fill(0xff)
  }
  return { garbage, rest: buffer.take(buffer.length) }
}

/** What it comes to, said the slow way. */
function firstIndexOf(pattern: Uint8Array, bytes: Uint8Array): number {
  for (let index = 0; index + pattern.length <= bytes.length; index++) {
    if (equalBytes(bytes.subarray(index, index + pattern.length), pattern)) return index
  }
  return -1
}

const cut = (bytes: Uint8Array, draws: readonly number[]): Uint8Array[] => {
  const cuts = draws.map((draw) => draw % (bytes.length + 1)).sort((one, two) => one - two)
  return [...cuts, bytes.length].map((end, index) => bytes.slice(cuts[index - 1] ?? 0, end))
}

/** Of few values, so that the beginnings of a terminator come again and again. */
const few = (length: { readonly minLength: number; readonly maxLength: number }) =>
  fc.uint8Array({ max: 1, ...length })

test('the garbage ends at the first terminator, whatever it repeats and however it is cut', () => {
  const cases = fc.record({
    terminator: few({ minLength: 16, maxLength: 16 }),
    before: few({ minLength: 0, maxLength: 300 }),
    behind: few({ minLength: 0, maxLength: 60 }),
    draws: fc.array(fc.nat(), { maxLength: 20 }),
  })
  holds(
    fc.property(cases, ({ before, behind, draws, terminator }) => {
      const bytes = concatBytes(before, terminator, behind)
      const end = firstIndexOf(terminator, bytes)
      const { garbage, rest } = scan(terminator, cut(bytes, draws))
      expect(garbage).toEqual(bytes.subarray(0, end))
      expect(rest).toEqual(bytes.subarray(end + 16))
    }),
    500,
  )
})

test.each([0, 1, 15, 16, 17, 4_094, GARBAGE_BYTES_MAX])(
  '%i bytes of garbage are found, at once and one by one, and what follows is left alone',
  (count) => {
    const before = new Uint8Array(count).fill(0xee)
    const bytes = concatBytes(before, PLAIN, hex('aabb'))
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      const { garbage, rest } = scan(PLAIN, pieces)
      expect(equalBytes(garbage ?? bytes, before)).toBe(true)
      expect(rest).toEqual(hex('aabb'))
    }
  },
)

test('4,111 bytes without the terminator are the end, and 4,110 are not', () => {
  const most = GARBAGE_BYTES_MAX + PLAIN.length
  expect(most).toBe(4_111)
  for (const step of [1, 7, most]) {
    const buffer = createFrameBuffer()
    const scanner = createGarbageScanner(PLAIN)
    const bytes = new Uint8Array(most)
    // One byte too late: the last one that is looked at is the terminator's last but one.
    bytes.set(PLAIN.subarray(0, 15), most - 15)
    for (let start = 0; start + step < most; start += step) {
      buffer.push(bytes.slice(start, start + step))
      expect(scanner.read(buffer)).toBeUndefined()
      buffer.keep()
    }
    buffer.push(bytes.slice(Math.floor((most - 1) / step) * step))
    expect(() => scanner.read(buffer)).toThrow(UNTERMINATED)
  }
})

test('bytes are copied a bounded number of times, one by one and made to look like the end', () => {
  const copied = (count: number): number =>
    copiedBytesOf(() => {
      const buffer = createFrameBuffer()
      const scanner = createGarbageScanner(new Uint8Array(16).fill(1))
      for (let index = 0; index < count; index++) {
        buffer.push(Uint8Array.of(index % 16 === 15 ? 2 : 1))
        expect(scanner.read(buffer)).toBeUndefined()
        buffer.keep()
      }
    })
  expect(copied(1_000)).toBeLessThanOrEqual(1_000)
  expect(copied(4_000)).toBeLessThanOrEqual(4_000)
})
