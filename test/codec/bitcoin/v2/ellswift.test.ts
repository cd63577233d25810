import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHex } from '../../../../codec/bytes.ts'
import {
  BRANCH_COUNT,
  decodeEllswift,
  decodeX,
  encodeEllswift,
  inverseOf,
} from '../../../../codec/bitcoin/v2/ellswift.ts'
import { decodeNumber, encodeNumber, FIELD_PRIME } from '../../../../codec/bitcoin/v2/field.ts'
import { seededRandom } from '../../../../transport/random.ts'
import type { Random } from '../../../../world/random.ts'
import { BACKENDS } from '../../../support/crypto-backends.ts'
import { hex } from '../../../support/hex.ts'
import { bytesOf, holds } from '../../../support/properties.ts'
import { DECODE_ROWS, field, INVERSE_ROWS } from './vectors.ts'

const numberOf = (text: string) => decodeNumber(hex(text))

function formOf(x: Uint8Array, random: Random): Uint8Array {
  const form = encodeEllswift(x, random)
  if (form === undefined) throw new Error('no point has this x coordinate')
  return form
}

describe('the published vectors', () => {
  test.each(DECODE_ROWS.map((row) => [field(row, 'comment'), row] as const))(
    'decode: %s',
    (_, row) => {
      expect(encodeHex(decodeEllswift(hex(field(row, 'ellswift'))))).toBe(field(row, 'x'))
    },
  )

  test.each(INVERSE_ROWS.map((row, index) => [index, row] as const))(
    'inverse: row %i',
    (_, row) => {
      const [u, x] = [numberOf(field(row, 'u')), numberOf(field(row, 'x'))]
      for (let branch = 0; branch < BRANCH_COUNT; branch++) {
        const t = inverseOf(x, u, branch)
        const text = t === undefined ? '' : encodeHex(encodeNumber(t))
        expect(text, `case ${branch}`).toBe(field(row, `case${branch}_t`))
        if (t !== undefined) expect(decodeX(u, t)).toBe(x)
      }
    },
  )
})

const backends = BACKENDS.map((crypto) => [crypto.name, crypto] as const)

describe.each(backends)('with the keys of %s', (_, crypto) => {
  test('each form of a key decodes to it, and no two draws give one form', () => {
    const random = seededRandom('forms')
    const forms = new Set<string>()
    for (let count = 0; count < 20; count++) {
      const x = crypto.publicKeyOf(random.bytes(32)).subarray(1)
      for (const form of [formOf(x, random), formOf(x, random)]) {
        expect(decodeEllswift(form)).toEqual(x)
        forms.add(encodeHex(form))
      }
    }
    expect(forms.size).toBe(40)
  })

  test('any 64 bytes are a key with which a secret can be shared', () => {
    const privateKey = seededRandom('any').bytes(32)
    holds(
      fc.property(bytesOf(64), (key) => {
        const publicKey = Uint8Array.of(2, ...decodeEllswift(key))
        expect(crypto.isPublicKey(publicKey)).toBe(true)
        expect(crypto.sharedX(privateKey, publicKey)).toHaveLength(32)
      }),
      20,
    )
  })
})

test('all eight ways back are drawn, and every byte of a form is', () => {
  const random = seededRandom('spread')
  const x = hex('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
  const branches = new Set<number>()
  const watched: Random = {
    ...random,
    below(limit) {
      const branch = random.below(limit)
      expect(limit).toBe(BRANCH_COUNT)
      branches.add(branch)
      return branch
    },
  }
  const forms = Array.from({ length: 60 }, () => formOf(x, watched))
  expect([...branches].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  for (let index = 0; index < 64; index++) {
    expect(new Set(forms.map((form) => form[index])).size, `byte ${index}`).toBeGreaterThan(30)
  }
})

/** Gives what it is told to before it draws. */
function startRandom(...first: readonly Uint8Array[]): Random {
  const random = seededRandom('after that')
  const told = [...first]
  return { ...random, bytes: (count) => told.shift() ?? random.bytes(count) }
}

test('a u that is 0, the prime or above it is not sent: another one is drawn', () => {
  const x = hex('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
  const above = new Uint8Array(32).fill(0xff)
  for (const u of [new Uint8Array(32), encodeNumber(FIELD_PRIME), above]) {
    const form = formOf(x, startRandom(u, u))
    expect(form.subarray(0, 32)).not.toEqual(u)
    expect(decodeEllswift(form)).toEqual(x)
  }
})

test('a source of chance that always gives the same is found out', () => {
  const x = hex('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
  const stuck: Random = { ...seededRandom('stuck'), bytes: (count) => new Uint8Array(count) }
  expect(() => encodeEllswift(x, stuck)).toThrow('repeats itself')
})

test('what no point has as its x coordinate has no form, and another length is no key', () => {
  const random = seededRandom('refused')
  // 5^3 + 7 is no square; the prime and 1 is 1, of which there is a point, but not in this form.
  for (const x of [5n, FIELD_PRIME, FIELD_PRIME + 1n]) {
    expect(encodeEllswift(encodeNumber(x), random), `${x}`).toBeUndefined()
  }
  expect(encodeEllswift(encodeNumber(1n), random)).toHaveLength(64)
  for (const length of [0, 63, 65]) {
    expect(() => decodeEllswift(new Uint8Array(length))).toThrow(RangeError)
  }
})
