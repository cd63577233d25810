/**
 * Bytes as people write them in tests: hexadecimal digits, with spaces where they help.
 * @module
 */
import { decodeHex } from '../../codec/bytes.ts'

/** @throws {RangeError} anything but pairs of hexadecimal digits and spaces */
export function hex(text: string): Uint8Array {
  const bytes = decodeHex(text.replaceAll(/\s/g, '').toLowerCase())
  if (bytes === undefined) throw new RangeError(`not hexadecimal digits in pairs: ${text}`)
  return bytes
}

export const asBytes = (given: string | Uint8Array): Uint8Array =>
  typeof given === 'string' ? hex(given) : given
