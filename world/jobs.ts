/**
 * Work that is too long for a step: cryptography that may run on another thread.
 *
 * A job is data. A recording keeps that it was answered and when, never what it answered: a replay
 * computes it again, so that no shared secret stands in a journal.
 * @module
 */
import type { CryptoBackend } from './crypto.ts'
import type { RequestId } from './names.ts'

export type CryptoJob =
  | {
      readonly operation: 'sharedX'
      readonly privateKey: Uint8Array
      readonly publicKey: Uint8Array
      /** That of `privateKey`, where it is at hand. */
      readonly ownPublicKey?: Uint8Array
    }
  | { readonly operation: 'sign'; readonly message: Uint8Array; readonly privateKey: Uint8Array }
  | {
      readonly operation: 'verify'
      readonly message: Uint8Array
      readonly signature: Uint8Array
      readonly publicKey: Uint8Array
    }

/** Bytes for `sharedX` and `sign` (undefined: refused), a verdict for `verify`. */
export type JobResult = Uint8Array | boolean | undefined

export type JobInput =
  | { readonly kind: 'job.done'; readonly request: RequestId; readonly result: JobResult }
  /** The job threw or its worker died. */
  | { readonly kind: 'job.failed'; readonly request: RequestId }

export interface Jobs {
  /** Once, before all else: where inputs go. */
  start(enter: (input: JobInput) => void): void
  /** Answered once, never inside this call. */
  run(request: RequestId, job: CryptoJob): void
  /** Nothing is delivered afterwards. */
  stop(): void
}

/** What every implementation of `Jobs` computes. @throws {RangeError} a private key of ours is none */
export function performJob(crypto: CryptoBackend, job: CryptoJob): JobResult {
  switch (job.operation) {
    case 'sharedX':
      return crypto.sharedX(job.privateKey, job.publicKey, job.ownPublicKey)
    case 'sign':
      return crypto.sign(job.message, job.privateKey)
    case 'verify':
      return crypto.verify(job.message, job.signature, job.publicKey)
  }
}
