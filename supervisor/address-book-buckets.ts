/**
 * Where an address belongs. A place follows from a secret key, the address, its group and the group
 * of whoever told it: nobody outside can tell which addresses meet, and a group reaches only a few
 * buckets however many addresses it makes up.
 *
 * A slot is a number: bucket times bucket size plus position.
 * @module
 */
import { viewOf } from '../codec/bytes.ts'
import { writeCompactSize } from '../codec/varint.ts'
import { createWriter, writeBytes, writeU32le, writeU64le, writeU8 } from '../codec/writer.ts'
import { writtenBytes } from '../codec/writer.ts'
import type { Writer } from '../codec/writer.ts'
import type { AddressBookRules, AddressBookSizes } from './address-book-contract.ts'

export const BUCKET_KEY_BYTES = 32
/** It fits the length byte of a stored record; a host's name has 253 at most. */
export const GROUP_BYTES_MAX = 255
/** A host's name, an identity and a port are well under it. */
export const KEY_BYTES_MAX = 512
/** The secret, two byte strings behind their lengths, and a number. */
const PREIMAGE_BYTES_MAX = BUCKET_KEY_BYTES + 2 * (3 + KEY_BYTES_MAX) + 8

/** What tells the positions of the two tables apart. */
const NEW_MARK = 0x4e
const TRIED_MARK = 0x4b

export interface Buckets<Address> {
  newSlot(address: Address, sourceGroup: Uint8Array): number
  /** Its slot in a bucket that is already known. */
  newSlotIn(address: Address, bucket: number): number
  triedSlot(address: Address): number
}

const writeVector = (writer: Writer, bytes: Uint8Array): void => {
  writeCompactSize(writer, bytes.length)
  writeBytes(writer, bytes)
}

export function createBuckets<Address>(
  { keyBytes, groupBytes, digest }: AddressBookRules<Address>,
  sizes: AddressBookSizes,
  bucketKey: Uint8Array,
): Buckets<Address> {
  const { bucketSize, newBuckets, triedBuckets } = sizes

  /** The keyed hash, from 0 to `limit` - 1. */
  const hash = (limit: number, fill: (writer: Writer) => void): number => {
    const writer = createWriter(PREIMAGE_BYTES_MAX)
    writeBytes(writer, bucketKey)
    fill(writer)
    return Number(viewOf(digest(writtenBytes(writer))).getBigUint64(0, true) % BigInt(limit))
  }

  const slotIn = (mark: number, bucket: number, address: Address): number => {
    const position = hash(bucketSize, (writer) => {
      writeU8(writer, mark)
      writeU32le(writer, bucket)
      writeVector(writer, keyBytes(address))
    })
    return bucket * bucketSize + position
  }

  const newSlotIn = (address: Address, bucket: number): number => slotIn(NEW_MARK, bucket, address)

  return {
    newSlot(address, sourceGroup) {
      const share = hash(sizes.newBucketsPerSourceGroup, (writer) => {
        writeVector(writer, groupBytes(address))
        writeVector(writer, sourceGroup)
      })
      const bucket = hash(newBuckets, (writer) => {
        writeVector(writer, sourceGroup)
        writeU64le(writer, BigInt(share))
      })
      return newSlotIn(address, bucket)
    },
    newSlotIn,
    triedSlot(address) {
      const share = hash(sizes.triedBucketsPerGroup, (writer) => {
        writeVector(writer, keyBytes(address))
      })
      const bucket = hash(triedBuckets, (writer) => {
        writeVector(writer, groupBytes(address))
        writeU64le(writer, BigInt(share))
      })
      return slotIn(TRIED_MARK, bucket, address)
    },
  }
}
