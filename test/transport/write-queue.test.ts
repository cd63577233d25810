import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { clearWrites, createWriteQueue, nextWrite } from '../../transport/write-queue.ts'
import { endingWith } from '../../transport/write-queue.ts'
import { pushWrite, waitingWrites } from '../../transport/write-queue.ts'
import type { WriteQueue } from '../../transport/write-queue.ts'
import { countHeld } from '../support/collected.ts'
import { holds } from '../support/properties.ts'

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

function* drained(queue: WriteQueue): Generator<Uint8Array> {
  for (let piece = nextWrite(queue); piece !== undefined; piece = nextWrite(queue)) yield piece
}

test('what was pushed comes out in order, however the two alternate', () => {
  const sizes = fc.oneof(
    fc.nat({ max: 40 }),
    fc.nat({ max: 6_000 }),
    fc.integer({ min: 60_000, max: 300_000 }),
  )
  const deeds = fc.array(fc.record({ size: sizes, takes: fc.nat({ max: 3 }) }), { maxLength: 60 })
  holds(
    fc.property(deeds, (given) => {
      const queue = createWriteQueue()
      const came: Uint8Array[] = []
      given.forEach(({ size, takes }, index) => {
        pushWrite(queue, filled(size, index + 1))
        for (let count = 0; count < takes; count++) {
          const piece = nextWrite(queue)
          // Compared at the end: what was handed out must not change any more.
          if (piece !== undefined) came.push(piece)
        }
      })
      came.push(...drained(queue))
      expect(waitingWrites(queue)).toBe(0)
      const expected = concatBytes(...given.map(({ size }, index) => filled(size, index + 1)))
      expect(Buffer.compare(concatBytes(...came), expected)).toBe(0)
      for (const { length } of came) expect(length).toBeLessThan(128 * 1_024)
    }),
  )
})

test('thousands of small ones take little more memory than their bytes', () => {
  const queue = createWriteQueue()
  for (let count = 0; count < 8_000; count++) pushWrite(queue, filled(32, 1))
  const pieces = [...drained(queue)]
  expect(pieces.length).toBe(Math.ceil((8_000 * 32) / 16_384))
  const memory = new Set(pieces.map(({ buffer }) => buffer))
  const bytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
  expect(bytes).toBeLessThanOrEqual(17 * 16_384)
})

test('what nobody else looks at can be given back with its last piece, and nothing else can', () => {
  const queue = createWriteQueue()
  const [sole, long, other] = [filled(40_000, 1), filled(300_000, 2), filled(40_000, 3)]
  pushWrite(queue, filled(4, 9), true)
  pushWrite(queue, sole, true)
  pushWrite(queue, other)
  pushWrite(queue, long, true)
  // It is not the whole of its memory.
  pushWrite(queue, sole.subarray(0, 39_999), true)
  const ended = [...drained(queue)].map((piece) => endingWith(queue, piece))
  const not = undefined
  expect(ended).toEqual([not, sole, not, not, not, not, long, not])
})

test('what was cleared is not given back', () => {
  const queue = createWriteQueue()
  const sole = filled(40_000, 1)
  pushWrite(queue, sole, true)
  clearWrites(queue)
  pushWrite(queue, sole)
  expect([...drained(queue)].map((piece) => endingWith(queue, piece))).toEqual([undefined])
})

test('large ones are not copied', () => {
  const queue = createWriteQueue()
  const [small, large] = [filled(4, 1), filled(65_000, 2)]
  for (const bytes of [small, large, small]) pushWrite(queue, bytes)
  expect([...drained(queue)].map(({ buffer }) => buffer)).toEqual([
    small.buffer,
    large.buffer,
    small.buffer,
  ])
})

test('what has left is let go of, however much waits behind it', async () => {
  const queue = createWriteQueue()
  const pushed = Array.from({ length: 20 }, () => {
    const bytes = filled(65_000, 1)
    pushWrite(queue, bytes)
    return new WeakRef(bytes)
  })
  for (let count = 0; count < 15; count++) nextWrite(queue)
  expect(await countHeld(pushed)).toBe(5)
  expect(waitingWrites(queue)).toBe(5)
})
