/**
 * What every codec does with bytes: compare, join, view, and turn into text and back.
 *
 * Decoding is strict and never throws: what is not exactly the encoding is `undefined`, because
 * the text or the bytes may be a stranger's.
 * @module
 */

const utf8Encoder = new TextEncoder()
/** `ignoreBOM` keeps a leading U+FEFF: without it two different byte strings decode to one text. */
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whether two byte strings are the same. Returns at the first difference: not for secrets. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) {
    if (one[index] !== other[index]) return false
  }
  return true
}

/**
 * As `equalBytes`, in a time that depends on the lengths alone: for keys, tags and ids that a
 * stranger may guess at. The lengths themselves are not hidden.
 */
export function constantTimeEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let index = 0; index < one.length; index++) {
    difference |= (one[index] ?? 0) ^ (other[index] ?? 0)
  }
  return difference === 0
}

/** Lexicographic order of unsigned bytes; a prefix comes before what it begins. */
export function compareBytes(one: Uint8Array, other: Uint8Array): -1 | 0 | 1 {
  const shared = Math.min(one.length, other.length)
  for (let index = 0; index < shared; index++) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  if (one.length === other.length) return 0
  return one.length < other.length ? -1 : 1
}

/** The parts, one after the other, in fresh memory. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** One piece or several that stand one behind the other. */
export type BytesInPieces = Uint8Array | readonly Uint8Array[]

export const piecesOf = (bytes: BytesInPieces): readonly Uint8Array[] =>
  bytes instanceof Uint8Array ? [bytes] : bytes

/** The same in one piece: copied only where there are several. */
export function joinedPieces(bytes: BytesInPieces): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes
  const [only] = bytes
  return bytes.length === 1 && only !== undefined ? only : concatBytes(...bytes)
}

export function lengthOf(bytes: BytesInPieces): number {
  if (bytes instanceof Uint8Array) return bytes.length
  let length = 0
  for (const piece of bytes) length += piece.length
  return length
}

/** A view over exactly these bytes, also where they are a part of a larger buffer. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const DIGIT_CODES = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** Bytes that are told at once: as arguments of a call, whose number has a limit. */
const HEX_PIECE_BYTES = 1_024

/** The value of a digit's character code; 16 for what is none. */
const VALUE_OF_DIGIT = new Uint8Array(128).fill(16)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  VALUE_OF_DIGIT[digit.charCodeAt(0)] = value
  VALUE_OF_DIGIT[digit.toUpperCase().charCodeAt(0)] = value
}

const encodeHexPiece = (bytes: Uint8Array): string => {
  const codes: number[] = []
  for (const byte of bytes) codes.push(DIGIT_CODES[byte >> 4] ?? 0, DIGIT_CODES[byte & 15] ?? 0)
  return String.fromCharCode(...codes)
}

/**
 * Two lower-case digits a byte. Not put together from pairs: engines keep such a text as a tree of its
 * parts, which takes a kilobyte for an identity, for as long as nobody looks it up.
 */
export function encodeHex(bytes: Uint8Array): string {
  if (bytes.length <= HEX_PIECE_BYTES) return encodeHexPiece(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += HEX_PIECE_BYTES) {
    text += encodeHexPiece(bytes.subarray(at, at + HEX_PIECE_BYTES))
  }
  return text
}

/** Either case; undefined for an odd number of digits or any other character. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    const high = VALUE_OF_DIGIT[text.charCodeAt(index * 2)] ?? 16
    const low = VALUE_OF_DIGIT[text.charCodeAt(index * 2 + 1)] ?? 16
    if (high === 16 || low === 16) return undefined
    bytes[index] = high * 16 + low
  }
  return bytes
}

/** A lone surrogate, which UTF-8 has no form for, becomes U+FFFD. */
export const encodeUtf8 = (text: string): Uint8Array => utf8Encoder.encode(text)

/** Undefined for what is not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes)
  } catch {
    // A fatal decoder has one way to fail, and it is the answer.
    return undefined
  }
}

/** @throws {RangeError} a character above U+007F: the text is ours, a label or a command */
export function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) throw new RangeError('the text is not ASCII')
    bytes[index] = code
  }
  return bytes
}

/** Undefined where a byte is above 0x7f. Control characters are ASCII. */
export function decodeAscii(bytes: Uint8Array): string | undefined {
  for (const byte of bytes) if (byte > 0x7f) return undefined
  return decodeUtf8(bytes)
}
