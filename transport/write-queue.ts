/**
 * What was written to a socket and not yet handed to it. A peer that asks much and reads nothing makes
 * thousands of small writes wait, each an object that is larger than its bytes: these are joined.
 * @module
 */
import { isFreeable } from './free-memory.ts'

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

/** Data and no methods: there is one a socket. */
export interface WriteQueue {
  pieces: Uint8Array[]
  /** Pieces before this one have left. */
  done: number
  /** Memory in which the last piece lies, with room behind it: small ones are joined there. */
  joined: Uint8Array | undefined
  /** Of what waits, in order: what is to be given back once its last byte has left. */
  sole: Uint8Array[]
}

export const createWriteQueue = (): WriteQueue => ({
  pieces: [],
  done: 0,
  joined: undefined,
  sole: [],
})

/** Behind the last piece, if both are small and it has not left. */
function join(queue: WriteQueue, bytes: Uint8Array): boolean {
  const { done, joined, pieces } = queue
  const last = pieces.length > done ? pieces.at(-1) : undefined
  if (last === undefined || bytes.length > SMALL_BYTES_MAX) return false
  const length = last.length + bytes.length
  if (length > JOINED_BYTES_MAX || (joined === undefined && last.length > SMALL_BYTES_MAX)) {
    return false
  }
  let room = joined
  if (room === undefined || length > room.length) {
    const roomier = Math.max(JOINED_BYTES_AT_FIRST, 2 * length)
    room = new Uint8Array(Math.min(JOINED_BYTES_MAX, roomier))
    room.set(last)
    queue.joined = room
  }
  room.set(bytes, last.length)
  pieces[pieces.length - 1] = room.subarray(0, length)
  return true
}

/** From then on the bytes are the queue's. `isSole`: and nobody else will look at them. */
export function pushWrite(queue: WriteQueue, bytes: Uint8Array, isSole = false): void {
  if (bytes.length === 0 || join(queue, bytes)) return
  queue.joined = undefined
  if (isSole && isFreeable(bytes)) queue.sole.push(bytes)
  for (let from = 0; from < bytes.length;) {
    // What is little more than one piece is one: the rest would cost as much as a piece does.
    const left = bytes.length - from
    const count = left < 2 * PIECE_BYTES ? left : PIECE_BYTES
    queue.pieces.push(count === bytes.length ? bytes : bytes.subarray(from, from + count))
    from += count
  }
}

/** The next piece, of less than 128 KiB. */
export function nextWrite(queue: WriteQueue): Uint8Array | undefined {
  const { pieces } = queue
  const piece = pieces[queue.done]
  if (piece === undefined) return undefined
  // Behind a slow reader the queue is not empty for a long time: its place must not hold what has left.
  pieces[queue.done++] = NOTHING
  const isEmpty = queue.done === pieces.length
  if (isEmpty) queue.joined = undefined
  if (isEmpty || queue.done > DONE_PLACES_MAX) {
    queue.pieces = pieces.slice(queue.done)
    queue.done = 0
  }
  return piece
}

/** What can be given back once this piece has left: asked with each that `nextWrite` gave, in order. */
export function endingWith({ sole }: WriteQueue, piece: Uint8Array): Uint8Array | undefined {
  const [first] = sole
  const isEnd =
    first?.buffer === piece.buffer && piece.byteOffset + piece.length === piece.buffer.byteLength
  return isEnd ? sole.shift() : undefined
}

/** How many pieces wait. */
export const waitingWrites = ({ done, pieces }: WriteQueue): number => pieces.length - done

export function clearWrites(queue: WriteQueue): void {
  queue.pieces = []
  queue.done = 0
  queue.joined = undefined
  queue.sole = []
}
