/**
 * Traces of simulated runs in files: a line a step, millions of them, so that they are written and read
 * by the piece. Synchronous: a simulation is one long call.
 * @module
 */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs'
import { encodeUtf8 } from '../../codec/bytes.ts'
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
  /** It throws nothing: it is called from inside the run. */
  line(text: string): void
  /** @throws {CommandFault} not all of it could be written */
  close(): void
}

/** @throws {CommandFault} it cannot be written, or is there: nothing is written over */
export function writeTrace(path: string): TraceWriter {
  const file = open(path, 'wx')
  let lines: string[] = []
  let length = 0
  let fault: CommandFault | undefined
  const flush = (): void => {
    if (lines.length === 0 || fault !== undefined) return
    const bytes = encodeUtf8(`${lines.join('\n')}\n`)
    lines = []
    length = 0
    try {
      // A disk with little room takes a part, and says only at the next one that there is none.
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    } catch (cause) {
      fault = new CommandFault(2, `the trace ${path} cannot be written to its end`, { cause })
    }
  }
  return {
    line(text) {
      if (fault !== undefined) return
      lines.push(text)
      length += text.length
      if (length >= PIECE_BYTES) flush()
    },
    close() {
      flush()
      closeSync(file)
      if (fault !== undefined) throw fault
    },
  }
}

export interface TraceReader {
  /** Undefined: there are no more. It throws nothing: it is called from inside the run. */
  next(): string | undefined
  /** @throws {CommandFault} not all of it could be read */
  close(): void
}

/** @throws {CommandFault} it cannot be read: a folder is found out here, too */
export function readTrace(path: string): TraceReader {
  const file = open(path, 'r')
  const piece = new Uint8Array(PIECE_BYTES)
  const decoder = new TextDecoder()
  let lines: string[] = []
  let at = 0
  let rest = ''
  let isRead = false
  let fault: CommandFault | undefined

  /** Nothing more is read where it cannot be. */
  const readPiece = (): number => {
    try {
      return readSync(file, piece)
    } catch (cause) {
      fault = new CommandFault(2, `the trace ${path} cannot be read`, { cause })
      return 0
    }
  }

  const readOn = (): void => {
    const count = readPiece()
    isRead = count === 0
    const parts = (rest + decoder.decode(piece.subarray(0, count), { stream: !isRead })).split('\n')
    rest = parts.pop() ?? ''
    lines = parts
    at = 0
  }

  const close = (): void => {
    closeSync(file)
    if (fault !== undefined) throw fault
  }

  // A folder opens like a file.
  readOn()
  if (fault !== undefined) close()

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
    close,
  }
}
