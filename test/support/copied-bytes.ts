/**
 * What a run costs in copies, where memory that is moved again and again is what could go wrong.
 * @module
 */

/** Counts the bytes that are copied from array to array while `run` goes on. */
export function copiedBytesOf(run: () => void): number {
  const { set } = Uint8Array.prototype
  let copied = 0
  Uint8Array.prototype.set = function (source, offset) {
    copied += source.length
    set.call(this, source, offset)
  }
  try {
    run()
  } finally {
    Uint8Array.prototype.set = set
  }
  return copied
}
