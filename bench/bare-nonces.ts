/**
 * The nonces of one direction, for the bare programs: a counter, in one piece of memory.
 * @module
 */
import { viewOf } from '../codec/bytes.ts'

export function bareNonces(): () => Uint8Array {
  const nonce = new Uint8Array(12)
  const view = viewOf(nonce)
  let count = 0
  return () => {
    view.setUint32(8, count++)
    return nonce
  }
}
