/**
 * What simulated applications say to each other: a number that stands for who said what to whom, and
 * filling. Whoever gets it can tell whether it was meant for it, is whole, and comes for the first time.
 * @module
 */
import { viewOf } from '../../codec/bytes.ts'

const NUMBER_BYTES = 4

/** @param sizeBytes at least the number is there */
export function encodePayload(number: number, sizeBytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(NUMBER_BYTES, sizeBytes)).fill(number)
  viewOf(payload).setUint32(0, number)
  return payload
}

/** Undefined: nobody here said it. */
export function decodePayload(payload: Uint8Array): number | undefined {
  if (payload.length < NUMBER_BYTES) return undefined
  const number = viewOf(payload).getUint32(0)
  for (let at = NUMBER_BYTES; at < payload.length; at++) {
    if (payload[at] !== (number & 0xff)) return undefined
  }
  return number
}
