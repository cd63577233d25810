/**
 * MurmurHash3, the variant of 32 bits (Appleby): where a filter of BIP 37 has its bits. Anybody can choose
 * its outcome; nothing but a filter may rely on it.
 * @module
 */
import { viewOf } from '../bytes.ts'

const FIRST = 0xcc9e_2d51
const SECOND = 0x1b87_3593
const BLOCK_BYTES = 4

const rotateLeft = (value: number, bits: number): number =>
  (value << bits) | (value >>> (32 - bits))

const mix = (block: number): number => Math.imul(rotateLeft(Math.imul(block, FIRST), 15), SECOND)

/** 32 bits, unsigned; so is the seed. */
export function murmurHash(seed: number, data: Uint8Array): number {
  const view = viewOf(data)
  const tailAt = data.length - (data.length % BLOCK_BYTES)
  let hash = seed
  for (let at = 0; at < tailAt; at += BLOCK_BYTES) {
    hash = rotateLeft(hash ^ mix(view.getUint32(at, true)), 13)
    hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0
  }
  let tail = 0
  for (let at = data.length - 1; at >= tailAt; at--) tail = (tail << 8) | (data[at] ?? 0)
  hash ^= mix(tail) ^ data.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
