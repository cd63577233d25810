/**
 * The first 64 bytes of a journal: what it is, and how its recording ended. They are written over in
 * place when it ends, so that a full disk cannot keep that from being said.
 *
 * Big-endian: 16 bytes of magic, version (2), kind (1), ending (1), entries lost (8), zeros, and the
 * CRC-32 of all that (4).
 * @module
 */
import { crc32 } from 'node:zlib'
import { encodeAscii, equalBytes } from '../codec/bytes.ts'
import { JournalError } from './journal-error.ts'

export const HEAD_BYTES = 64
export const JOURNAL_VERSION = 2

const MAGIC = encodeAscii('peerloom.journal')
const VERSION_AT = 16
const KIND_AT = 18
const ENDING_AT = 19
const LOST_AT = 20
const CHECK_AT = HEAD_BYTES - 4

export type JournalKind = 'node' | 'connection'
const KINDS: readonly JournalKind[] = ['node', 'connection']

/**
 * How a recording ended. `open`: it goes on, or its process died. `whole`: by its owner. The others
 * before that: at its cap, because its medium was too slow, was full, or failed, or because something
 * that an application gave could not be written down.
 */
export type JournalEnding = 'open' | 'whole' | 'cap' | 'slow' | 'no-space' | 'failed' | 'unwritable'
const ENDINGS: readonly JournalEnding[] = [
  ...(['open', 'whole', 'cap', 'slow', 'no-space', 'failed'] as const),
  'unwritable',
]

export interface JournalHead {
  readonly kind: JournalKind
  readonly ending: JournalEnding
  /** Entries that came after the recording had ended before its time. */
  readonly lostEntries: number
}

export function encodeHead({ ending, kind, lostEntries }: JournalHead): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint16(VERSION_AT, JOURNAL_VERSION)
  view.setUint8(KIND_AT, KINDS.indexOf(kind))
  view.setUint8(ENDING_AT, ENDINGS.indexOf(ending))
  view.setBigUint64(LOST_AT, BigInt(lostEntries))
  view.setUint32(CHECK_AT, crc32(bytes.subarray(0, CHECK_AT)))
  return bytes
}

/** @throws {JournalError} `not-a-journal`, `version`, `damaged` */
export function decodeHead(bytes: Uint8Array): JournalHead {
  if (bytes.length < HEAD_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw new JournalError('not-a-journal', 'it does not begin as a journal does')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES)
  const version = view.getUint16(VERSION_AT)
  if (version !== JOURNAL_VERSION) {
    const known = `this release reads version ${JOURNAL_VERSION}`
    throw new JournalError('version', `the journal is of version ${version}; ${known}`)
  }
  const kind = KINDS[view.getUint8(KIND_AT)]
  const ending = ENDINGS[view.getUint8(ENDING_AT)]
  const isAsWritten = view.getUint32(CHECK_AT) === crc32(bytes.subarray(0, CHECK_AT))
  if (kind === undefined || ending === undefined || !isAsWritten) {
    throw new JournalError('damaged', `the head, bytes 0 to ${HEAD_BYTES - 1}, is not as written`)
  }
  return { kind, ending, lostEntries: Number(view.getBigUint64(LOST_AT)) }
}
