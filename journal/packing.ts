/**
 * The values of a journal, read: msgpack, one value after the other.
 * @module
 */
import { Unpackr } from 'msgpackr'
import { JournalError } from './journal-error.ts'

/** No value refers to another: two references to each of thirty would be more than memory holds. */
const unpackr = new Unpackr({
  ...{ useRecords: false, moreTypes: true, int64AsType: 'bigint' },
  structuredClone: false,
})

export interface Unpacked {
  readonly value: unknown
  /** Where it stands. */
  readonly bytes: Uint8Array
}

/**
 * The values that stand there one after the other, with bytes of their own.
 * @throws {JournalError} `damaged`
 */
export function unpackEach(bytes: Uint8Array, where: string): readonly Unpacked[] {
  if (bytes.length === 0) return []
  // Views of a plain copy: no Buffer comes out, and nothing that the caller writes over changes them.
  const own = new Uint8Array(bytes)
  const unpacked: Unpacked[] = []
  try {
    unpackr.unpackMultiple(own, (value: unknown, start, end) => {
      unpacked.push({ value, bytes: own.subarray(start, end) })
    })
  } catch (cause) {
    throw new JournalError('damaged', `${where} is no msgpack`, { cause })
  }
  return unpacked
}

/** Without their places. @throws {JournalError} `damaged` */
export const unpackAll = (bytes: Uint8Array, where: string): readonly unknown[] =>
  unpackEach(bytes, where).map(({ value }) => value)
