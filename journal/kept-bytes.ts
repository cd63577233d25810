/**
 * Bytes that are kept for as long as a journal in memory lives, in large pieces of memory.
 *
 * The engine counts new memory of a process as a reason to collect garbage, and of this there is none to
 * collect: so it is of the kind that is not counted. That kind is copied byte by byte unless both sides
 * stand at a multiple of eight, which takes several times as long.
 * @module
 */
export interface KeptBytes {
  /** Gives the copy that is kept. */
  add(bytes: Uint8Array): Uint8Array
  /** In the order in which they came. */
  readonly all: readonly Uint8Array[]
}

const FIRST_PIECE_BYTES = 64 * 1_024
/** The system is asked seldom; what is not written to yet costs no memory. */
const PIECE_BYTES_MAX = 4 * 1_024 * 1_024
const WORD_BYTES = 8

export function createKeptBytes(): KeptBytes {
  const all: Uint8Array[] = []
  let piece = new SharedArrayBuffer(0)
  let nextBytes = FIRST_PIECE_BYTES
  let at = 0
  return {
    all,
    add(bytes) {
      const { length } = bytes
      if (at + length > piece.byteLength) {
        piece = new SharedArrayBuffer(Math.max(nextBytes, length))
        nextBytes = Math.min(nextBytes * 2, PIECE_BYTES_MAX)
        at = 0
      }
      const kept = new Uint8Array(piece, at, length)
      kept.set(bytes)
      all.push(kept)
      at += Math.ceil(length / WORD_BYTES) * WORD_BYTES
      return kept
    },
  }
}
