/**
 * Collects the chunks of a stream until a whole frame is at hand.
 *
 * A chunk is borrowed, not copied: frames that lie whole in it are views of it. Bytes are copied
 * into memory of the buffer's own only where a frame lies across chunks, and where `keep` says
 * that the borrowed memory is about to go. Each byte is copied a bounded number of times, however
 * small the chunks, so a frame of n bytes costs time in proportion to n.
 *
 * The memory it holds is at most four times the bytes that have arrived, whatever length a stranger
 * announces. How many may arrive unread is for its user to bound, by `length`.
 *
 * Memory that is new to the process is what costs: eight times the copy into it, for 64 KiB. So one piece
 * that a buffer is done with stays for the next one that needs as much, whichever connection that is.
 * @module
 */

export interface FrameBuffer {
  /** Bytes that arrived and were not taken. */
  readonly length: number
  /** Borrows the chunk until `keep`. Views given out before are no longer valid. */
  push(chunk: Uint8Array): void
  /**
   * A view of the next `count` bytes, undefined while fewer have arrived. Views, of `take` as well,
   * are valid until the next `push` or `keep`.
   */
  peek(count: number): Uint8Array | undefined
  /** As `peek`, and moves past them. */
  take(count: number): Uint8Array | undefined
  /**
   * Gives borrowed memory back: what is left of it is copied. Call it before the chunk's owner
   * takes the chunk away; a second call costs nothing. Views given out before are no longer valid.
   */
  keep(): void
}

const NOTHING: Uint8Array = new Uint8Array(0)
/** Of the piece that stays: four records of 64 KiB. */
const SPARE_BYTES_MAX = 256 * 1_024
/** New memory of less costs next to nothing. */
const SPARE_BYTES_MIN = 16 * 1_024
/** Taken for less, it would be held for a peer that has sent next to nothing. */
const SPARE_PER_BYTE_MAX = 4

/** One for all: a buffer is done with its memory before another one is read. */
let spare = NOTHING

/** Room for so many bytes, of which so many are there already. What it holds may be another connection's. */
function takeMemory(capacity: number, length: number): Uint8Array {
  if (spare.length < length || spare.length > length * SPARE_PER_BYTE_MAX) {
    return new Uint8Array(capacity)
  }
  const memory = spare
  spare = NOTHING
  return memory
}

/** The latest stays, and not the largest: what comes next is likely to be as long as what came before. */
function giveMemory(memory: Uint8Array): void {
  if (memory.length >= SPARE_BYTES_MIN && memory.length <= SPARE_BYTES_MAX) spare = memory
}

export function createFrameBuffer(): FrameBuffer {
  /** Memory of our own; its bytes from `ownedStart` to `ownedEnd` come before the borrowed ones. */
  let owned = NOTHING
  let ownedStart = 0
  let ownedEnd = 0
  let borrowed = NOTHING
  /** Read to its end: views of it were given out, and are valid until `keep`. */
  let finished = NOTHING
  /** What the reader last asked for in vain: more room than that is not worth having. */
  let wanted = 0

  /** Makes room behind the owned bytes. Views of them stay as they are, unless `views` are over. */
  function makeRoom(count: number, capacity: number, views: 'over' | 'valid'): void {
    const ownedLength = ownedEnd - ownedStart
    if (ownedEnd + count <= owned.length) return
    // Moved are no more bytes than were taken since: that keeps the copying linear.
    const canMove = ownedLength <= ownedStart && ownedLength + count <= owned.length
    if (views === 'over' && canMove) owned.copyWithin(0, ownedStart, ownedEnd)
    else {
      const roomier = takeMemory(capacity, ownedLength + count)
      roomier.set(owned.subarray(ownedStart, ownedEnd))
      owned = roomier
    }
    ownedStart = 0
    ownedEnd = ownedLength
  }

  /** Moves the first `count` borrowed bytes behind the owned ones, where `capacity` is for them all. */
  function own(count: number, capacity: number, views: 'over' | 'valid'): void {
    makeRoom(count, capacity, views)
    owned.set(borrowed.subarray(0, count), ownedEnd)
    ownedEnd += count
    borrowed = count === borrowed.length ? NOTHING : borrowed.subarray(count)
  }

  function keep(): void {
    giveMemory(finished)
    finished = NOTHING
    if (borrowed.length === 0) return
    const ownedLength = ownedEnd - ownedStart
    const length = ownedLength + borrowed.length
    // Doubling is what keeps the copying linear. A first remainder is likely to be the last, and a
    // frame whose size is known needs no more room than that.
    const ahead = wanted > length ? wanted : ownedLength === 0 ? length : length * 2
    own(borrowed.length, Math.min(ahead, length * 2), 'over')
  }

  function peek(count: number): Uint8Array | undefined {
    const ownedLength = ownedEnd - ownedStart
    if (ownedLength === 0 && count <= borrowed.length) return borrowed.subarray(0, count)
    if (count > ownedLength + borrowed.length) {
      wanted = count
      return undefined
    }
    if (count > ownedLength) own(count - ownedLength, count, 'valid')
    return owned.subarray(ownedStart, ownedStart + count)
  }

  const buffer = {
    length: 0,
    push(chunk: Uint8Array): void {
      keep()
      borrowed = chunk
      buffer.length += chunk.length
    },
    peek,
    take(count: number): Uint8Array | undefined {
      const bytes = peek(count)
      if (bytes === undefined) return undefined
      buffer.length -= count
      wanted = 0
      if (ownedEnd - ownedStart === 0) {
        borrowed = count === borrowed.length ? NOTHING : borrowed.subarray(count)
      } else if (ownedStart + count === ownedEnd) {
        // Let go of the memory: an idle stream holds none.
        finished = owned
        owned = NOTHING
        ownedStart = 0
        ownedEnd = 0
      } else {
        ownedStart += count
      }
      return bytes
    },
    keep,
  }
  return buffer
}
