/**
 * The files that `replay` reads and writes.
 * @module
 */
import { open, readFile, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { JournalError } from '../journal/journal-error.ts'
import { CommandFault } from './command-fault.ts'

/** Journals are bounded when they are written; one that is larger is none of ours. */
const FILE_BYTES_MAX = 2 ** 31

/** @throws {CommandFault} */
export async function readJournal(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    if (bytes.length <= FILE_BYTES_MAX) return bytes
  } catch (cause) {
    throw new CommandFault(2, `${path} cannot be read`, { cause })
  }
  throw new CommandFault(2, `${path} is larger than a journal can be`)
}

/** Whole, or not at all. @throws {CommandFault} */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  let file: FileHandle
  try {
    file = await open(path, 'wx', 0o600)
  } catch (cause) {
    throw new CommandFault(2, `${path} is there already, or cannot be written`, { cause })
  }
  try {
    await file.writeFile(content)
  } catch (cause) {
    await rm(path, { force: true })
    throw new CommandFault(2, `${path} cannot be written`, { cause })
  } finally {
    await file.close()
  }
}

/** @throws {CommandFault} a sentence that names the file */
export function ofFile<Value>(path: string, run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof JournalError || cause instanceof RangeError) {
      throw new CommandFault(1, `${path}: ${cause.message}`, { cause })
    }
    throw cause
  }
}
