/**
 * The values of a journal as msgpack, and back. Bytes are `bin`, bigints stay bigints.
 * @module
 */
import { Packr } from 'msgpackr'
import { JournalError } from './journal-error.ts'

const packr = new Packr({ useRecords: false, moreTypes: true, int64AsType: 'bigint' })

/** A copy: what the library hands out is part of a buffer that it goes on using. */
export const pack = (value: unknown): Uint8Array => new Uint8Array(packr.pack(value))

/**
 * The values that stand there one after the other, with bytes of their own.
 * @throws {JournalError} `damaged`
 */
export function unpackAll(bytes: Uint8Array, where: string): readonly unknown[] {
  if (bytes.length === 0) return []
  try {
    // Views of a plain copy: no Buffer comes out, and nothing that the caller writes over changes them.
    const values: unknown = packr.unpackMultiple(new Uint8Array(bytes))
    if (Array.isArray(values)) return values
  } catch (cause) {
    throw new JournalError('damaged', `${where} is no msgpack`, { cause })
  }
  throw new JournalError('damaged', `${where} is no msgpack`)
}
