/**
 * Byte strings as they stand in specifications: hexadecimal digits with any spacing.
 * @module
 */
import { decodeHex } from '../../codec/bytes.ts'

/** @throws {Error} not whole bytes of hexadecimal digits: the test itself is wrong */
export function hex(text: string): Uint8Array {
  const bytes = decodeHex(text.replace(/\s+/g, ''))
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`)
  return bytes
}
