/**
 * Messages by which nodes compare and ask for items: locator and range.
 * @module
 */
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import {
  binaryBytes,
  checkCount,
  checkLength,
  expectElements,
  failShape,
  readCount,
  START_BYTES,
  writeStart,
} from './fields.ts'
import { NODE_ID_BYTES } from './identity.ts'
import { LOCATOR_ORIGINS_MAX, LOCATOR_RUNS_MAX, MESSAGE_NUMBERS } from './messages.ts'
import type { LocatorEntry, LocatorMessage, RangeMessage } from './messages.ts'
import {
  arrayHeaderBytes,
  readArrayLength,
  readBinary,
  readUint64,
  uint64Bytes,
  writeArrayHeader,
  writeBinary,
  writeUint64,
} from './values.ts'

/** Elements of the array, the number among them. */
const LOCATOR_ELEMENTS = 2
const RANGE_ELEMENTS = 4
/** Of each entry's array. */
const ENTRY_ELEMENTS = 2

/** A run is its first and its last number. */
const RUN_NUMBERS_MAX = 2 * LOCATOR_RUNS_MAX

export function readLocator(reader: Reader, elements: number): LocatorMessage {
  expectElements(reader, elements, LOCATOR_ELEMENTS)
  const count = readCount(reader, LOCATOR_ORIGINS_MAX)
  const origins: LocatorEntry[] = []
  for (let index = 0; index < count; index++) {
    expectElements(reader, readArrayLength(reader), ENTRY_ELEMENTS)
    const originId = readBinary(reader, NODE_ID_BYTES)
    origins.push({ originId, runs: readRuns(reader) })
  }
  return { type: 'locator', origins }
}

function readRuns(reader: Reader): readonly bigint[] {
  const count = readCount(reader, RUN_NUMBERS_MAX)
  const runs: bigint[] = []
  for (let index = 0; index < count; index++) runs.push(readUint64(reader))
  return areRuns(runs) ? runs : failShape(reader)
}

/** Whether the numbers are pairs that ascend, with at least one number missing between two of them. */
function areRuns(numbers: readonly bigint[]): boolean {
  if (numbers.length % 2 !== 0) return false
  // What the next first number has to be at least.
  let least = 0n
  for (let index = 0; index < numbers.length; index += 2) {
    const first = numbers[index] ?? 0n
    const last = numbers[index + 1] ?? 0n
    if (first < least || last < first) return false
    least = last + 2n
  }
  return true
}

export const locatorBytes = ({ origins }: LocatorMessage): number =>
  origins.reduce(
    (sum, { originId, runs }) =>
      runs.reduce(
        (bytes, number) => bytes + uint64Bytes(number),
        sum +
          arrayHeaderBytes(ENTRY_ELEMENTS) +
          binaryBytes(originId) +
          arrayHeaderBytes(runs.length),
      ),
    START_BYTES + arrayHeaderBytes(origins.length),
  )

/** @throws {RangeError} as `writeMessage`; runs that touch, overlap or do not ascend */
export function writeLocator(writer: Writer, { origins }: LocatorMessage): void {
  writeStart(writer, LOCATOR_ELEMENTS, MESSAGE_NUMBERS.locator)
  writeArrayHeader(writer, checkCount(origins, LOCATOR_ORIGINS_MAX).length)
  for (const { originId, runs } of origins) {
    if (!areRuns(runs)) throw new RangeError('the runs of an origin are no runs')
    writeArrayHeader(writer, ENTRY_ELEMENTS)
    writeBinary(writer, checkLength(originId, NODE_ID_BYTES))
    writeArrayHeader(writer, checkCount(runs, RUN_NUMBERS_MAX).length)
    for (const number of runs) writeUint64(writer, number)
  }
}

export function readRange(reader: Reader, elements: number): RangeMessage {
  expectElements(reader, elements, RANGE_ELEMENTS)
  const originId = readBinary(reader, NODE_ID_BYTES)
  const first = readUint64(reader)
  const last = readUint64(reader)
  return first <= last ? { type: 'range', originId, first, last } : failShape(reader)
}

export const rangeBytes = ({ originId, first, last }: RangeMessage): number =>
  START_BYTES + binaryBytes(originId) + uint64Bytes(first) + uint64Bytes(last)

/** @throws {RangeError} as `writeMessage`; a range that ends before it begins */
export function writeRange(writer: Writer, { originId, first, last }: RangeMessage): void {
  if (first > last) throw new RangeError(`a range from ${first} to ${last}`)
  writeStart(writer, RANGE_ELEMENTS, MESSAGE_NUMBERS.range)
  writeBinary(writer, checkLength(originId, NODE_ID_BYTES))
  writeUint64(writer, first)
  writeUint64(writer, last)
}
