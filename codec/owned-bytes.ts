/**
 * Byte strings of messages, as an application may keep them. Memory of its own for each would cost more
 * than all else that is done for a small message: 0.6 of 0.9 us for one of 256 bytes.
 *
 * So small ones lie in pieces of memory that they share with others of their kind, and nobody else.
 * Whoever keeps one keeps its piece.
 * @module
 */

/** Eight of the largest small ones: whoever keeps one in a thousand keeps 4 KiB for each. */
const PIECE_BYTES = 4_096
const SMALL_BYTES_MAX = 512
/** Up to here the engine keeps the bytes beside the view, in one object: nothing is cheaper. */
const SMALLEST_BYTES_MAX = 64

let piece = new Uint8Array(PIECE_BYTES)
let used = 0

/**
 * The same bytes, for somebody to keep. `isSole`: nobody else will look at those bytes of the memory they
 * lie in, so that they stay where they are, if they are at least half of it and nothing lies behind them:
 * what does is still to be read, and whoever keeps these may give their memory away.
 */
export function ownedBytes(bytes: Uint8Array, isSole: boolean): Uint8Array {
  const { length } = bytes
  const isLast = bytes.byteOffset + length === bytes.buffer.byteLength
  if (isSole && isLast && length * 2 >= bytes.buffer.byteLength) return bytes
  if (length > SMALL_BYTES_MAX || length <= SMALLEST_BYTES_MAX) return bytes.slice()
  // Not its size: of a piece that somebody transferred to another thread nothing is left.
  if (used + length > piece.length) {
    piece = new Uint8Array(PIECE_BYTES)
    used = 0
  }
  const kept = piece.subarray(used, used + length)
  kept.set(bytes)
  used += length
  return kept
}
