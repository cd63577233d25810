/**
 * Takes a body of a known length from a stream whose peer may have lied about it: memory is made in
 * steps, as the bytes come, never as they are announced.
 *
 * What is short, or has come whole, is a view of the frame buffer and costs no copy. The rest is copied
 * twice, once into the steps and once into one piece at the end: in proportion to its length, however
 * it was cut.
 * @module
 */
import { concatBytes } from '../bytes.ts'
import type { FrameBuffer } from '../frame-buffer.ts'

/** Memory made ahead of what has arrived: as much as Bitcoin Core makes. */
export const AHEAD_BYTES_MAX = 262_144

export interface LongBody {
  /** Bytes that were taken from the buffer for a body that is not whole yet. */
  readonly length: number
  /**
   * The body, once it is whole; valid until the buffer's next `push` or `keep`. Until then it is asked
   * for with the same count.
   */
  take(buffer: FrameBuffer, count: number): Uint8Array | undefined
}

export function createLongBody(): LongBody {
  let steps: Uint8Array[] = []
  /** Filled of the last step. */
  let filled = 0
  let length = 0

  function absorb(bytes: Uint8Array, count: number): void {
    let rest = bytes
    while (rest.length > 0) {
      let step = steps.at(-1)
      if (step === undefined || filled === step.length) {
        step = new Uint8Array(Math.min(AHEAD_BYTES_MAX, count - length))
        steps.push(step)
        filled = 0
      }
      const part = rest.subarray(0, step.length - filled)
      step.set(part, filled)
      filled += part.length
      length += part.length
      rest = rest.subarray(part.length)
    }
  }

  return {
    get length() {
      return length
    },
    take(buffer, count) {
      if (length === 0 && (count <= AHEAD_BYTES_MAX || count <= buffer.length)) {
        return buffer.take(count)
      }
      const bytes = buffer.take(Math.min(buffer.length, count - length))
      if (bytes !== undefined) absorb(bytes, count)
      if (length < count) return undefined
      const body = concatBytes(...steps)
      steps = []
      filled = 0
      length = 0
      return body
    },
  }
}
