/**
 * SipHash-2-4 (Aumasson and Bernstein), 64 bits: what Core uses where a stranger may not choose the
 * outcome. Written for halves of 32 bits, because a block brings thousands of hashes and a bigint costs
 * more than the whole of it.
 * @module
 */
import { viewOf } from '../bytes.ts'

/** Four words of 32 bits: low and high of k0, low and high of k1. */
export type SipHashKey = Uint32Array

export interface SipHash {
  /** 32 bits each, unsigned. */
  readonly low: number
  readonly high: number
}

const KEY_BYTES = 16
const WORD_BYTES = 8

/** @throws {RangeError} not 16 bytes */
export function sipHashKeyOf(bytes: Uint8Array): SipHashKey {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`${bytes.length} bytes in place of 16`)
  const view = viewOf(bytes)
  return Uint32Array.from([0, 4, 8, 12], (at) => view.getUint32(at, true))
}

const carryOf = (one: number, other: number): number =>
  (one >>> 0) + (other >>> 0) > 0xffff_ffff ? 1 : 0

export function sipHash(key: SipHashKey, data: Uint8Array): SipHash {
  const [k0Low = 0, k0High = 0, k1Low = 0, k1High = 0] = key
  // "somepseudorandomlygeneratedbytes"
  let v0Low = k0Low ^ 0x7073_6575
  let v0High = k0High ^ 0x736f_6d65
  let v1Low = k1Low ^ 0x6e64_6f6d
  let v1High = k1High ^ 0x646f_7261
  let v2Low = k0Low ^ 0x6e65_7261
  let v2High = k0High ^ 0x6c79_6765
  let v3Low = k1Low ^ 0x7974_6573
  let v3High = k1High ^ 0x7465_6462

  const view = viewOf(data)
  const wholeBytes = data.length - (data.length % WORD_BYTES)
  // Whole words, then the rest with the length on top, then the end, which brings no word.
  for (let at = 0; at <= wholeBytes + WORD_BYTES; at += WORD_BYTES) {
    const isEnd = at > wholeBytes
    let low = 0
    let high = 0
    if (at < wholeBytes) {
      low = view.getUint32(at, true)
      high = view.getUint32(at + 4, true)
    } else if (isEnd) {
      v2Low ^= 0xff
    } else {
      high = data.length << 24
      for (let index = wholeBytes; index < data.length; index++) {
        const shift = (index - wholeBytes) * 8
        if (shift < 32) low |= (data[index] ?? 0) << shift
        else high |= (data[index] ?? 0) << (shift - 32)
      }
    }
    v3Low ^= low
    v3High ^= high
    for (let round = isEnd ? 4 : 2; round > 0; round--) {
      let carry = carryOf(v0Low, v1Low)
      v0Low = (v0Low + v1Low) | 0
      v0High = (v0High + v1High + carry) | 0
      let spare = v1Low
      v1Low = ((v1Low << 13) | (v1High >>> 19)) ^ v0Low
      v1High = ((v1High << 13) | (spare >>> 19)) ^ v0High
      spare = v0Low
      v0Low = v0High
      v0High = spare

      carry = carryOf(v2Low, v3Low)
      v2Low = (v2Low + v3Low) | 0
      v2High = (v2High + v3High + carry) | 0
      spare = v3Low
      v3Low = ((v3Low << 16) | (v3High >>> 16)) ^ v2Low
      v3High = ((v3High << 16) | (spare >>> 16)) ^ v2High

      carry = carryOf(v0Low, v3Low)
      v0Low = (v0Low + v3Low) | 0
      v0High = (v0High + v3High + carry) | 0
      spare = v3Low
      v3Low = ((v3Low << 21) | (v3High >>> 11)) ^ v0Low
      v3High = ((v3High << 21) | (spare >>> 11)) ^ v0High

      carry = carryOf(v2Low, v1Low)
      v2Low = (v2Low + v1Low) | 0
      v2High = (v2High + v1High + carry) | 0
      spare = v1Low
      v1Low = ((v1Low << 17) | (v1High >>> 15)) ^ v2Low
      v1High = ((v1High << 17) | (spare >>> 15)) ^ v2High
      spare = v2Low
      v2Low = v2High
      v2High = spare
    }
    v0Low ^= low
    v0High ^= high
  }
  return {
    low: (v0Low ^ v1Low ^ v2Low ^ v3Low) >>> 0,
    high: (v0High ^ v1High ^ v2High ^ v3High) >>> 0,
  }
}

export const sipHash64 = (key: SipHashKey, data: Uint8Array): bigint => {
  const { low, high } = sipHash(key, data)
  return (BigInt(high) << 32n) | BigInt(low)
}
