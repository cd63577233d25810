/**
 * What was written to a socket and not yet handed to it. A peer that asks much and reads nothing makes
 * thousands of small writes wait, each an object that is larger than its bytes: these are joined.
 * @module
 */

/** Larger writes go in pieces of this size: a record of the sealed transports, a read of Node's. */
const PIECE_BYTES = 64 * 1_024
/** What is joined: a copy of it costs less than a write of its own. */
const SMALL_BYTES_MAX = 4 * 1_024
/** Of small ones together: a few of these fill what the system takes at once. */
const JOINED_BYTES_MAX = 16 * 1_024
const JOINED_BYTES_AT_FIRST = 256
/** Above this many places that are done with, they are given back: rarely, for each time moves all the others. */
const DONE_PLACES_MAX = 1_024

const NOTHING = new Uint8Array(0)

export interface WriteQueue {
  /** From then on the bytes are the queue's. */
  push(bytes: Uint8Array): void
  /** The next piece, of less than 128 KiB. */
  next(): Uint8Array | undefined
  /** How many pieces wait. */
  count(): number
  clear(): void
}

export function createWriteQueue(): WriteQueue {
  let pieces: Uint8Array[] = []
  let done = 0
  /** Memory in which the last piece lies, with room behind it: small ones are joined there. */
  let joined: Uint8Array | undefined

  /** Behind the last piece, if both are small and it has not left. */
  const join = (bytes: Uint8Array): boolean => {
    const last = pieces.length > done ? pieces.at(-1) : undefined
    if (last === undefined || bytes.length > SMALL_BYTES_MAX) return false
    const length = last.length + bytes.length
    if (length > JOINED_BYTES_MAX || (joined === undefined && last.length > SMALL_BYTES_MAX)) {
      return false
    }
    if (joined === undefined || length > joined.length) {
      const roomier = Math.max(JOINED_BYTES_AT_FIRST, 2 * length)
      joined = new Uint8Array(Math.min(JOINED_BYTES_MAX, roomier))
      joined.set(last)
    }
    joined.set(bytes, last.length)
    pieces[pieces.length - 1] = joined.subarray(0, length)
    return true
  }

  return {
    push(bytes) {
      if (bytes.length === 0 || join(bytes)) return
      joined = undefined
      for (let from = 0; from < bytes.length;) {
        // What is little more than one piece is one: the rest would cost as much as a piece does.
        const left = bytes.length - from
        const count = left < 2 * PIECE_BYTES ? left : PIECE_BYTES
        pieces.push(count === bytes.length ? bytes : bytes.subarray(from, from + count))
        from += count
      }
    },
    next() {
      const piece = pieces[done]
      if (piece === undefined) return undefined
      // Behind a slow reader the queue is not empty for a long time: its place must not hold what has left.
      pieces[done++] = NOTHING
      if (done === pieces.length) joined = undefined
      if (done === pieces.length || done > DONE_PLACES_MAX) {
        pieces = pieces.slice(done)
        done = 0
      }
      return piece
    },
    count: () => pieces.length - done,
    clear() {
      pieces = []
      done = 0
      joined = undefined
    },
  }
}
