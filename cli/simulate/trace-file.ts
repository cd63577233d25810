/**
 * Traces of simulated runs in files: a line a step, millions of them, so that they are written and read
 * by the piece. Synchronous: a simulation is one long call.
 * @module
 */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { CommandFault } from '../command-fault.ts'

/** What is written and read at once. */
const PIECE_BYTES = 1_048_576

/** @throws {CommandFault} */
function open(path: string, flags: 'r' | 'wx'): number {
  try {
    return openSync(path, flags)
  } catch (cause) {
    const isThere = flags === 'wx' && existsSync(path)
    const what = isThere ? 'is there already' : `cannot be ${flags === 'r' ? 'read' : 'written'}`
    throw new CommandFault(2, `the trace ${path} ${what}`, { cause })
  }
}

export interface TraceWriter {
  line(text: string): void
  close(): void
}

/** @throws {CommandFault} it cannot be written, or is there: nothing is written over */
export function writeTrace(path: string): TraceWriter {
  const file = open(path, 'wx')
  let lines: string[] = []
  let length = 0
  const flush = (): void => {
    if (lines.length === 0) return
    writeSync(file, `${lines.join('\n')}\n`)
    lines = []
    length = 0
  }
  return {
    line(text) {
      lines.push(text)
      length += text.length
      if (length >= PIECE_BYTES) flush()
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}

export interface TraceReader {
  /** Undefined: there are no more. */
  next(): string | undefined
  close(): void
}

/** @throws {CommandFault} it cannot be read */
export function readTrace(path: string): TraceReader {
  const file = open(path, 'r')
  const piece = new Uint8Array(PIECE_BYTES)
  const decoder = new TextDecoder()
  let lines: string[] = []
  let at = 0
  let rest = ''
  let isRead = false

  const readOn = (): void => {
    const count = readSync(file, piece)
    isRead = count === 0
    const parts = (rest + decoder.decode(piece.subarray(0, count), { stream: !isRead })).split('\n')
    rest = parts.pop() ?? ''
    lines = parts
    at = 0
  }

  return {
    next() {
      while (at >= lines.length) {
        if (isRead) {
          const last = rest === '' ? undefined : rest
          rest = ''
          return last
        }
        readOn()
      }
      return lines[at++]
    },
    close() {
      closeSync(file)
    },
  }
}
