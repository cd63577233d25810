/**
 * Writes msgpack into one buffer that is used again and stays in the processor's cache. A recorded node
 * writes an entry for each message that it is told to send, and the general library takes several times
 * as long for one. The library reads it.
 *
 * It throws where a value cannot be looked at (a proxy that was revoked), and nowhere else. What an
 * application gives may be no plain data: an object of a class is its own fields, and what cannot be
 * written at all is a note that it was there, which a node takes as little for bytes or a verdict as the
 * thing itself. So is a reference to what it stands in, and whatever comes behind where it holds more
 * values than a message can: two references in a ring are as many values as one likes.
 * @module
 */
export interface ValueWriter {
  /** What is written, behind the reserved bytes. A view until the next call. */
  written(): Uint8Array
  /** Of what `written` gives. */
  readonly length: number
  /** Forgets what is written. */
  reset(): void
  /** Forgets what is written up to here; what stands behind goes to its place. */
  forgetTo(length: number): void
  /** Forgets what stands behind this length. */
  rewind(length: number): void
  /** What stands behind this length. */
  copyFrom(length: number): Uint8Array
  float64(value: number): void
  arrayOf(count: number): void
  /** An array of up to 15 values that begins with these: two from 0 to 127, and two of any kind. */
  headOf(count: number, first: number, second: number, third: number, fourth: number): void
  /** The array that begins there was of up to 15 values, and is of so many, up to 15. */
  rewriteArrayOf(at: number, count: number): void
  value(value: unknown): void
  /** What an application gave: it may refer to itself, and hold more than there is memory for. */
  given(value: unknown): void
}

/** A segment of a journal and what overhangs: less than the second cache of most processors. */
const FIRST_BYTES = 128 * 1_024
/** A buffer that one large entry has made larger than this is given back. */
const KEPT_BYTES_MAX = 4 * 1_024 * 1_024
/** Texts up to this length are mostly names of ours: ASCII, and faster letter by letter. */
const SHORT_TEXT = 64
/** A value deeper than this is none that an input has; and no other reader would follow it. */
const DEPTH_MAX = 100
/** Of what an application gave. The longest list that a network here has is of 50,000 records. */
const VALUES_MAX = 1_024 * 1_024
/** So many bytes of one value count as one more: all together they are as long as a segment can be. */
const VALUE_BYTES_SHIFT = 8
/** No store answers so much. A small integer: counting it down takes no memory. */
const UNBOUNDED = 2 ** 30 - 1

const utf8 = new TextEncoder()

