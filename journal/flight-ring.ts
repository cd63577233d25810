/**
 * The last entries of one connection, 32 bytes each, in memory that doubles up to its bound and then
 * serves in turn: most connections are idle and need half of it, and nothing is allocated for an
 * entry once it is full. Equal entries that follow each other are one with a count, so that a flood
 * of messages does not push out what led to it.
 * @module
 */

/** Two times, count, amount, code and first name, second name; the times stand aligned. */
const ENTRY_BYTES = 32
const UNTIL = 8
const COUNT = 16
const AMOUNT = 20
const CODE = 24
const SECOND = 28
const UINT32_MAX = 0xffff_ffff
/** A handshake of most networks, and what follows it at once. */
const FIRST_ENTRIES = 16

/** An entry as numbers; what they mean is its reader's. */
export interface RingEntry {
  readonly atMs: number
  readonly untilMs: number
  readonly count: number
  readonly amount: number
  /** 16 bits. */
  readonly code: number
  /** Numbers of names, 16 bits each. */
  readonly first: number
  readonly second: number
}

/** Data and no methods: there is one a connection. */
export interface FlightRing {
  view: DataView
  readonly bytesMax: number
  /** Where the newest entry stands; below 0 there is none. */
  newest: number
  isFull: boolean
}

export const createFlightRing = (entriesMax: number): FlightRing => ({
  view: new DataView(new ArrayBuffer(Math.min(entriesMax, FIRST_ENTRIES) * ENTRY_BYTES)),
  bytesMax: entriesMax * ENTRY_BYTES,
  newest: -ENTRY_BYTES,
  isFull: false,
})

/** Twice the memory, with the same entries in it. */
function grow(ring: FlightRing): void {
  const { buffer } = ring.view
  const grown = new Uint8Array(Math.min(2 * buffer.byteLength, ring.bytesMax))
  grown.set(new Uint8Array(buffer))
  ring.view = new DataView(grown.buffer)
}

/** The memory serves again, with nothing in it. */
export function clearRing(ring: FlightRing): void {
  ring.newest = -ENTRY_BYTES
  ring.isFull = false
}

export function pushEntry(
  ring: FlightRing,
  atMs: number,
  code: number,
  first: number,
  second: number,
  amount: number,
): void {
  const { newest } = ring
  let { view } = ring
  const head = ((code << 16) | first) >>> 0
  const amountKept = amount > UINT32_MAX ? UINT32_MAX : amount
  if (
    newest >= 0 &&
    view.getUint32(newest + CODE) === head &&
    view.getUint32(newest + AMOUNT) === amountKept &&
    view.getUint32(newest + SECOND) === second
  ) {
    const count = view.getUint32(newest + COUNT)
    if (count < UINT32_MAX) {
      view.setFloat64(newest + UNTIL, atMs)
      view.setUint32(newest + COUNT, count + 1)
      return
    }
  }
  let next = newest + ENTRY_BYTES
  if (next === ring.bytesMax) {
    next = 0
    ring.isFull = true
  } else if (next === view.byteLength) {
    grow(ring)
    view = ring.view
  }
  ring.newest = next
  view.setFloat64(next, atMs)
  view.setFloat64(next + UNTIL, atMs)
  view.setUint32(next + COUNT, 1)
  view.setUint32(next + AMOUNT, amountKept)
  view.setUint32(next + CODE, head)
  view.setUint32(next + SECOND, second)
}

/** Oldest first. */
export function readEntries({ isFull, newest, view }: FlightRing): readonly RingEntry[] {
  const entryAt = (at: number): RingEntry => {
    const head = view.getUint32(at + CODE)
    return {
      atMs: view.getFloat64(at),
      untilMs: view.getFloat64(at + UNTIL),
      count: view.getUint32(at + COUNT),
      amount: view.getUint32(at + AMOUNT),
      code: head >>> 16,
      first: head & 0xffff,
      second: view.getUint32(at + SECOND),
    }
  }
  const entries: RingEntry[] = []
  const end = isFull ? view.byteLength : 0
  for (let at = newest + ENTRY_BYTES; at < end; at += ENTRY_BYTES) entries.push(entryAt(at))
  for (let at = 0; at <= newest; at += ENTRY_BYTES) entries.push(entryAt(at))
  return entries
}
