/**
 * The wire of one connection: framing, sealing, encoding. It knows bytes; it has no policy, no clock,
 * and no chance but the source that it is handed.
 *
 * It is pulled, one unit at a time: what a session decides on one unit (new keys) holds for the next
 * unit of the same chunk.
 * @module
 */
import type { CryptoBackend } from '../world/crypto.ts'
import type { CryptoJob, JobResult } from '../world/jobs.ts'
import type { Random } from '../world/random.ts'
import type { BytesInPieces } from './bytes.ts'
import type { WireTraffic } from './traffic.ts'
import type { WireError } from './wire-error.ts'

/** Who opened the connection. */
export type Role = 'dialler' | 'listener'

/**
 * Where a wire writes: one write, in one piece or several. The bytes belong to the sink from then on; the
 * memory of several may be given back, so that nobody else may have it.
 */
export type ByteSink = (bytes: BytesInPieces) => void

/** Bytes that a session encoded itself, because it hashed or signed them as sent. */
export interface Raw {
  readonly raw: Uint8Array
}

export type Outgoing<Message> = Message | Raw

/** How the far side's half of the stream ended, as the framing sees it. */
export type EndOfStream =
  | 'clean'
  /** Inside a unit. */
  | 'mid-frame'
  /** After a whole unit, but without the protocol's own farewell. */
  | 'truncated'

export interface WireSetup<Address, Dial> {
  readonly role: Role
  /** What was dialled; undefined for the listener. */
  readonly target: Address | undefined
  readonly dial: Dial | undefined
  readonly random: Random
  readonly crypto: CryptoBackend
  readonly out: ByteSink
}

export type Read<Message, Facts, Detail extends string> =
  | {
      readonly kind: 'message'
      readonly message: Message
      readonly bytesOnWire: number
      /** The unit's bytes as a session may have to hash them; a view, valid until the next read. */
      readonly raw?: Uint8Array
    }
  /** This unit only; it is counted and the stream goes on. */
  | { readonly kind: 'refused'; readonly error: WireError<Detail>; readonly bytesOnWire: number }
  /** Whole, and meant to say nothing: it hides how long others are. It is no message and not counted as one. */
  | { readonly kind: 'padding'; readonly bytesOnWire: number }
  /** The channel is up: transport, session id, channel binding; an identity if one was proven. */
  | { readonly kind: 'secured'; readonly facts: Facts }
  /** Answered by `resume`; nothing is read until then. */
  | { readonly kind: 'job'; readonly job: CryptoJob }
  /** Not enough bytes for a unit. */
  | { readonly kind: 'more' }

export interface Wire<Message, Keys, Facts, Detail extends string> {
  /** May write: a key, garbage, a hello. */
  start(): void
  /** Takes the bytes; never decodes. They are borrowed until `keep`. */
  push(bytes: Uint8Array): void
  /** The step ends: what is left of borrowed bytes is copied. */
  keep(): void
  /**
   * At most one unit. What it returns may hold views, valid until the next `read`.
   * @throws {WireError} the stream cannot go on
   */
  read(): Read<Message, Facts, Detail>
  /** From the session; holds for the next unit, in the directions that the keys name. */
  secure(keys: Keys): void
  /** The answer to the one job that is out. */
  resume(result: JobResult): void
  /** One write to the sink; one record where the protocol's records can hold several messages. */
  write(messages: readonly Outgoing<Message>[]): void
  /** Asked once the far side's half has ended and everything whole was read. */
  end(): EndOfStream
  /** Bytes pushed and not yet read. */
  readonly bufferedBytes: number
  /** Bytes by the type of message, where the wire counts them. */
  traffic?(): WireTraffic
  /** Overwrites the keys it holds. The wire is not used afterwards. */
  wipe(): void
}
