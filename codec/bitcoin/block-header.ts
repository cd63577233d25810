/**
 * The header of a block: 80 bytes, which are hashed as they are. Two hashes in them are views made when
 * they are asked for: of two thousand headers in a message most are asked for one of the two.
 * @module
 */
import { readBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { createWriter, writeBytes, writeU32le } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { checkLength, writeHash, writeI32le } from './fields.ts'
import { doubleSha256 } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

export const BLOCK_HEADER_BYTES = 80
const PREVIOUS_AT = 4
const MERKLE_ROOT_AT = 36
const TIME_AT = 68
const BITS_AT = 72
const NONCE_AT = 76

export interface BlockHeader {
  /** All of it: a view of what it was read from. */
  readonly raw: Uint8Array
  /** With a sign. */
  readonly version: number
  readonly timeSeconds: number
  /** The target, as 8 bits of exponent and 24 of mantissa. */
  readonly bits: number
  readonly nonce: number
}

export interface BlockHeaderFields extends Omit<BlockHeader, 'raw'> {
  readonly previousHash: Uint8Array
  readonly merkleRoot: Uint8Array
}

export const previousHashOf = ({ raw }: BlockHeader): Uint8Array =>
  raw.subarray(PREVIOUS_AT, MERKLE_ROOT_AT)

export const merkleRootOf = ({ raw }: BlockHeader): Uint8Array =>
  raw.subarray(MERKLE_ROOT_AT, TIME_AT)

/** Of the block that it heads. */
export const blockHashOf = ({ raw }: BlockHeader, sha256: Sha256): Uint8Array =>
  doubleSha256(sha256, raw)

export function readBlockHeader(reader: Reader): BlockHeader {
  const at = reader.offset
  const raw = readBytes(reader, BLOCK_HEADER_BYTES)
  const { view } = reader
  return {
    raw,
    version: view.getInt32(at, true),
    timeSeconds: view.getUint32(at + TIME_AT, true),
    bits: view.getUint32(at + BITS_AT, true),
    nonce: view.getUint32(at + NONCE_AT, true),
  }
}

export const writeBlockHeader = (writer: Writer, { raw }: BlockHeader): void =>
  writeBytes(writer, checkLength(raw, BLOCK_HEADER_BYTES))

/** @throws {RangeError} a number or a hash that its field does not hold */
export function createBlockHeader(fields: BlockHeaderFields): BlockHeader {
  const { version, timeSeconds, bits, nonce } = fields
  const writer = createWriter(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES)
  writeI32le(writer, version)
  writeHash(writer, fields.previousHash)
  writeHash(writer, fields.merkleRoot)
  writeU32le(writer, timeSeconds)
  writeU32le(writer, bits)
  writeU32le(writer, nonce)
  return { raw: writer.bytes, version, timeSeconds, bits, nonce }
}
