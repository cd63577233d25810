/**
 * Chance: the operating system's, and one that a seed decides.
 *
 * The seeded one is the ChaCha20 key stream (RFC 8439 section 2.4) under the seed as key and a zero
 * nonce. A fork's seed is HMAC-SHA256 under its parent's seed of the name, behind its length in four
 * bytes: it depends on the names alone, never on what was drawn before. Whole numbers are read
 * little-endian. This is a format: recordings are replayed with it.
 * @module
 */
import { randomFillSync } from 'node:crypto'
import { chacha20 } from '@noble/ciphers/chacha.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Random } from '../world/random.ts'

const SEED_BYTES = 32
const NONCE = new Uint8Array(12)
const BLOCK_BYTES = 64
/**
 * How many blocks are made at once: one at first, because most forks draw little (a node makes some
 * for each connection), then more, because a call of the cipher costs more than a block.
 */
const BLOCKS_FIRST = 1
const BLOCKS_LATER = 16
/** Larger draws go around the pool. */
const POOL_BYTES = 4_096
const POOLED_BYTES_MAX = 256

const TWO_TO_32 = 2 ** 32
const TWO_TO_26 = 2 ** 26
const TWO_TO_53 = 2 ** 53

/** Fills the target with the next bytes of a source. */
type Fill = (target: Uint8Array) => void

function drawsOf(fill: Fill): Omit<Random, 'fork'> {
  const word = new Uint8Array(4)
  const view = new DataView(word.buffer)
  const uint32 = (): number => {
    fill(word)
    return view.getUint32(0, true)
  }
  return {
    bytes(count) {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new RangeError(`${count} is no number of bytes`)
      }
      const bytes = new Uint8Array(count)
      fill(bytes)
      return bytes
    },
    below(limit) {
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > TWO_TO_32) {
        throw new RangeError(`${limit} is not between 1 and 2^32`)
      }
      // The draws above the last whole multiple of the limit would favour the small results.
      const fair = TWO_TO_32 - (TWO_TO_32 % limit)
      let drawn = uint32()
      while (drawn >= fair) drawn = uint32()
      return drawn % limit
    },
    unit() {
      const high = uint32() >>> 5
      const low = uint32() >>> 6
      return (high * TWO_TO_26 + low) / TWO_TO_53
    },
  }
}

function keyStream(seed: Uint8Array): Fill {
  let ready = new Uint8Array(0)
  let used = 0
  let block = 0

  const refill = (): void => {
    const blocks = block === 0 ? BLOCKS_FIRST : BLOCKS_LATER
    // The counter has 32 bits: the cipher refuses to go on after 256 GiB of one stream.
    ready = chacha20(seed, NONCE, new Uint8Array(blocks * BLOCK_BYTES), undefined, block)
    used = 0
    block += blocks
  }

  return (target) => {
    for (let filled = 0; filled < target.length;) {
      if (used === ready.length) refill()
      const part = ready.subarray(used, used + target.length - filled)
      target.set(part, filled)
      filled += part.length
      used += part.length
    }
  }
}

const utf8 = new TextEncoder()

function forkSeed(seed: Uint8Array, name: string): Uint8Array {
  const encoded = utf8.encode(name)
  const message = new Uint8Array(4 + encoded.length)
  new DataView(message.buffer).setUint32(0, encoded.length)
  message.set(encoded, 4)
  return hmac(sha256, seed, message)
}

/**
 * The same seed gives the same draws, on every platform. A text stands for its SHA-256.
 * @throws {RangeError} bytes that are not 32
 */
export function seededRandom(seed: Uint8Array | string): Random {
  const key = typeof seed === 'string' ? sha256(utf8.encode(seed)) : seed.slice()
  if (key.length !== SEED_BYTES) {
    throw new RangeError(`a seed has ${SEED_BYTES} bytes, not ${key.length}`)
  }
  return { ...drawsOf(keyStream(key)), fork: (name) => seededRandom(forkSeed(key, name)) }
}

function fromSystem(): Fill {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return (target) => {
    if (target.length > POOLED_BYTES_MAX) {
      randomFillSync(target)
      return
    }
    if (used + target.length > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const part = pool.subarray(used, used + target.length)
    target.set(part)
    // What was handed out may become a key: no second copy stays behind.
    part.fill(0)
    used += target.length
  }
}

/** The operating system's source. Its forks are itself: no draw shifts another one there. */
export function systemRandom(): Random {
  const random: Random = { ...drawsOf(fromSystem()), fork: () => random }
  return random
}
