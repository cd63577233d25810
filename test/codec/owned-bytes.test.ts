import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ownedBytes } from '../../codec/owned-bytes.ts'
import { holds } from '../support/properties.ts'

const record = (length: number): Uint8Array => new Uint8Array(length).map((_, index) => index)

describe('bytes that somebody keeps', () => {
  test('are the same, and stay so, whatever becomes of what they came from', () => {
    holds(
      fc.property(fc.array(fc.nat({ max: 700 }), { maxLength: 40 }), (lengths) => {
        const kept = lengths.map((length, index) => {
          const source = new Uint8Array(4_000).fill(index + 1)
          const owned = ownedBytes(source.subarray(10, 10 + length), false)
          source.fill(0xff)
          return owned
        })
        kept.forEach((bytes, index) => {
          expect(bytes).toEqual(new Uint8Array(lengths[index] ?? 0).fill(index + 1))
        })
        // Who writes to one writes to no other.
        kept.forEach((bytes) => bytes.fill(0))
        kept.forEach((bytes, index) => {
          expect(bytes.fill(index + 1)).toEqual(new Uint8Array(lengths[index] ?? 0).fill(index + 1))
        })
        kept.forEach((bytes, index) => {
          expect(bytes).toEqual(new Uint8Array(lengths[index] ?? 0).fill(index + 1))
        })
      }),
    )
  })

  test('hold on to at most 4 KiB, or to twice what they are', () => {
    for (const length of [1, 64, 65, 256, 512, 513, 5_000, 64_000]) {
      for (const isSole of [true, false]) {
        const whole = record(65_536)
        const owned = ownedBytes(whole.subarray(7, 7 + length), isSole)
        expect(owned.buffer.byteLength, `${length}`).toBeLessThanOrEqual(
          Math.max(4_096, 2 * length),
        )
      }
    }
  })

  test('stay where they are if they are nobody else’s, and most of their memory', () => {
    const bytes = record(1_000)
    expect(ownedBytes(bytes.subarray(400), true).buffer).toBe(bytes.buffer)
    expect(ownedBytes(bytes.subarray(600), true).buffer).not.toBe(bytes.buffer)
    expect(ownedBytes(bytes, false).buffer).not.toBe(bytes.buffer)
  })

  test('do not stay where something lies behind them: that is still to be read', () => {
    const bytes = record(1_000)
    expect(ownedBytes(bytes.subarray(0, 999), true).buffer).not.toBe(bytes.buffer)
  })

  test('are had as before where somebody transferred some to another thread', () => {
    const sources = Array.from({ length: 40 }, (_, index) => new Uint8Array(400).fill(index))
    const last = sources.map((source) => ownedBytes(source, false)).at(-1)
    if (!(last?.buffer instanceof ArrayBuffer)) throw new Error('its memory can be transferred')
    structuredClone(last, { transfer: [last.buffer] })
    expect(last.length).toBe(0)
    expect(sources.map((source) => ownedBytes(source, false))).toEqual(sources)
  })
})
