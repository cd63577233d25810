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

/**
 * Each value that stands there, one after the other, with the bytes that it stands in: memory of its
 * own, of which bytes in the value are views.
 * @throws {JournalError} `damaged`
 */
export function visitEach(
  bytes: Uint8Array,
  where: string,
  visit: (value: unknown, bytes: Uint8Array) => void,
): void {
  if (bytes.length === 0) return
  // Views of a plain copy: no Buffer comes out, and nothing that the caller writes over changes them.
  const own = new Uint8Array(bytes)
  let thrown: { readonly error: unknown } | undefined
  try {
    unpackr.unpackMultiple(own, (value: unknown, start, end) => {
      try {
        visit(value, own.subarray(start, end))
        return undefined
      } catch (error) {
        thrown = { error }
        return false
      }
    })
  } catch (cause) {
    throw new JournalError('damaged', `${where} is no msgpack`, { cause })
  }
  if (thrown !== undefined) throw thrown.error
}

/** Without their places. @throws {JournalError} `damaged` */
export function unpackAll(bytes: Uint8Array, where: string): readonly unknown[] {
  const values: unknown[] = []
  visitEach(bytes, where, (value) => {
    values.push(value)
  })
  return values
}
