/**
 * What a ban is called, and how it is stored. A fixed layout of our own: four fields, each of which
 * is checked when it is read, need no general decoder over bytes that a disk may have changed.
 *
 * Key: kind (1), then the text; for a claim the group's length (1), the group, the identity. A range is
 * its text in its one form.
 * Value, big-endian: version (1), flags (1: manual, 2: for good), since (8), until (8, 0 for good),
 * reason (UTF-8, the rest). Times are Unix milliseconds.
 * @module
 */
import { concatBytes, decodeUtf8, encodeUtf8 } from '../codec/bytes.ts'
import { canonicalRange } from '../codec/host-range.ts'
import { createReader, readRest, readU64be, readU8 } from '../codec/reader.ts'
import { createWriter, writeBytes, writeU64be, writeU8, writtenBytes } from '../codec/writer.ts'
import { WireError } from '../codec/wire-error.ts'
import { STORE_KEY_BYTES_MAX } from '../world/store.ts'
import type { StoreEntry } from '../world/store.ts'
import { CORE_LIMITS } from './limits.ts'

/** Whom a ban keeps out. */
export type BanKey =
  /** Proven. */
  | { readonly kind: 'identity'; readonly identity: string }
  /** Without the port, which whoever comes in chooses anew each time. */
  | { readonly kind: 'address'; readonly host: string }
  /** Whoever claims the identity from this group of addresses, and nobody else with it. */
  | { readonly kind: 'claim'; readonly group: string; readonly identity: string }
  /** Several addresses, as `10.0.0.0/8` or `2001:db8::/32`: without bits behind the prefix. */
  | { readonly kind: 'range'; readonly range: string }

export interface Ban {
  readonly key: BanKey
  /** A sentence for the operator. */
  readonly reason: string
  /** Unix milliseconds. */
  readonly sinceMs: number
  /** Unix milliseconds; undefined: for good, which only a manual ban is. */
  readonly untilMs: number | undefined
  /** Set by the application or an operator: never pushed out by others. */
  readonly manual: boolean
}

/** Why stored bytes are no ban. */
export type BanFault = 'key' | 'short' | 'version' | 'flags' | 'time' | 'reason'

const VERSION = 1
const MANUAL = 1
const FOR_GOOD = 2
const HEADER_BYTES = 18
/** Where a Date ends, 8.64e15: above it nothing was meant by a time. */
const TIME_MS_MAX = 8_640_000_000_000_000
/** The longest ban that ends: with as much before it, its end is a time that a date can say. */
export const BAN_MS_MAX = TIME_MS_MAX / 2
/** A group or a host name has at most 253 characters; with kind and length it fills a store's key. */
const GROUP_BYTES_MAX = 0xff

const KINDS: readonly BanKey['kind'][] = ['identity', 'address', 'claim', 'range']

/** One text a key, for maps, events and lists: two keys never have the same. */
export function printBanKey(key: BanKey): string {
  switch (key.kind) {
    case 'identity':
      return `identity ${key.identity}`
    case 'address':
      return `address ${key.host}`
    case 'claim':
      // The length keeps apart ("a b", "c") and ("a", "b c").
      return `claim ${key.group.length} ${key.group} ${key.identity}`
    case 'range':
      return `range ${key.range}`
  }
}

/** Undefined where the key is empty, does not fit a store's key, or is no range: it cannot be banned. */
export function encodeBanKey(key: BanKey): Uint8Array | undefined {
  const kind = new Uint8Array([KINDS.indexOf(key.kind)])
  let bytes: Uint8Array
  switch (key.kind) {
    case 'identity':
      if (key.identity === '') return undefined
      bytes = concatBytes(kind, encodeUtf8(key.identity))
      break
    case 'address':
      if (key.host === '') return undefined
      bytes = concatBytes(kind, encodeUtf8(key.host))
      break
    case 'claim': {
      const group = encodeUtf8(key.group)
      if (group.length > GROUP_BYTES_MAX || key.identity === '') return undefined
      bytes = concatBytes(kind, new Uint8Array([group.length]), group, encodeUtf8(key.identity))
      break
    }
    case 'range':
      if (canonicalRange(key.range) === undefined) return undefined
      bytes = concatBytes(kind, encodeUtf8(key.range))
      break
  }
  return bytes.length <= STORE_KEY_BYTES_MAX ? bytes : undefined
}

