import { expect, test } from 'vitest'
import { createKeptBytes } from '../../journal/kept-bytes.ts'

test('what is kept stays as it was, whatever its length, and whatever becomes of where it came from', () => {
  const kept = createKeptBytes()
  const hot = new Uint8Array(6_000_000)
  const sizes = [
    1,
    7,
    8,
    65_000,
    9,
    600,
    65_536,
    70_001,
    3,
    5_000_000,
    5,
    ...Array<number>(100).fill(65_543),
  ]
  for (const [number, size] of sizes.entries()) {
    const from = hot.subarray(0, size).fill(number + 1)
    expect(Buffer.compare(kept.add(from), from)).toBe(0)
  }
  hot.fill(0)
  expect(kept.all.map(({ length }) => length)).toEqual(sizes)
  expect(kept.all.map((bytes, number) => bytes.every((byte) => byte === number + 1))).toEqual(
    sizes.map(() => true),
  )
})
