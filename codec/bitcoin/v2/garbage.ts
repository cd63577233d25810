/**
 * Finds the end of a peer's garbage: up to 4,095 bytes of no meaning, then the 16 bytes that both sides
 * derived. The garbage is what the first packet behind it answers for, so it is kept until then.
 *
 * It is read once, from front to back, after Knuth, Morris and Pratt: never further than the terminator
 * could end, so that what stands behind it is left where it is, and never a byte twice, however the
 * bytes were cut and whatever they repeat.
 * @module
 */
import type { FrameBuffer } from '../../frame-buffer.ts'
import { WireError } from '../../wire-error.ts'
import type { V2Detail } from './details.ts'

/** BIP 324's MAX_GARBAGE_LEN. */
export const GARBAGE_BYTES_MAX = 4_095

export interface GarbageScanner {
  /**
   * The garbage, with the buffer behind the terminator; undefined while more bytes are needed.
   * @throws {WireError} `close`: as many bytes as there may be, and no terminator among them
   */
  read(buffer: FrameBuffer): Uint8Array | undefined
  /** Bytes taken off the buffer, of which nobody knows yet what they are. */
  readonly bufferedBytes: number
}

export function createGarbageScanner(terminator: Uint8Array): GarbageScanner {
  const fallbacks = fallbacksOf(terminator)
  const taken = new Uint8Array(GARBAGE_BYTES_MAX + terminator.length)
  let length = 0
  /** How many of the last bytes are the first ones of the terminator. */
  let matched = 0

  function step(byte: number): void {
    while (matched > 0 && byte !== terminator[matched]) matched = fallbacks[matched - 1] ?? 0
    if (byte === terminator[matched]) matched++
  }

  return {
    read(buffer) {
      while (matched < terminator.length && length < taken.length) {
        const missing = terminator.length - matched
        const wanted = Math.min(missing, buffer.length, taken.length - length)
        const bytes = wanted === 0 ? undefined : buffer.take(wanted)
        if (bytes === undefined) return undefined
        taken.set(bytes, length)
        length += bytes.length
        for (const byte of bytes) step(byte)
      }
      if (matched < terminator.length) throw unterminated()
      return taken.subarray(0, length - terminator.length)
    },
    get bufferedBytes() {
      return length
    },
  }
}

const unterminated = (): WireError<V2Detail> => new WireError('close', 'garbage-unterminated')

/** For each beginning of the pattern: how many of its last bytes are the pattern's first ones. */
function fallbacksOf(pattern: Uint8Array): Uint8Array {
  const fallbacks = new Uint8Array(pattern.length)
  let matched = 0
  for (let index = 1; index < pattern.length; index++) {
    while (matched > 0 && pattern[index] !== pattern[matched]) matched = fallbacks[matched - 1] ?? 0
    if (pattern[index] === pattern[matched]) matched++
    fallbacks[index] = matched
  }
  return fallbacks
}