function decodeBanKey(bytes: Uint8Array): BanKey | undefined {
  const kind = KINDS[bytes[0] ?? KINDS.length]
  if (kind === undefined || bytes.length > STORE_KEY_BYTES_MAX) return undefined
  if (kind !== 'claim') {
    const text = decodeUtf8(bytes.subarray(1))
    if (text === undefined || text === '') return undefined
    if (kind === 'range') {
      return canonicalRange(text) === undefined ? undefined : { kind, range: text }
    }
    return kind === 'identity' ? { kind, identity: text } : { kind, host: text }
  }
  const groupBytes = bytes[1]
  if (groupBytes === undefined || bytes.length < 2 + groupBytes) return undefined
  const group = decodeUtf8(bytes.subarray(2, 2 + groupBytes))
  const identity = decodeUtf8(bytes.subarray(2 + groupBytes))
  if (group === undefined || identity === undefined || identity === '') return undefined
  return { kind, group, identity }
}

/** The reason with no more than its bytes, cut between two characters. */
export function shortReason(reason: string): string {
  let text = ''
  let bytes = 0
  for (const character of reason) {
    bytes += encodeUtf8(character).length
    if (bytes > CORE_LIMITS.banReasonBytesMax) break
    text += character
  }
  // A lone surrogate has no form in UTF-8: what is kept is what would be read back.
  return decodeUtf8(encodeUtf8(text)) ?? ''
}

/** @throws {RangeError} a time that is no whole number from 0 on: our fault */
export function encodeBanValue({ reason, sinceMs, untilMs, manual }: Ban): Uint8Array {
  const text = encodeUtf8(reason)
  const writer = createWriter(HEADER_BYTES + CORE_LIMITS.banReasonBytesMax)
  writeU8(writer, VERSION)
  writeU8(writer, (manual ? MANUAL : 0) + (untilMs === undefined ? FOR_GOOD : 0))
  writeU64be(writer, BigInt(sinceMs))
  writeU64be(writer, BigInt(untilMs ?? 0))
  writeBytes(writer, text)
  return writtenBytes(writer).slice()
}

/** Whether a ban may last until then: a whole number of milliseconds that a date can say. */
export const isTimeMs = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= TIME_MS_MAX

/** The ban, or what is wrong with the bytes. Never throws. */
export function decodeBan([keyBytes, value]: StoreEntry):
  { readonly ban: Ban } | { readonly wrong: BanFault } {
  const key = decodeBanKey(keyBytes)
  if (key === undefined) return { wrong: 'key' }
  try {
    const reader = createReader(value, { short: 'short' })
    if (readU8(reader) !== VERSION) return { wrong: 'version' }
    const flags = readU8(reader)
    if (flags > MANUAL + FOR_GOOD || flags === FOR_GOOD) return { wrong: 'flags' }
    const sinceMs = Number(readU64be(reader))
    const untilMs = Number(readU64be(reader))
    if (!isTimeMs(sinceMs) || !isTimeMs(untilMs)) return { wrong: 'time' }
    const forGood = flags >= FOR_GOOD
    if (forGood && untilMs !== 0) return { wrong: 'time' }
    const reasonBytes = readRest(reader)
    const reason = decodeUtf8(reasonBytes)
    if (reason === undefined || reasonBytes.length > CORE_LIMITS.banReasonBytesMax) {
      return { wrong: 'reason' }
    }
    const manual = (flags & MANUAL) !== 0
    return { ban: { key, reason, sinceMs, untilMs: forGood ? undefined : untilMs, manual } }
  } catch (error) {
    if (error instanceof WireError) return { wrong: 'short' }
    throw error
  }
}
