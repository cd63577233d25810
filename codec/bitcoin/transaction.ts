/**
 * Transactions, with and without witness (BIP 144). A transaction is its bytes, and where its parts lie in
 * them: it is hashed, relayed and stored as it came, and whoever wants an input or a script asks for it.
 * What was read is well formed; whether it may be spent is not asked here.
 * @module
 */
import { concatBytes, viewOf } from '../bytes.ts'
import { expectEnd, failReading, readU8, skipBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { readCompactSize } from '../varint.ts'
import { createPayloadReader, readCount, SIZE_MAX } from './fields.ts'
import { doubleSha256, HASH_BYTES } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

const VERSION_BYTES = 4
const LOCK_TIME_BYTES = 4
const OUTPOINT_BYTES = HASH_BYTES + 4
const SEQUENCE_BYTES = 4
const VALUE_BYTES = 8
/** With an empty script each. */
const INPUT_BYTES_MIN = OUTPOINT_BYTES + 1 + SEQUENCE_BYTES
const OUTPUT_BYTES_MIN = VALUE_BYTES + 1
/** Without any input and output. */
export const TRANSACTION_BYTES_MIN = VERSION_BYTES + 2 + LOCK_TIME_BYTES
/** Where no inputs are counted, so that a reader who knows of no witness finds none. */
export const WITNESS_MARKER = 0
export const WITNESS_FLAG = 1
/** Behind marker and flag. */
const INPUTS_AT_WITH_WITNESS = VERSION_BYTES + 2

export interface Transaction {
  /** As it was sent, version to lock time: a view. */
  readonly raw: Uint8Array
  readonly version: number
  readonly lockTime: number
  readonly inputCount: number
  readonly outputCount: number
  /** Where in `raw` the inputs are counted, and the outputs. */
  readonly inputsAt: number
  readonly outputsAt: number
  /** Where the outputs end: there the witness begins, or the lock time. */
  readonly outputsEnd: number
}

/** Where the parts lie, before there is a transaction; written over by the next one that is walked. */
interface Layout {
  inputCount: number
  outputCount: number
  inputsAt: number
  outputsAt: number
  outputsEnd: number
}

const createLayout = (): Layout => ({
  ...{ inputCount: 0, outputCount: 0, inputsAt: 0, outputsAt: 0, outputsEnd: 0 },
})

/** Reads up to its end, and no further. @throws {WireError} */
export function readTransaction(reader: Reader): Transaction {
  const layout = createLayout()
  const start = reader.offset
  walkTransaction(reader, layout)
  const { inputCount, outputCount, inputsAt, outputsAt, outputsEnd } = layout
  return {
    raw: reader.bytes.subarray(start, reader.offset),
    version: reader.view.getUint32(start, true),
    lockTime: reader.view.getUint32(reader.offset - LOCK_TIME_BYTES, true),
    inputCount,
    outputCount,
    inputsAt: inputsAt - start,
    outputsAt: outputsAt - start,
    outputsEnd: outputsEnd - start,
  }
}

/** As `readTransaction`, where so many follow each other, and makes nothing of them. */
export function skipTransactions(reader: Reader, count: number): void {
  const layout = createLayout()
  for (let index = 0; index < count; index++) walkTransaction(reader, layout)
}

function walkTransaction(reader: Reader, layout: Layout): void {
  skipBytes(reader, VERSION_BYTES)
  layout.inputsAt = reader.offset
  layout.inputCount = skipInputs(reader)
  layout.outputsAt = reader.offset
  // Here a reader who knows of no witness would see the count of the outputs.
  const flags = layout.inputCount === 0 ? readU8(reader) : 0
  if (flags > WITNESS_FLAG) failReading(reader, 'short')
  const isWitnessed = flags === WITNESS_FLAG
  if (isWitnessed) {
    layout.inputsAt = reader.offset
    layout.inputCount = skipInputs(reader)
    layout.outputsAt = reader.offset
  }
  layout.outputCount = layout.inputCount > 0 || isWitnessed ? skipOutputs(reader) : 0
  layout.outputsEnd = reader.offset
  // A witness of nothing is a second form of the same transaction.
  if (isWitnessed && !skipWitness(reader, layout.inputCount)) failReading(reader, 'short')
  skipBytes(reader, LOCK_TIME_BYTES)
}

function skipInputs(reader: Reader): number {
  const count = readCount(reader, INPUT_BYTES_MIN)
  for (let index = 0; index < count; index++) {
    skipBytes(reader, OUTPOINT_BYTES)
    skipBytes(reader, readCompactSize(reader, SIZE_MAX) + SEQUENCE_BYTES)
  }
  return count
}

function skipOutputs(reader: Reader): number {
  const count = readCount(reader, OUTPUT_BYTES_MIN)
  for (let index = 0; index < count; index++) {
    skipBytes(reader, VALUE_BYTES)
    skipBytes(reader, readCompactSize(reader, SIZE_MAX))
  }
  return count
}

/** Whether there is any. */
function skipWitness(reader: Reader, inputCount: number): boolean {
  let itemCount = 0
  for (let input = 0; input < inputCount; input++) {
    const count = readCount(reader, 1)
    for (let index = 0; index < count; index++) {
      skipBytes(reader, readCompactSize(reader, SIZE_MAX))
    }
    itemCount += count
  }
  return itemCount > 0
}

/** @throws {WireError} not a transaction, or something behind it */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const reader = createPayloadReader(bytes)
  const transaction = readTransaction(reader)
  expectEnd(reader)
  return transaction
}

