/**
 * The byte arrays that code makes, for tests of how much memory it takes and of what it leaves in it.
 * @module
 */

/** All that are made while `run` goes on. */
export function madeArraysOf(run: () => void): Uint8Array[] {
  const { Uint8Array: real } = globalThis
  const made: Uint8Array[] = []
  globalThis.Uint8Array = new Proxy(real, {
    construct(target, given: [number]) {
      const array = Reflect.construct(target, given) as Uint8Array
      // Views of memory that is there already take none.
      if (typeof given[0] === 'number') made.push(array)
      return array
    },
  })
  try {
    run()
  } finally {
    globalThis.Uint8Array = real
  }
  return made
}
