/**
 * Sealed records, as more than one network frames its traffic once a handshake has given keys:
 * length (4 bytes), ciphertext, 16-byte tag. One direction is one sealer and one opener.
 *
 * AES-256-GCM; nonce = base IV XOR a counter that is never sent; the length bytes are the
 * additional data; after a fixed number of frames the direction moves on to new keys without a
 * message. Labels, byte order, limits and intervals are the network's, given as parameters.
 * @module
 */
import type { Aead, CryptoBackend } from '../world/crypto.ts'
import { encodeAscii, viewOf } from './bytes.ts'
import type { FrameBuffer } from './frame-buffer.ts'
import { WireError } from './wire-error.ts'

const LENGTH_BYTES = 4
const TAG_BYTES = 16
const KEY_BYTES = 32
const IV_BYTES = 12
const NO_SALT = new Uint8Array(0)

/** What a record is longer than its plaintext. */
export const RECORD_OVERHEAD_BYTES = LENGTH_BYTES + TAG_BYTES

/** The usual `framesMax`: where the specifications that use these records close a direction. */
export const RECORD_FRAMES_MAX = 2 ** 32
/**
 * The usual `rekeyFrames`. With frames of 4 MiB one key then seals at most 2^38 bytes, which is
 * within what RFC 8446 section 5.5 allows AES-GCM (2^24.5 records of 2^14 bytes).
 */
export const RECORD_REKEY_FRAMES = 65_536

export interface SealedRecordDetails<Detail extends string> {
  /** A length that no record with at least one byte of plaintext has. */
  readonly tooShort: Detail
  readonly tooLong: Detail
  /** The record does not authenticate: changed, repeated, out of order, or of another key. */
  readonly unauthentic: Detail
  /** `framesMax` was reached. */
  readonly exhausted: Detail
}

export interface SealedRecordParameters<Detail extends string> {
  /** HKDF's info at the change of keys; ASCII. */
  readonly rekeyLabel: string
  /** Of the length alone: the counter in the nonce is always big-endian. */
  readonly byteOrder: 'little' | 'big'
  /** Of plaintext in one record; at least one byte is required. */
  readonly payloadBytesMax: number
  /** Frames under one key: `RECORD_REKEY_FRAMES`, lower in tests. */
  readonly rekeyFrames: number
  /** Frames in the direction's life: `RECORD_FRAMES_MAX`, lower in tests. */
  readonly framesMax: number
  readonly details: SealedRecordDetails<Detail>
}

/** Whoever makes a sealer or an opener of them gives them away: it overwrites them. */
export interface DirectionKeys {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly iv: Uint8Array
}

export interface Sealer {
  /**
   * One record, in fresh memory.
   * @throws {WireError} `exhausted`; the keys are overwritten, and every later call throws the same
   * @throws {RangeError} an empty plaintext or one above `payloadBytesMax`
   */
  seal(plaintext: Uint8Array): Uint8Array
  /**
   * Turns `record` into a record where it lies: 4 bytes of room, the plaintext, 16 bytes of room.
   * Saves the allocation where the plaintext is written there to begin with.
   * @throws as `seal`
   */
  sealInPlace(record: Uint8Array): void
  /** Overwrites the keys; every later call throws. */
  wipe(): void
}

export interface Opener {
  /**
   * Takes one record off the buffer and gives its plaintext, in fresh memory; undefined while more
   * bytes are needed. A wrong length is refused before anything is waited for.
   * @throws {WireError} `close`; the keys are overwritten, and every later call throws the same
   */
  read(buffer: FrameBuffer): Uint8Array | undefined
  /** Overwrites the keys; every later call throws. */
  wipe(): void
}

export interface SessionSecret {
  /** 32 bytes. They, like the transcript, stay the caller's: overwrite them afterwards. */
  readonly sharedX: Uint8Array
  /** Hash over the handshake as sent; HKDF's salt. */
  readonly transcript: Uint8Array
  /** HKDF's info for the direction from who dialled, and to it; ASCII. */
  readonly initiatorLabel: string
  readonly responderLabel: string
}

/** The keys of both directions, named by who sends in them. */
export function deriveDirectionKeys(
  crypto: CryptoBackend,
  { sharedX, transcript, initiatorLabel, responderLabel }: SessionSecret,
): { readonly initiator: DirectionKeys; readonly responder: DirectionKeys } {
  const keysFor = (label: string) => expandKeys(crypto, sharedX, transcript, encodeAscii(label))
  return { initiator: keysFor(initiatorLabel), responder: keysFor(responderLabel) }
}

function expandKeys(
  crypto: CryptoBackend,
  input: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
): DirectionKeys {
  const bytes = crypto.hkdfSha256(input, salt, info, KEY_BYTES + IV_BYTES)
  return { key: bytes.subarray(0, KEY_BYTES), iv: bytes.subarray(KEY_BYTES) }
}

