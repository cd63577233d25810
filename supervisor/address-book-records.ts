/**
 * How the address book is stored. A fixed layout of our own: a checksum finds what a disk has
 * changed, and every field is checked when it is read.
 *
 * A record is under the digest of its key. Big-endian: version (1), flags (1: tried), seen,
 * succeeded, attempted, counted (8 each, Unix milliseconds, 0 for never), failures (4), marks (8), source
 * group (length 1), new buckets (count 1, then 2 each), the address as text in UTF-8, checksum (4). The
 * version is 2; without marks it is 1, and they are left out: in a network without any all stays as it was.
 *
 * The secret is under one byte: version (1, its own), new buckets (4), new buckets a source group (4), the
 * secret (32), checksum (4). The two numbers say for which table the records' buckets were drawn.
 * @module
 */
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes } from '../codec/bytes.ts'
import { createReader, expectEnd, readBytes, readRest } from '../codec/reader.ts'
import { readU16be, readU32be, readU64be, readU8 } from '../codec/reader.ts'
import { WireError } from '../codec/wire-error.ts'
import { createWriter, writeBytes, writeU16be, writeU32be } from '../codec/writer.ts'
import { writeU64be, writeU8, writtenBytes } from '../codec/writer.ts'
import type { Writer } from '../codec/writer.ts'
import { BUCKET_KEY_BYTES, GROUP_BYTES_MAX } from './address-book-buckets.ts'
import { NEVER_MS, TIME_MS_MAX } from './address-book-quality.ts'
import type { Quality } from './address-book-quality.ts'

/** A host's name of 253 characters, an identity and what separates them are well under it. */
export const ADDRESS_TEXT_BYTES_MAX = 512
/** As many as the count's byte says. */
export const RECORD_BUCKETS_MAX = 0xff

const MARKED_VERSION = 2
const UNMARKED_VERSION = 1
const SECRET_VERSION = 1
const TRIED = 1
const CHECKSUM_BYTES = 4
const RECORD_BYTES_MAX =
  2 + 4 * 8 + 4 + 8 + 1 + GROUP_BYTES_MAX + 1 + 2 * RECORD_BUCKETS_MAX + ADDRESS_TEXT_BYTES_MAX
const SECRET_BYTES = 1 + 4 + 4 + BUCKET_KEY_BYTES

/** The letter K. A digest is longer, so that no record is ever in its place. */
export const SECRET_KEY = new Uint8Array([0x4b])

export interface StoredRecord extends Readonly<Quality> {
  readonly text: string
  readonly marks: bigint
  readonly sourceGroup: Uint8Array
  readonly isTried: boolean
  /** Empty where it is in tried: that place follows from the secret alone. */
  readonly newBuckets: readonly number[]
}

export interface StoredSecret {
  readonly newBuckets: number
  readonly newBucketsPerSourceGroup: number
  readonly bucketKey: Uint8Array
}

/** Why stored bytes are no entry of the book. */
export type RecordFault = 'damaged' | 'another version' | 'inconsistent'

type Digest = (bytes: Uint8Array) => Uint8Array

export const recordKey = (digest: Digest, key: string): Uint8Array => digest(encodeUtf8(key))

const checksumOf = (digest: Digest, body: Uint8Array): Uint8Array =>
  digest(body).subarray(0, CHECKSUM_BYTES)

const sealed = (digest: Digest, writer: Writer): Uint8Array => {
  const body = writtenBytes(writer)
  return concatBytes(body, checksumOf(digest, body))
}

/** What is before the checksum, if it is of a version that is read here and unchanged. */
function opened(
  digest: Digest,
  value: Uint8Array,
  bytesMax: number,
  ...versions: readonly number[]
): Uint8Array | RecordFault {
  const end = value.length - CHECKSUM_BYTES
  if (end < 1) return 'damaged'
  if (!versions.some((version) => version === value[0])) return 'another version'
  if (end > bytesMax) return 'damaged'
  const body = value.subarray(0, end)
  return equalBytes(value.subarray(end), checksumOf(digest, body)) ? body : 'damaged'
}

