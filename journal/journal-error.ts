/**
 * Why a recording cannot be read, written or run again. The message says what and where.
 * @module
 */

export type JournalErrorCode =
  /** A segment or the head is not as it was written, or what was written is missing. */
  | 'damaged'
  /** The file that was to be written is there already. */
  | 'exists'
  /** The file cannot be written or read. */
  | 'no-access'
  /** A network other than the one that is to be replayed. */
  | 'other-protocol'
  /** Its secrets were taken out, and none were given. */
  | 'redacted'
  /** A recording of another kind than is asked for. */
  | 'wrong-kind'
  /** No journal of ours at all. */
  | 'not-a-journal'
  /** Of a version that this release does not know. */
  | 'version'

export class JournalError extends Error {
  override readonly name = 'JournalError'
  readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