/** For the side that sends in this direction. */
export function createSealer<Detail extends string>(
  crypto: CryptoBackend,
  keys: DirectionKeys,
  parameters: SealedRecordParameters<Detail>,
): Sealer {
  const { payloadBytesMax, byteOrder } = parameters
  const schedule = createKeySchedule(crypto, keys, parameters)

  function sealAt(record: Uint8Array, plaintext: Uint8Array): void {
    if (plaintext.length < 1 || plaintext.length > payloadBytesMax) {
      throw new RangeError(`a record holds 1 to ${payloadBytesMax} bytes, not ${plaintext.length}`)
    }
    const { aead, nonce } = schedule.next()
    viewOf(record).setUint32(0, plaintext.length + TAG_BYTES, byteOrder === 'little')
    const length = record.subarray(0, LENGTH_BYTES)
    aead.sealInto(nonce, length, plaintext, record, LENGTH_BYTES)
    schedule.used()
  }

  return {
    seal(plaintext) {
      const record = new Uint8Array(plaintext.length + RECORD_OVERHEAD_BYTES)
      sealAt(record, plaintext)
      return record
    },
    sealInPlace(record) {
      const end = Math.max(LENGTH_BYTES, record.length - TAG_BYTES)
      sealAt(record, record.subarray(LENGTH_BYTES, end))
    },
    wipe: schedule.wipe,
  }
}

/** For the side that receives in this direction. */
export function createOpener<Detail extends string>(
  crypto: CryptoBackend,
  keys: DirectionKeys,
  parameters: SealedRecordParameters<Detail>,
): Opener {
  const { payloadBytesMax, byteOrder, details } = parameters
  const schedule = createKeySchedule(crypto, keys, parameters)

  return {
    read(buffer) {
      const { aead, nonce } = schedule.next()
      const header = buffer.peek(LENGTH_BYTES)
      if (header === undefined) return undefined
      const sealedBytes = viewOf(header).getUint32(0, byteOrder === 'little')
      if (sealedBytes <= TAG_BYTES) return schedule.fail(details.tooShort)
      if (sealedBytes > payloadBytesMax + TAG_BYTES) return schedule.fail(details.tooLong)

      const record = buffer.take(LENGTH_BYTES + sealedBytes)
      if (record === undefined) return undefined
      const length = record.subarray(0, LENGTH_BYTES)
      const plaintext = aead.open(nonce, length, record.subarray(LENGTH_BYTES))
      if (plaintext === undefined) return schedule.fail(details.unauthentic)
      schedule.used()
      return plaintext
    },
    wipe: schedule.wipe,
  }
}

interface KeySchedule<Detail extends string> {
  /** The cipher and the nonce of the next frame; the same until `used`. */
  next(): { readonly aead: Aead; readonly nonce: Uint8Array }
  /** The frame is through: on to the next nonce, or to the next keys. */
  used(): void
  /** The end of this direction: overwrites the keys, and throws now and from `next` on. */
  fail(detail: Detail): never
  wipe(): void
}

/** What the two ends of a direction step through in the same way. */
function createKeySchedule<Detail extends string>(
  crypto: CryptoBackend,
  keys: DirectionKeys,
  { rekeyLabel, rekeyFrames, framesMax, details }: SealedRecordParameters<Detail>,
): KeySchedule<Detail> {
  const rekeyInfo = encodeAscii(rekeyLabel)
  const nonce = new Uint8Array(IV_BYTES)
  const nonceView = viewOf(nonce)
  let { key, iv } = keys
  let current = { aead: crypto.aes256Gcm(key), nonce }
  /** Both stay below 2^53, so plain numbers count exactly. */
  let framesUnderKey = 0
  let frames = 0
  let wiped = false
  let failure: Detail | undefined
  let ivView = viewOf(iv)
  nonce.set(iv)

  function overwrite(): void {
    current.aead.wipe()
    key.fill(0)
    iv.fill(0)
    nonce.fill(0)
  }

  function rekey(): void {
    const next = expandKeys(crypto, key, NO_SALT, rekeyInfo)
    overwrite()
    key = next.key
    iv = next.iv
    ivView = viewOf(iv)
    current = { aead: crypto.aes256Gcm(key), nonce }
    framesUnderKey = 0
    nonce.set(iv)
  }

  function wipe(): void {
    if (wiped) return
    wiped = true
    overwrite()
  }

  function fail(detail: Detail): never {
    failure = detail
    wipe()
    throw new WireError('close', detail)
  }

  return {
    next() {
      if (failure !== undefined) throw new WireError('close', failure)
      if (wiped) throw new Error('the keys of this direction were wiped')
      if (frames >= framesMax) return fail(details.exhausted)
      return current
    },
    used() {
      frames++
      framesUnderKey++
      if (framesUnderKey === rekeyFrames) {
        rekey()
        return
      }
      // The base IV's last 8 bytes XOR the counter, big-endian, in two halves.
      nonceView.setUint32(4, ivView.getUint32(4) ^ Math.floor(framesUnderKey / 2 ** 32))
      nonceView.setUint32(8, ivView.getUint32(8) ^ (framesUnderKey % 2 ** 32))
    },
    fail,
    wipe,
  }
}