export function createValueWriter(reservedBytes: number): ValueWriter {
  let bytes = new Uint8Array(FIRST_BYTES)
  let view = new DataView(bytes.buffer)
  let at = reservedBytes
  let depth = 0
  /** Objects that are being written, the outermost first. */
  const path: (object | undefined)[] = Array.from({ length: DEPTH_MAX })
  let valuesLeft = UNBOUNDED

  const renew = (size: number): void => {
    const other = new Uint8Array(size)
    other.set(bytes.subarray(0, Math.min(at, size)))
    bytes = other
    view = new DataView(bytes.buffer)
  }

  const room = (count: number): void => {
    if (at + count > bytes.length) renew(Math.max(bytes.length * 2, at + count))
  }

  /** Whether so many more values are written; where they are not, nothing is that comes behind. */
  const takes = (count: number): boolean => {
    const isTaken = count <= valuesLeft
    valuesLeft = isTaken ? valuesLeft - count : 0
    return isTaken
  }

  const float64 = (value: number): void => {
    room(9)
    bytes[at] = 0xcb
    view.setFloat64(at + 1, value)
    at += 9
  }

  /** A length in the smallest of four forms; -1: there is no such form. */
  const lengthIn = (count: number, fix: number, fixMax: number, one: number, two: number): void => {
    room(5)
    if (count <= fixMax) bytes[at++] = fix | count
    else if (one >= 0 && count < 0x100) {
      bytes[at] = one
      bytes[at + 1] = count
      at += 2
    } else if (count < 0x1_0000) {
      bytes[at] = two
      view.setUint16(at + 1, count)
      at += 3
    } else {
      bytes[at] = two + 1
      view.setUint32(at + 1, count)
      at += 5
    }
  }

  const number = (value: number): void => {
    if (!Number.isInteger(value) || Object.is(value, -0) || Math.abs(value) > 0xffff_ffff) {
      float64(value)
      return
    }
    room(5)
    if (value >= 0 && value < 0x80) bytes[at++] = value
    else if (value >= 0) {
      bytes[at] = 0xce
      view.setUint32(at + 1, value)
      at += 5
    } else if (value >= -0x8000_0000) {
      bytes[at] = 0xd2
      view.setInt32(at + 1, value)
      at += 5
    } else float64(value)
  }

  const bigint = (value: bigint): void => {
    room(9)
    const isPositive = value >= 0n
    if (value !== (isPositive ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value))) {
      record(unwritable('integer'))
      return
    }
    bytes[at] = isPositive ? 0xcf : 0xd3
    if (isPositive) view.setBigUint64(at + 1, value)
    else view.setBigInt64(at + 1, value)
    at += 9
  }

  /** True if all its letters are ASCII; else nothing is written. */
  const shortAscii = (value: string): boolean => {
    const { length } = value
    room(length + 2)
    const target = bytes
    let to = at
    if (length < 0x20) target[to++] = 0xa0 | length
    else {
      target[to] = 0xd9
      target[to + 1] = length
      to += 2
    }
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) return false
      target[to++] = code
    }
    at = to
    return true
  }

  const text = (value: string): void => {
    if (value.length <= SHORT_TEXT && shortAscii(value)) return
    if (!takes(value.length >>> VALUE_BYTES_SHIFT)) {
      text(MORE)
      return
    }
    const encoded = utf8.encode(value)
    lengthIn(encoded.length, 0xa0, 31, 0xd9, 0xda)
    raw(encoded)
  }

  const raw = (value: Uint8Array): void => {
    room(value.length)
    bytes.set(value, at)
    at += value.length
  }

  const bin = (value: Uint8Array): void => {
    if (!takes(value.length >>> VALUE_BYTES_SHIFT)) {
      text(MORE)
      return
    }
    lengthIn(value.length, 0, -1, 0xc4, 0xc5)
    raw(value)
  }

  const arrayOf = (count: number): void => {
    lengthIn(count, 0x90, 15, -1, 0xdc)
  }

  const recordOf = (count: number): void => {
    lengthIn(count, 0x80, 15, -1, 0xde)
  }

  const list = (values: readonly unknown[]): void => {
    if (!takes(values.length)) {
      text(MORE)
      return
    }
    arrayOf(values.length)
    for (const item of values) write(item)
  }

  /** The engine walks the fields of an object in half the time that it takes to list their names. */
  const shortRecord = (value: object, count: number): void => {
    const lengthAt = at
    room(1)
    at++
    let written = 0
    for (const name in value) {
      // A getter may have put more there.
      if (written === count) break
      if (!hasOwn.call(value, name)) continue
      written++
      text(name)
      write(fieldOf(value, name))
    }
    bytes[lengthAt] = 0x80 | written
  }

  const record = (value: object): void => {
    let count = 0
    for (const name in value) if (hasOwn.call(value, name)) count++
    if (!takes(count)) {
      text(MORE)
      return
    }
    const isOdd = hasOwn.call(value, '__proto__')
    if (count < 16 && !isOdd) {
      shortRecord(value, count)
      return
    }
    // Under this name the reader would find another one.
    const names = Object.keys(value).filter((name) => name !== '__proto__')
    recordOf(names.length)
    for (const name of names) {
      text(name)
      write(fieldOf(value, name))
    }
  }

  const write = (value: unknown): void => {
    // Most of what a busy node writes are bytes.
    if (value instanceof Uint8Array) {
      bin(value)
      return
    }
    switch (typeof value) {
      case 'string':
        text(value)
        return
      case 'number':
        number(value)
        return
      case 'boolean':
        room(1)
        bytes[at++] = value ? 0xc3 : 0xc2
        return
      case 'bigint':
        bigint(value)
        return
      case 'undefined':
        room(3)
        bytes.set(UNDEFINED, at)
        at += 3
        return
      case 'function':
      case 'symbol':
        record(unwritable(typeof value))
        return
      case 'object':
        writeObject(value)
    }
  }

  const writeObject = (value: object | null): void => {
    if (value === null) {
      room(1)
      bytes[at++] = 0xc0
      return
    }
    if (depth >= DEPTH_MAX) {
      text('deeper')
      return
    }
    if (valuesLeft === 0) {
      text(MORE)
      return
    }
    for (let above = 0; above < depth; above++) {
      if (path[above] !== value) continue
      text('ring')
      return
    }
    path[depth++] = value
    if (Array.isArray(value)) list(value)
    else record(value)
    path[--depth] = undefined
  }

  return {
    written: () => bytes.subarray(0, at),
    get length() {
      return at
    },
    reset() {
      at = reservedBytes
      if (bytes.length > KEPT_BYTES_MAX) renew(FIRST_BYTES)
    },
    forgetTo(length) {
      bytes.copyWithin(reservedBytes, length, at)
      at += reservedBytes - length
      if (bytes.length > KEPT_BYTES_MAX && at <= FIRST_BYTES) renew(FIRST_BYTES)
    },
    rewind(length) {
      at = length
      // What stands behind may have been left in the middle.
      while (depth > 0) path[--depth] = undefined
    },
    copyFrom: (length) => bytes.slice(length, at),
    float64,
    arrayOf,
    headOf(count, first, second, third, fourth) {
      room(13)
      bytes[at] = 0x90 | count
      bytes[at + 1] = first
      bytes[at + 2] = second
      bytes[at + 3] = 0xcb
      view.setFloat64(at + 4, third)
      at += 12
      if (fourth === 0) bytes[at++] = 0
      else number(fourth)
    },
    rewriteArrayOf(start, count) {
      bytes[start] = 0x90 | count
    },
    value(value) {
      valuesLeft = UNBOUNDED
      write(value)
    },
    given(value) {
      valuesLeft = VALUES_MAX
      write(value)
    },
  }
}

const hasOwn = Object.prototype.hasOwnProperty

/** In place of what is too much. */
const MORE = 'more'

/** As the library writes it: an extension of type 0. */
const UNDEFINED = Uint8Array.of(0xd4, 0, 0)

const unwritable = (what: string): object => ({ unwritable: what })

/** A getter of the application's may throw. */
export function fieldOf(value: object, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[name]
  } catch {
    // That it threw is what is known of it.
    return unwritable('getter')
  }
}
