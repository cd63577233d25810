/**
 * What a transaction is made of: inputs, outputs, stacks of the witness. They are read again from its
 * bytes when somebody asks, as views of them; and put together here, where a transaction is ours.
 * @module
 */
import { createReader, readU32le } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { createWriter, writeBytes, writeU32le, writtenBytes } from '../writer.ts'
import { PAYLOAD_BYTES_MAX, readHash, readI64le, readVector, SIZE_MAX } from './fields.ts'
import { writeHash, writeI64le, writeVector } from './fields.ts'
import { hasWitness, WITNESS_FLAG, WITNESS_MARKER } from './transaction.ts'
import type { Transaction } from './transaction.ts'

export interface TransactionInput {
  /** Of the transaction whose output is spent. */
  readonly transactionId: Uint8Array
  readonly outputIndex: number
  readonly script: Uint8Array
  readonly sequence: number
}

export interface TransactionOutput {
  /** In units of 1e-8, with a sign that makes no sense: nothing is checked. */
  readonly value: bigint
  readonly script: Uint8Array
}

export interface TransactionParts {
  readonly version: number
  readonly inputs: readonly TransactionInput[]
  readonly outputs: readonly TransactionOutput[]
  /** Of each input in order. Empty, or all of them empty: the form without witness. */
  readonly witness: readonly (readonly Uint8Array[])[]
  readonly lockTime: number
}

/** A reader of what has been read once, so that it cannot fail. */
function readerAt({ raw }: Transaction, offset: number): Reader {
  const reader = createReader(raw, { short: 'malformed' })
  reader.offset = offset
  return reader
}

/** In order; scripts and ids are views. */
export function inputsOf(transaction: Transaction): readonly TransactionInput[] {
  const reader = readerAt(transaction, transaction.inputsAt)
  const inputs: TransactionInput[] = []
  readCompactSize(reader, SIZE_MAX)
  for (let index = 0; index < transaction.inputCount; index++) {
    inputs.push({
      transactionId: readHash(reader),
      outputIndex: readU32le(reader),
      script: readVector(reader),
      sequence: readU32le(reader),
    })
  }
  return inputs
}

/** In order; scripts are views. */
export function outputsOf(transaction: Transaction): readonly TransactionOutput[] {
  const reader = readerAt(transaction, transaction.outputsAt)
  const outputs: TransactionOutput[] = []
  // Of a transaction without inputs and outputs there are two zeros in a row, and this is the second.
  readCompactSize(reader, SIZE_MAX)
  for (let index = 0; index < transaction.outputCount; index++) {
    outputs.push({ value: readI64le(reader), script: readVector(reader) })
  }
  return outputs
}

/** Of each input in order, the first pushed first: views. Nothing, where the form has no witness. */
export function witnessOf(transaction: Transaction): readonly (readonly Uint8Array[])[] {
  if (!hasWitness(transaction)) return []
  const reader = readerAt(transaction, transaction.outputsEnd)
  const witness: Uint8Array[][] = []
  for (let input = 0; input < transaction.inputCount; input++) {
    const count = readCompactSize(reader, SIZE_MAX)
    const stack: Uint8Array[] = []
    for (let index = 0; index < count; index++) stack.push(readVector(reader))
    witness.push(stack)
  }
  return witness
}

/** @throws {RangeError} what no bytes stand for: outputs without inputs, other stacks than inputs */
export function createTransaction(parts: TransactionParts): Transaction {
  const { inputs, outputs, witness } = parts
  if (inputs.length === 0 && outputs.length > 0) {
    throw new RangeError('outputs without inputs read like a witness')
  }
  const isWitnessed = witness.some((stack) => stack.length > 0)
  if (isWitnessed && witness.length !== inputs.length) {
    throw new RangeError('each input has a stack of its own, or none has')
  }
  const writer = createWriter(PAYLOAD_BYTES_MAX)
  writeU32le(writer, parts.version)
  if (isWitnessed) writeBytes(writer, Uint8Array.of(WITNESS_MARKER, WITNESS_FLAG))
  const inputsAt = writer.length
  writeCompactSize(writer, inputs.length)
  for (const { transactionId, outputIndex, script, sequence } of inputs) {
    writeHash(writer, transactionId)
    writeU32le(writer, outputIndex)
    writeVector(writer, script)
    writeU32le(writer, sequence)
  }
  const outputsAt = writer.length
  writeCompactSize(writer, outputs.length)
  for (const { value, script } of outputs) {
    writeI64le(writer, value)
    writeVector(writer, script)
  }
  const outputsEnd = writer.length
  if (isWitnessed) {
    for (const stack of witness) {
      writeCompactSize(writer, stack.length)
      for (const item of stack) writeVector(writer, item)
    }
  }
  writeU32le(writer, parts.lockTime)
  return {
    raw: writtenBytes(writer),
    version: parts.version,
    lockTime: parts.lockTime,
    inputCount: inputs.length,
    outputCount: outputs.length,
    inputsAt,
    outputsAt,
    outputsEnd,
  }
}
