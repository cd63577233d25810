/**
 * The platform's object for one record, made before the record is there. node:crypto takes an object for
 * each, and making it is half of what a small record costs: more where a process has just woken to read
 * it, less while what it works on is at hand and nobody waits.
 * @module
 */
import { equalBytes } from '../../codec/bytes.ts'
import { NONCE_BYTES } from './guards.ts'

type Make<Made> = (key: Uint8Array, nonce: Uint8Array) => Made

/** Of one key, which is the same in each call. */
export interface MadeAhead<Made> {
  /** Makes the one for this nonce, should it not be there. */
  prepare(key: Uint8Array, nonce: Uint8Array): void
  /** The one for this nonce, whether it was made ahead or not. Each is handed out once. */
  take(key: Uint8Array, nonce: Uint8Array): Made
  /** Lets go of what was made. */
  forget(): void
}

export function madeAhead<Made>(make: Make<Made>): MadeAhead<Made> {
  let made: Made | undefined
  const madeFor = new Uint8Array(NONCE_BYTES)

  return {
    prepare(key, nonce) {
      if (made !== undefined && equalBytes(madeFor, nonce)) return
      made = make(key, nonce)
      madeFor.set(nonce)
    },
    take(key, nonce) {
      const ready = made
      made = undefined
      return ready !== undefined && equalBytes(madeFor, nonce) ? ready : make(key, nonce)
    },
    forget() {
      made = undefined
    },
  }
}
