/**
 * What a collection of garbage leaves, for tests of what is let go of.
 * @module
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** How many of them are still held. */
export async function countHeld(references: readonly WeakRef<object>[]): Promise<number> {
  // What was looked at in a turn is held until its end.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  return references.filter((reference) => reference.deref() !== undefined).length
}
