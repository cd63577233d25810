/**
 * The error of the public API. Its code is stable; docs/errors.md lists what each means.
 * @module
 */

export type PeerloomErrorCode =
  /** The caller's AbortSignal. */
  | 'aborted'
  /** An address, option or name that cannot be. */
  | 'bad-argument'
  /** Too many calls wait already. */
  | 'busy'
  | 'failed'
  /** The node could not listen where it was told to. */
  | 'listen-failed'
  /** The node is not running. */
  | 'not-running'
  /** It was refused in a way that trying again does not mend; the message says how. */
  | 'refused'
  /** The peer answered with an error of its network. */
  | 'refused-by-peer'
  /** The sub-protocol that served the call failed meanwhile. */
  | 'restarting'
  /** The node was stopped meanwhile. */
  | 'stopped'
  /** The store did not keep what had to be kept first. */
  | 'store-failed'
  /** The store could not be opened. */
  | 'store-refused'
  | 'timed-out'
  /** The network has nothing of the kind. */
  | 'unsupported'
  /** No connection or peer of that name. */
  | 'unknown-peer'

export class PeerloomError extends Error {
  override readonly name = 'PeerloomError'
  readonly code: PeerloomErrorCode

  constructor(code: PeerloomErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