export const hasWitness = ({ inputsAt }: Transaction): boolean =>
  inputsAt === INPUTS_AT_WITH_WITNESS

/** What everybody calls it, and what a spender names: the hash of the form without witness. */
export const transactionIdOf = (transaction: Transaction, sha256: Sha256): Uint8Array =>
  doubleSha256(sha256, ...partsWithoutWitness(transaction))

/** Of all of it (BIP 141). The same as the id, where there is no witness. */
export const witnessIdOf = ({ raw }: Transaction, sha256: Sha256): Uint8Array =>
  doubleSha256(sha256, raw)

function partsWithoutWitness(transaction: Transaction): readonly Uint8Array[] {
  const { raw, inputsAt, outputsEnd } = transaction
  if (!hasWitness(transaction)) return [raw]
  return [
    raw.subarray(0, VERSION_BYTES),
    raw.subarray(inputsAt, outputsEnd),
    raw.subarray(raw.length - LOCK_TIME_BYTES),
  ]
}

/** What is sent to who does not ask for the witness. In memory of its own, where there was one. */
export function withoutWitness(transaction: Transaction): Transaction {
  if (!hasWitness(transaction)) return transaction
  const { inputsAt } = transaction
  const moved = inputsAt - VERSION_BYTES
  return {
    ...transaction,
    raw: concatBytes(...partsWithoutWitness(transaction)),
    inputsAt: VERSION_BYTES,
    outputsAt: transaction.outputsAt - moved,
    outputsEnd: transaction.outputsEnd - moved,
  }
}

/** Of the form without witness. */
export const bytesWithoutWitness = ({ inputsAt, outputsEnd }: Transaction): number =>
  VERSION_BYTES + (outputsEnd - inputsAt) + LOCK_TIME_BYTES

/** BIP 141: what is outside of the witness counts four times. */
export const weightOf = (transaction: Transaction): number =>
  3 * bytesWithoutWitness(transaction) + transaction.raw.length

/** The first of a block: it spends nothing. */
export function isCoinbase(transaction: Transaction): boolean {
  if (transaction.inputCount !== 1) return false
  const outpointAt = transaction.inputsAt + 1
  const { raw } = transaction
  if (viewOf(raw).getUint32(outpointAt + HASH_BYTES, true) !== 0xffff_ffff) return false
  return raw.subarray(outpointAt, outpointAt + HASH_BYTES).every((byte) => byte === 0)
}
