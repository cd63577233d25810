import { expect, test } from 'vitest'
import { fingerprints } from '../../journal/fingerprint.ts'
import { seededRandom } from '../../transport/random.ts'
import { BACKENDS } from '../support/crypto-backends.ts'

/** Of so many bytes of 7, by SHA-256 and AESGCM of Python's hashlib and cryptography. */
const KNOWN: ReadonlyMap<number, string> = new Map([
  [0, 'e3b0c44298fc1c14'],
  [1, 'ca358758f6d27e6c'],
  [15, '1f911edc188d2f67'],
  [8_191, 'a0bb5029fa3c09d6'],
  [8_192, 'b4fa93e88196253c'],
  [8_193, 'b129f798711750cc'],
  [65_536, 'f9791e4cde8136e3'],
  [65_600, 'd9af5a6845f01f7f'],
])
const LENGTHS = [...KNOWN.keys()]

test('the same bytes have the same one with each backend, and the one that others work out', () => {
  for (const crypto of BACKENDS) {
    const fingerprint = fingerprints(crypto)
    for (const [length, known] of KNOWN) {
      expect(fingerprint(new Uint8Array(length).fill(7))).toBe(known)
    }
  }
})

test('it is another one where a bit, a length or an order is another', () => {
  const random = seededRandom('fingerprint')
  for (const crypto of BACKENDS) {
    const fingerprint = fingerprints(crypto)
    for (const length of LENGTHS.slice(2)) {
      const bytes = random.bytes(length)
      const others = [0, 8, length >> 1, length - 1].map((at) =>
        bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      )
      const all = [bytes, bytes.slice(1), bytes.toReversed(), ...others]
      expect(new Set(all.map(fingerprint)).size).toBe(all.length)
    }
  }
})

test('it is the same in whatever pieces, long ones after short ones too', () => {
  const random = seededRandom('pieces')
  for (const crypto of BACKENDS) {
    const fingerprint = fingerprints(crypto)
    for (const length of [65_600, 20, 8_193, 300_000, 8_193]) {
      const bytes = random.bytes(length)
      const [one, other] = [length >> 2, length >> 1]
      const pieces = [bytes.subarray(0, one), bytes.subarray(one, other), bytes.subarray(other)]
      expect(fingerprint(pieces)).toBe(fingerprint(bytes))
      expect(fingerprint([bytes])).toBe(fingerprint(bytes))
    }
  }
})
