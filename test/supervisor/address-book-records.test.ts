import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { TIME_MS_MAX } from '../../supervisor/address-book-quality.ts'
import {
  decodeRecord,
  decodeSecret,
  encodeRecord,
  encodeSecret,
} from '../../supervisor/address-book-records.ts'
import type { StoredRecord } from '../../supervisor/address-book-records.ts'
import { IPV4_RULES, NOW_MS } from '../support/address-books.ts'
import { anyBytes, bytesOf, holds } from '../support/properties.ts'

const { digest } = IPV4_RULES
const CHECKSUM_BYTES = 4

const RECORD: StoredRecord = {
  text: '1.2.3.4:8333',
  marks: 0x8000_0000_0000_0c09n,
  sourceGroup: Uint8Array.of(1, 2, 3),
  isTried: false,
  newBuckets: [7, 1_023],
  seenMs: NOW_MS,
  succeededMs: 0,
  attemptedMs: NOW_MS - 1,
  countedMs: NOW_MS - 2,
  failures: 3,
}

/** A body that has a right checksum, whatever it says. */
const resealed = (body: Uint8Array) => concatBytes(body, digest(body).subarray(0, CHECKSUM_BYTES))
const bodyOf = (value: Uint8Array) => value.slice(0, -CHECKSUM_BYTES)

const timeMs = fc.integer({ min: 0, max: TIME_MS_MAX })
const anyRecord: fc.Arbitrary<StoredRecord> = fc
  .record({
    text: fc.string({ unit: 'grapheme', maxLength: 40 }),
    marks: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    sourceGroup: anyBytes(255),
    isTried: fc.boolean(),
    newBuckets: fc.uniqueArray(fc.nat(65_535), { minLength: 1, maxLength: 255 }),
    seenMs: timeMs,
    succeededMs: fc.integer({ min: 1, max: TIME_MS_MAX }),
    attemptedMs: timeMs,
    countedMs: timeMs,
    failures: fc.nat(0xffff_ffff),
  })
  .map((record) => (record.isTried ? { ...record, newBuckets: [] } : record))

test('a record is read as it was written', () => {
  holds(
    fc.property(anyRecord, (record) => {
      expect(decodeRecord(digest, encodeRecord(digest, record))).toEqual(record)
    }),
  )
})

test('a record of which nothing is claimed is as it was before there were marks', () => {
  const failuresEnd = 2 + 4 * 8 + 4
  holds(
    fc.property(anyRecord, (record) => {
      const marked = bodyOf(encodeRecord(digest, { ...record, marks: 5n }))
      const old = concatBytes(marked.subarray(0, failuresEnd), marked.subarray(failuresEnd + 8))
      old[0] = 1
      const unmarked = { ...record, marks: 0n }
      expect(decodeRecord(digest, resealed(old))).toEqual(unmarked)
      expect(encodeRecord(digest, unmarked)).toEqual(resealed(old))
    }),
  )
})

test('a secret is read as it was written', () => {
  holds(
    fc.property(bytesOf(32), fc.nat(0xffff_ffff), (bucketKey, newBuckets) => {
      const secret = { bucketKey, newBuckets, newBucketsPerSourceGroup: 64 }
      expect(decodeSecret(digest, encodeSecret(digest, secret))).toEqual(secret)
    }),
  )
})

test.each<[title: string, wrong: Partial<StoredRecord>]>([
  ['in tried and in new', { isTried: true, succeededMs: 1 }],
  ['in tried without a success', { isTried: true, newBuckets: [] }],
  ['nowhere', { newBuckets: [] }],
  ['twice in one bucket', { newBuckets: [5, 6, 5] }],
  ['seen after all time', { seenMs: TIME_MS_MAX + 1_024 }],
  ['counted after all time', { countedMs: TIME_MS_MAX + 1_024 }],
])('a record that is %s is inconsistent', (_, wrong) => {
  expect(decodeRecord(digest, encodeRecord(digest, RECORD))).toEqual(RECORD)
  expect(decodeRecord(digest, encodeRecord(digest, { ...RECORD, ...wrong }))).toBe('inconsistent')
})

test('flags that are not known and a text that is not UTF-8 are inconsistent', () => {
  const flagged = bodyOf(encodeRecord(digest, RECORD)).fill(2, 1, 2)
  expect(decodeRecord(digest, resealed(flagged))).toBe('inconsistent')
  const text = bodyOf(encodeRecord(digest, RECORD)).fill(0xff, -1)
  expect(decodeRecord(digest, resealed(text))).toBe('inconsistent')
})

test('a body cut short under a right checksum is inconsistent, never an error', () => {
  const body = bodyOf(encodeRecord(digest, RECORD))
  const textBytes = RECORD.text.length
  for (let length = 1; length < body.length - textBytes; length++) {
    expect(decodeRecord(digest, resealed(body.slice(0, length))), `${length}`).toBe('inconsistent')
  }
  const secret = { bucketKey: new Uint8Array(32), newBuckets: 1, newBucketsPerSourceGroup: 1 }
  const secretBody = bodyOf(encodeSecret(digest, secret))
  for (let length = 1; length < secretBody.length; length++) {
    expect(decodeSecret(digest, resealed(secretBody.slice(0, length)))).toBe('inconsistent')
  }
})

test('no bytes make reading throw', () => {
  holds(
    fc.property(fc.constantFrom(1, 2), anyBytes(900), fc.boolean(), (version, bytes, isSealed) => {
      const body = concatBytes(Uint8Array.of(version), bytes)
      const value = isSealed ? resealed(body) : bytes
      expect(['string', 'object']).toContain(typeof decodeRecord(digest, value))
      expect(['string', 'object']).toContain(typeof decodeSecret(digest, value))
    }),
    500,
  )
  expect(decodeRecord(digest, new Uint8Array(5_000).fill(1))).toBe('damaged')
  expect(decodeRecord(digest, new Uint8Array(0))).toBe('damaged')
  expect(decodeRecord(digest, resealed(Uint8Array.of(3)))).toBe('another version')
})
