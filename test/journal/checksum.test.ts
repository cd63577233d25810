import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { checked, followedBy } from '../../journal/checksum.ts'
import { seededRandom } from '../../transport/random.ts'

test('the checksum of two texts follows from theirs', () => {
  const random = seededRandom('checksum')
  for (const bytes of [0, 1, 2, 7, 8, 255, 256, 4_099, 65_536, 1_000_003]) {
    const [before, behind] = [random.bytes(37), random.bytes(bytes)]
    expect(followedBy(crc32(before), checked(behind))).toBe(crc32(concatBytes(before, behind)))
    expect(followedBy(0, checked(behind))).toBe(crc32(behind))
  }
})
