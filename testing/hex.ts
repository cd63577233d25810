/**
 * Bytes as tests write them.
 * @module
 */
import { concatBytes, decodeHex } from '../codec/bytes.ts'

/** The bytes of one text, or of several in a row. @throws {RangeError} one that is no hexadecimal */
export const hex = (...texts: readonly string[]): Uint8Array =>
  concatBytes(
    ...texts.map((text) => {
      const bytes = decodeHex(text)
      if (bytes === undefined) throw new RangeError(`no hexadecimal: ${text}`)
      return bytes
    }),
  )
