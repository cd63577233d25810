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
import { concatBytes, encodeAscii, viewOf } from './bytes.ts'
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
   * The same record in three pieces of fresh memory, one behind the other: a large one is not copied
   * together.
   * @throws as `seal`
   */
  sealParts(plaintext: Uint8Array): readonly Uint8Array[]
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
  /** A plaintext that `read` gave, and nobody will look at again: its memory may be given back at once. */
  free(plaintext: Uint8Array): void
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

  function sealParts(plaintext: Uint8Array): readonly Uint8Array[] {
    if (plaintext.length < 1 || plaintext.length > payloadBytesMax) {
      throw new RangeError(`a record holds 1 to ${payloadBytesMax} bytes, not ${plaintext.length}`)
    }
    checkNext(schedule)
    const length = new Uint8Array(LENGTH_BYTES)
    viewOf(length).setUint32(0, plaintext.length + TAG_BYTES, byteOrder === 'little')
    const { ciphertext, tag } = schedule.aead.sealDetached(schedule.nonce, length, plaintext)
    moveOn(schedule)
    return [length, ciphertext, tag]
  }

  return {
    seal: (plaintext) => concatBytes(...sealParts(plaintext)),
    sealParts,
    wipe() {
      wipe(schedule)
    },
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
      checkNext(schedule)
      const header = buffer.peek(LENGTH_BYTES)
      if (header === undefined) return undefined
      const sealedBytes = viewOf(header).getUint32(0, byteOrder === 'little')
      if (sealedBytes <= TAG_BYTES) return fail(schedule, details.tooShort)
      if (sealedBytes > payloadBytesMax + TAG_BYTES) return fail(schedule, details.tooLong)

      const record = buffer.take(LENGTH_BYTES + sealedBytes)
      if (record === undefined) return undefined
      const length = record.subarray(0, LENGTH_BYTES)
      const sealed = record.subarray(LENGTH_BYTES)
      const plaintext = schedule.aead.open(schedule.nonce, length, sealed)
      if (plaintext === undefined) return fail(schedule, details.unauthentic)
      moveOn(schedule)
      return plaintext
    },
    free(plaintext) {
      schedule.aead.free(plaintext)
    },
    wipe() {
      wipe(schedule)
    },
  }
}

/**
 * What the two ends of a direction step through in the same way. Data and no methods: there are two a
 * connection.
 */
interface KeySchedule<Detail extends string> {
  readonly crypto: CryptoBackend
  readonly parameters: SealedRecordParameters<Detail>
  /** The cipher of the next frame. */
  aead: Aead
  /** The next frame's. */
  readonly nonce: Uint8Array
  readonly nonceView: DataView
  key: Uint8Array
  /** The last 8 bytes of the base IV, big-endian, in two halves. */
  ivHigh: number
  ivLow: number
  /** Both stay below 2^53, so plain numbers count exactly. */
  framesUnderKey: number
  frames: number
  isWiped: boolean
  failure: Detail | undefined
}

function createKeySchedule<Detail extends string>(
  crypto: CryptoBackend,
  keys: DirectionKeys,
  parameters: SealedRecordParameters<Detail>,
): KeySchedule<Detail> {
  const nonce = new Uint8Array(IV_BYTES)
  const schedule: KeySchedule<Detail> = {
    crypto,
    parameters,
    aead: crypto.aes256Gcm(keys.key),
    nonce,
    nonceView: viewOf(nonce),
    key: keys.key,
    ivHigh: 0,
    ivLow: 0,
    framesUnderKey: 0,
    frames: 0,
    isWiped: false,
    failure: undefined,
  }
  startFrom(schedule, keys.iv)
  return schedule
}

/** The first nonce of a key is its base IV, which is overwritten. */
function startFrom(schedule: KeySchedule<string>, iv: Uint8Array): void {
  const { nonce, nonceView } = schedule
  nonce.set(iv)
  iv.fill(0)
  schedule.ivHigh = nonceView.getUint32(4)
  schedule.ivLow = nonceView.getUint32(8)
  schedule.framesUnderKey = 0
}

function overwrite(schedule: KeySchedule<string>): void {
  schedule.aead.wipe()
  schedule.key.fill(0)
  schedule.nonce.fill(0)
  schedule.ivHigh = 0
  schedule.ivLow = 0
}

function rekey(schedule: KeySchedule<string>): void {
  const { crypto, key, parameters } = schedule
  const next = expandKeys(crypto, key, NO_SALT, encodeAscii(parameters.rekeyLabel))
  overwrite(schedule)
  schedule.key = next.key
  schedule.aead = crypto.aes256Gcm(next.key)
  startFrom(schedule, next.iv)
}

function wipe(schedule: KeySchedule<string>): void {
  if (schedule.isWiped) return
  schedule.isWiped = true
  overwrite(schedule)
}

/** The end of this direction: overwrites the keys, and throws now and from `checkNext` on. */
function fail<Detail extends string>(schedule: KeySchedule<Detail>, detail: Detail): never {
  schedule.failure = detail
  wipe(schedule)
  throw new WireError('close', detail)
}

/** That there is a next frame: its cipher and its nonce are the schedule's until `moveOn`. */
function checkNext<Detail extends string>(schedule: KeySchedule<Detail>): void {
  const { failure, frames, isWiped, parameters } = schedule
  if (failure !== undefined) throw new WireError('close', failure)
  if (isWiped) throw new Error('the keys of this direction were wiped')
  if (frames >= parameters.framesMax) fail(schedule, parameters.details.exhausted)
}

/** The frame is through: on to the next nonce, or to the next keys. */
function moveOn(schedule: KeySchedule<string>): void {
  schedule.frames++
  schedule.framesUnderKey++
  const { framesUnderKey, ivHigh, ivLow, nonceView, parameters } = schedule
  if (framesUnderKey === parameters.rekeyFrames) {
    rekey(schedule)
    return
  }
  // The base IV's last 8 bytes XOR the counter.
  nonceView.setUint32(4, ivHigh ^ Math.floor(framesUnderKey / 2 ** 32))
  nonceView.setUint32(8, ivLow ^ (framesUnderKey % 2 ** 32))
}
