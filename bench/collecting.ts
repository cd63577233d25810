/**
 * Full collections, for those who weigh what is left.
 * @module
 */
import { setImmediate } from 'node:timers/promises'

/** What a collection finds finalizers for is gone with a later one. */
const COLLECTIONS = 4

export async function collectGarbage(): Promise<void> {
  for (let count = 0; count < COLLECTIONS; count++) {
    if (globalThis.gc === undefined) throw new Error('run with node --expose-gc')
    globalThis.gc()
    await setImmediate()
  }
}
