import { describe, expect, test } from 'vitest'
import { doubleSha256 } from '../../../codec/bitcoin/hashes.ts'
import { merkleRoot } from '../../../codec/bitcoin/merkle-root.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { sha256 } from './vectors.ts'

const leaf = (index: number) => sha256(Uint8Array.of(index & 0xff, index >> 8))
const leaves = (count: number) => Array.from({ length: count }, (_, index) => leaf(index))

/** As it is defined. */
function reference(all: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(32)] = all
  if (all.length <= 1) return first
  const above: Uint8Array[] = []
  for (let index = 0; index < all.length; index += 2) {
    const left = all[index] ?? first
    above.push(doubleSha256(sha256, left, all[index + 1] ?? left))
  }
  return reference(above)
}

describe('the root', () => {
  test('of no leaves is zero, and of one it is the leaf', () => {
    expect(merkleRoot([], sha256)).toEqual({ hash: new Uint8Array(32), isMutated: false })
    expect(merkleRoot([leaf(1)], sha256)).toEqual({ hash: leaf(1), isMutated: false })
  })

  test('is as it is defined, for each count', () => {
    for (let count = 0; count <= 40; count++) {
      const all = leaves(count)
      const before = all.map(encodeHex)
      const root = merkleRoot(all, sha256)
      expect(encodeHex(root.hash), `${count} leaves`).toBe(encodeHex(reference(all)))
      expect(root.isMutated).toBe(false)
      expect(all.map(encodeHex)).toEqual(before)
    }
  })

  test.each([
    [3, 1],
    [5, 1],
    [6, 2],
    [7, 1],
    [10, 2],
    [12, 4],
    [1, 1],
  ])('of %i leaves is that with the last %i said twice, and that is told', (count, repeated) => {
    const all = leaves(count)
    const doubled = [...all, ...all.slice(-repeated)]
    const root = merkleRoot(doubled, sha256)
    if (count > 1) expect(root.hash).toEqual(merkleRoot(all, sha256).hash)
    expect(root.isMutated).toBe(true)
  })

  test('is not told to be changed for equal leaves that are no pair', () => {
    const [one, two, three] = [leaf(1), leaf(2), leaf(3)]
    expect(merkleRoot([one, two, two, three], sha256).isMutated).toBe(false)
    expect(merkleRoot([one, two, one, two], sha256).isMutated).toBe(true)
    expect(merkleRoot([one, two, three, three], sha256).isMutated).toBe(true)
  })
})
