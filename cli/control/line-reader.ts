/**
 * Bytes to lines, with a bound on what is kept of a line that does not end.
 * @module
 */
import { concatBytes } from '../../codec/bytes.ts'

export interface LineReader {
  /** The lines that are whole now, without their ends; `too-long` once, and nothing afterwards. */
  push(chunk: Uint8Array): readonly Uint8Array[] | 'too-long'
}

const LINE_END = 0x0a

export function createLineReader(lineBytesMax: number): LineReader {
  let parts: Uint8Array[] = []
  let keptBytes = 0
  let isOver = false

  return {
    push(chunk) {
      if (isOver) return []
      const lines: Uint8Array[] = []
      let from = 0
      for (;;) {
        const end = chunk.indexOf(LINE_END, from)
        const part = chunk.subarray(from, end === -1 ? chunk.length : end)
        if (keptBytes + part.length > lineBytesMax) {
          isOver = true
          parts = []
          return 'too-long'
        }
        if (end === -1) {
          // A chunk is the platform's: what is kept of it is a copy.
          if (part.length > 0) parts.push(part.slice())
          keptBytes += part.length
          return lines
        }
        lines.push(concatBytes(...parts, part))
        parts = []
        keptBytes = 0
        from = end + 1
      }
    },
  }
}
