/**
 * The demo's input: lines of a file or of standard input, bounded in bytes and in number.
 * @module
 */
import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { concatBytes, decodeUtf8, encodeUtf8 } from '../../codec/bytes.ts'
import { CommandFault } from '../command-fault.ts'
import type { NumberedLine } from './protocol.ts'

/** Our own README: it is there wherever the package is. */
export const USUAL_INPUT = fileURLToPath(new URL('../../../README.md', import.meta.url))

/** All of it is held in memory, once a process. */
const INPUT_BYTES_MAX = 8 * 1024 * 1024
/** At the pace of a raised limit these take twenty minutes. */
const LINES_MAX = 100_000
/** An item's payload holds 64 KiB; the line's number takes four bytes of it. */
const LINE_BYTES_MAX = 65_536 - 4

/** @param input a file, or `-` for standard input. @throws {CommandFault} */
export async function readLines(input: string): Promise<readonly NumberedLine[]> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of input === '-' ? process.stdin : createReadStream(input)) {
      const part = chunk as Uint8Array
      bytes += part.length
      if (bytes > INPUT_BYTES_MAX) throw new CommandFault(2, 'the input is larger than 8 MiB')
      chunks.push(part)
    }
  } catch (error) {
    if (error instanceof CommandFault) throw error
    throw new CommandFault(2, `the input ${input} cannot be read`)
  }
  const text = decodeUtf8(concatBytes(...chunks))
  if (text === undefined) throw new CommandFault(2, `the input ${input} is no text in UTF-8`)
  if (text === '') throw new CommandFault(2, `the input ${input} is empty`)
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  if (lines.length > LINES_MAX) throw new CommandFault(2, 'the input has more than 100,000 lines')
  lines.forEach((line, index) => {
    if (encodeUtf8(line).length > LINE_BYTES_MAX) {
      throw new CommandFault(2, `line ${String(index + 1)} of the input is longer than 64 KiB`)
    }
  })
  return lines.map((line, index) => [index + 1, line])
}
