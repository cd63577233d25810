/**
 * How many bytes of arrays were made while something ran, and the most at once. What a platform's own
 * functions make inside of themselves is not seen.
 * @module
 */

export interface Allocations {
  readonly bytes: number
  /** Of the largest array. */
  readonly mostBytes: number
}

export function allocationsOf(run: () => void): Allocations {
  const Usual = globalThis.Uint8Array
  const usualSlice = Usual.prototype.slice
  let [bytes, mostBytes] = [0, 0]
  const note = (length: number): void => {
    bytes += length
    mostBytes = Math.max(mostBytes, length)
  }
  globalThis.Uint8Array = new Proxy(Usual, {
    construct(target, given: readonly unknown[], newTarget) {
      const made = Reflect.construct(target, given, newTarget) as Uint8Array
      // A view of memory that there is already costs nothing.
      if (!(given[0] instanceof ArrayBuffer)) note(made.length)
      return made
    },
  })
  Usual.prototype.slice = function slice(start, end) {
    const made = usualSlice.call(this, start, end)
    note(made.length)
    return made
  }
  try {
    run()
  } finally {
    Usual.prototype.slice = usualSlice
    globalThis.Uint8Array = Usual
  }
  return { bytes, mostBytes }
}