/** Reads with what the checksum has vouched for: only a writer that was wrong makes this fail. */
function reading<Value>(read: () => Value | undefined): Value | RecordFault {
  try {
    return read() ?? 'inconsistent'
  } catch (error) {
    if (error instanceof WireError) return 'inconsistent'
    throw error
  }
}

/** @throws {RangeError} a value that its field does not hold: our fault */
export function encodeRecord(digest: Digest, record: StoredRecord): Uint8Array {
  const { sourceGroup, newBuckets } = record
  const writer = createWriter(RECORD_BYTES_MAX)
  const isMarked = record.marks !== 0n
  writeU8(writer, isMarked ? MARKED_VERSION : UNMARKED_VERSION)
  writeU8(writer, record.isTried ? TRIED : 0)
  for (const ms of [record.seenMs, record.succeededMs, record.attemptedMs, record.countedMs]) {
    writeU64be(writer, BigInt(ms))
  }
  writeU32be(writer, record.failures)
  if (isMarked) writeU64be(writer, record.marks)
  writeU8(writer, sourceGroup.length)
  writeBytes(writer, sourceGroup)
  writeU8(writer, newBuckets.length)
  for (const bucket of newBuckets) writeU16be(writer, bucket)
  writeBytes(writer, encodeUtf8(record.text))
  return sealed(digest, writer)
}

/** The record, or what is wrong with the bytes. Never throws. */
export function decodeRecord(digest: Digest, value: Uint8Array): StoredRecord | RecordFault {
  const body = opened(digest, value, RECORD_BYTES_MAX, MARKED_VERSION, UNMARKED_VERSION)
  if (typeof body === 'string') return body
  return reading(() => {
    const reader = createReader(body.subarray(1), { short: 'short' })
    const flags = readU8(reader)
    const readMs = (): number => Number(readU64be(reader))
    const seenMs = readMs()
    const succeededMs = readMs()
    const attemptedMs = readMs()
    const countedMs = readMs()
    const failures = readU32be(reader)
    const marks = body[0] === MARKED_VERSION ? readU64be(reader) : 0n
    const sourceGroup = readBytes(reader, readU8(reader)).slice()
    const count = readU8(reader)
    const newBuckets = Array.from({ length: count }, () => readU16be(reader))
    const text = decodeUtf8(readRest(reader))
    const isTried = flags === TRIED
    const times = [seenMs, succeededMs, attemptedMs, countedMs]
    if (flags > TRIED || text === undefined || times.some((ms) => ms > TIME_MS_MAX)) {
      return undefined
    }
    if (isTried ? count > 0 || succeededMs === NEVER_MS : count === 0) return undefined
    if (new Set(newBuckets).size !== count) return undefined
    const quality: Quality = { seenMs, succeededMs, attemptedMs, countedMs, failures }
    return { ...quality, text, marks, sourceGroup, isTried, newBuckets }
  })
}

/** @throws {RangeError} a size that its field does not hold: our fault */
export function encodeSecret(digest: Digest, secret: StoredSecret): Uint8Array {
  const writer = createWriter(SECRET_BYTES)
  writeU8(writer, SECRET_VERSION)
  writeU32be(writer, secret.newBuckets)
  writeU32be(writer, secret.newBucketsPerSourceGroup)
  writeBytes(writer, secret.bucketKey)
  return sealed(digest, writer)
}

/** The secret, or what is wrong with the bytes. Never throws. */
export function decodeSecret(digest: Digest, value: Uint8Array): StoredSecret | RecordFault {
  const body = opened(digest, value, SECRET_BYTES, SECRET_VERSION)
  if (typeof body === 'string') return body
  return reading(() => {
    const reader = createReader(body.subarray(1), { short: 'short' })
    const newBuckets = readU32be(reader)
    const newBucketsPerSourceGroup = readU32be(reader)
    const bucketKey = readBytes(reader, BUCKET_KEY_BYTES).slice()
    expectEnd(reader)
    return { newBuckets, newBucketsPerSourceGroup, bucketKey }
  })
}
