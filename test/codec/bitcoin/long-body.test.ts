import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AHEAD_BYTES_MAX, createLongBody } from '../../../codec/bitcoin/long-body.ts'
import { equalBytes } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { holds } from '../../support/properties.ts'
import { madeArraysOf } from './made-arrays.ts'

const numbered = (bytes: number) => Uint8Array.from({ length: bytes }, (_, index) => index * 7)

test('a body that has come whole, and a short one, is a view: nothing is copied', () => {
  const bytes = numbered(AHEAD_BYTES_MAX + 10)
  const buffer = createFrameBuffer()
  const body = createLongBody()
  buffer.push(bytes)
  const taken = body.take(buffer, AHEAD_BYTES_MAX + 1)
  expect(taken?.buffer).toBe(bytes.buffer)
  expect(body.take(buffer, 9)?.buffer).toBe(bytes.buffer)
  expect(body.take(buffer, 0)).toHaveLength(0)
  expect([body.length, buffer.length]).toEqual([0, 0])
})

test('a long body comes together from any pieces, and what is behind it stays', () => {
  const cases = fc.record({
    bytes: fc.nat({ max: 3 * AHEAD_BYTES_MAX }),
    behind: fc.nat({ max: 40 }),
    draws: fc.array(fc.nat(), { maxLength: 12 }),
  })
  holds(
    fc.property(cases, ({ behind, bytes, draws }) => {
      const whole = numbered(bytes + behind)
      const cuts = draws.map((draw) => draw % (whole.length + 1)).sort((one, two) => one - two)
      const buffer = createFrameBuffer()
      const body = createLongBody()
      let [start, came]: [number, Uint8Array | undefined] = [0, undefined]
      for (const end of [...cuts, whole.length]) {
        const chunk = whole.slice(start, end)
        start = end
        buffer.push(chunk)
        came ??= body.take(buffer, bytes)?.slice()
        if (came === undefined) expect(body.length + buffer.length).toBe(end)
        buffer.keep()
        chunk.fill(0)
      }
      expect(equalBytes(came ?? whole, whole.subarray(0, bytes))).toBe(true)
      expect([body.length, buffer.length]).toEqual([0, behind])
      expect(buffer.take(behind)).toEqual(whole.subarray(bytes))
    }),
    30,
  )
})

test('memory is made as bytes come, at most 256 KiB ahead, and never as they are announced', () => {
  const announced = 4_000_000
  const buffer = createFrameBuffer()
  const body = createLongBody()
  const chunk = new Uint8Array(10_000)
  let [came, held] = [0, 0]
  for (; came + chunk.length < announced; came += chunk.length) {
    const made = madeArraysOf(() => {
      buffer.push(chunk)
      expect(body.take(buffer, announced)).toBeUndefined()
      buffer.keep()
    })
    held += made.reduce((sum, { length }) => sum + length, 0)
    expect(held - (came + chunk.length)).toBeLessThanOrEqual(AHEAD_BYTES_MAX)
  }
  buffer.push(chunk)
  expect(body.take(buffer, announced)).toHaveLength(announced)
})

test('one body is held apart from the next', () => {
  const buffer = createFrameBuffer()
  const body = createLongBody()
  const [one, two] = [numbered(AHEAD_BYTES_MAX + 5), numbered(AHEAD_BYTES_MAX + 900).fill(3)]
  for (const whole of [one, two, one]) {
    buffer.push(whole.subarray(0, 100))
    expect(body.take(buffer, whole.length)).toBeUndefined()
    buffer.push(whole.subarray(100))
    const taken = body.take(buffer, whole.length)
    expect(equalBytes(taken ?? new Uint8Array(0), whole)).toBe(true)
  }
})
