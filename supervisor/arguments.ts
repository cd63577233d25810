/**
 * What an application gives, looked at before anything is done with it: whoever calls from JavaScript
 * was told by no compiler. Each of these throws a PeerloomError, `bad-argument`.
 * @module
 */
import { PeerloomError } from '../world/errors.ts'

export function checkText(name: string, given: unknown): void {
  if (typeof given === 'string') return
  throw new PeerloomError('bad-argument', `the ${name} is no text`)
}

export function checkObject(name: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return
  throw new PeerloomError('bad-argument', `the ${name} is no object`)
}

export function checkMessage(given: unknown): void {
  if (typeof given === 'object' && given !== null && 'type' in given) return
  throw new PeerloomError('bad-argument', 'the message is no object with a type')
}

export function checkHandler(given: unknown): void {
  if (typeof given === 'function') return
  throw new PeerloomError('bad-argument', 'the handler is no function')
}

/** A text, or a key: each part of one is a text. */
export function checkSubject(given: unknown): void {
  if (typeof given === 'string') return
  const parts: unknown[] = typeof given === 'object' && given !== null ? Object.values(given) : []
  if (parts.length > 1 && parts.every((part) => typeof part === 'string')) return
  throw new PeerloomError('bad-argument', 'whoever is meant is neither a text nor the key of a ban')
}

/** A copy, also of a Buffer, whose own `slice` is none. */
export function ownBytes(name: string, given: unknown): Uint8Array {
  if (given instanceof Uint8Array) return new Uint8Array(given)
  throw new PeerloomError('bad-argument', `the ${name} is no Uint8Array`)
}
