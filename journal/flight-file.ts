/**
 * A flight recording as a file, and back: a head that says what it is, msgpack, and a hash over all of
 * it. Whoever changes a byte gets no recording.
 *
 * Layout: `peerloom-flight` in ASCII, the version (2 bytes, big-endian), the content's length
 * (4 bytes), the content, SHA-256 over everything before it (32 bytes).
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { Packr, Unpackr } from 'msgpackr'
import { concatBytes, encodeAscii, equalBytes, viewOf } from '../codec/bytes.ts'
import type { FlightRecording } from '../supervisor/flight-contract.ts'
import { plainCopy } from './flight-copy.ts'
import { isFlightRecording } from './flight-shape.ts'

export type FlightFileFault =
  | 'not-a-flight'
  | 'other-version'
  | 'other-protocol'
  /** It ends before its end, or goes on behind it. */
  | 'other-length'
  /** The hash is another one: it was changed, or damaged. */
  | 'changed'
  /** Whole, and no flight recording. */
  | 'malformed'

export class FlightFileError extends Error {
  override readonly name = 'FlightFileError'
  readonly fault: FlightFileFault
  constructor(fault: FlightFileFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

export const FLIGHT_VERSION = 2

const MAGIC = encodeAscii('peerloom-flight')
const HEAD_BYTES = MAGIC.length + 6
const HASH_BYTES = 32

/** Plain maps alone: what another writer could put into records and extensions is not read. */
const FORM = {
  ...{ useRecords: false, mapsAsObjects: true, useBigIntExtension: true },
  structuredClone: false,
} as const

export function flightFile(recording: FlightRecording): Uint8Array {
  const content = Uint8Array.from(new Packr(FORM).pack(recording))
  const head = new Uint8Array(HEAD_BYTES)
  head.set(MAGIC)
  viewOf(head).setUint16(MAGIC.length, FLIGHT_VERSION)
  viewOf(head).setUint32(MAGIC.length + 2, content.length)
  const all = concatBytes(head, content)
  return concatBytes(all, sha256(all))
}

/** Whose it has to be, where that matters. */
export interface FlightReadOptions {
  readonly protocol?: string
}

/** Whether it begins as one. */
export const isFlightFile = (bytes: Uint8Array): boolean =>
  equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)

/** @throws {FlightFileError} what is wrong with it, and where */
export function readFlightFile(
  bytes: Uint8Array,
  { protocol }: FlightReadOptions = {},
): FlightRecording {
  if (!isFlightFile(bytes)) {
    throw new FlightFileError('not-a-flight', 'this is no flight recording: it begins otherwise')
  }
  if (bytes.length < HEAD_BYTES) {
    throw new FlightFileError(
      'other-length',
      `the file is cut at byte ${bytes.length}, in its head`,
    )
  }
  const version = viewOf(bytes).getUint16(MAGIC.length)
  if (version !== FLIGHT_VERSION) {
    throw new FlightFileError(
      'other-version',
      `a flight recording of version ${version}; this reads version ${FLIGHT_VERSION}`,
    )
  }
  const contentBytes = viewOf(bytes).getUint32(MAGIC.length + 2)
  const hashed = HEAD_BYTES + contentBytes
  if (bytes.length !== hashed + HASH_BYTES) {
    throw new FlightFileError(
      'other-length',
      `the file has ${bytes.length} bytes in place of ${hashed + HASH_BYTES}`,
    )
  }
  if (!equalBytes(sha256(bytes.subarray(0, hashed)), bytes.subarray(hashed))) {
    throw new FlightFileError('changed', 'the file was changed: its hash is another one')
  }
  const recording = unpacked(bytes.slice(HEAD_BYTES, hashed))
  if (!isFlightRecording(recording)) {
    throw new FlightFileError('malformed', 'what the file holds is no flight recording')
  }
  if (protocol !== undefined && recording.protocol !== protocol) {
    throw new FlightFileError(
      'other-protocol',
      `a flight recording of ${recording.protocol}, not of ${protocol}`,
    )
  }
  return recording
}

/** @throws {FlightFileError} */
function unpacked(content: Uint8Array): unknown {
  try {
    const value: unknown = new Unpackr(FORM).unpack(content)
    return plainCopy(value).value
  } catch (error) {
    throw new FlightFileError('malformed', 'what the file holds is no msgpack', { cause: error })
  }
}
