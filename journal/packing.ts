/**
 * The values of a journal, read: msgpack, one value after the other.
 * @module
 */
import { Unpackr } from 'msgpackr'
import { JournalError } from './journal-error.ts'

const unpackr = new Unpackr({ useRecords: false, moreTypes: true, int64AsType: 'bigint' })

/**
 * The values that stand there one after the other, with bytes of their own.
 * @throws {JournalError} `damaged`
 */
export function unpackAll(bytes: Uint8Array, where: string): readonly unknown[] {
  if (bytes.length === 0) return []
  try {
    // Views of a plain copy: no Buffer comes out, and nothing that the caller writes over changes them.
    const values: unknown = unpackr.unpackMultiple(new Uint8Array(bytes))
    if (Array.isArray(values)) return values
  } catch (cause) {
    throw new JournalError('damaged', `${where} is no msgpack`, { cause })
  }
  throw new JournalError('damaged', `${where} is no msgpack`)
}
