/**
 * The folder of `--record-dir`: the one place from which journals are opened and to which forks are written.
 * A file in it is a name of plain characters; a link, a folder and a path are none.
 * @module
 */
import { constants } from 'node:fs'
import { lstat, open, readdir, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** Files that are listed: more than a person reads through. */
const FILES_MAX = 500
/** What a process reads in memory; a larger one is replayed by the command. */
const FILE_BYTES_MAX = 67_108_864
/** Of names that are tried until one is free. */
const NAMES_MAX = 100

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/
const NAME_LENGTH_MAX = 128

/** What a person is told. */
export class RecordFolderFault extends Error {
  override readonly name = 'RecordFolderFault'
}

export const isFileName = (name: unknown): name is string =>
  typeof name === 'string' && name.length <= NAME_LENGTH_MAX && FILE_NAME.test(name)

export interface RecordFolder {
  /** Regular files, by name; `more`: how many there are beside those. @throws {RecordFolderFault} */
  list(): Promise<{
    readonly files: readonly { readonly file: string; readonly bytes: number }[]
    readonly more: number
  }>
  /** @throws {RecordFolderFault} */
  read(file: string): Promise<Uint8Array>
  /**
   * Writes new files of one name together, all or none. The name is the first of `stem`, `stem-2`, ... that is
   * taken with none of their endings; it is theirs before they are made, so that nobody else gets it meanwhile.
   * What is there already is never written over.
   * @returns the name
   * @throws {RecordFolderFault} beside what `content` throws
   */
  write(stem: string, files: readonly NewFile[]): Promise<string>
}

export interface NewFile {
  readonly ending: string
  /** What it holds, once its name is known. */
  content(stem: string): Promise<Uint8Array | string>
}

/** A file that is there, empty, and ours to fill. */
interface TakenFile extends NewFile {
  readonly path: string
  readonly handle: FileHandle
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

async function contentOf(handle: FileHandle, file: string): Promise<Uint8Array> {
  const about = await handle.stat()
  if (!about.isFile()) throw new RecordFolderFault(`${file} is no file`)
  if (about.size > FILE_BYTES_MAX) {
    const limit = String(FILE_BYTES_MAX / 1_048_576)
    throw new RecordFolderFault(`${file} is larger than ${limit} MiB: use peerloom replay`)
  }
  const bytes = new Uint8Array(about.size)
  let at = 0
  while (at < bytes.length) {
    // One that is being written may grow meanwhile; one that shrinks ends early.
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

export function recordFolder(folder: string): RecordFolder {
  const pathOf = (file: string): string => {
    if (isFileName(file)) return join(folder, file)
    throw new RecordFolderFault('that is no name of a file there')
  }

  return {
    async list() {
      let names: readonly string[]
      try {
        const entries = await readdir(folder, { withFileTypes: true })
        names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
      } catch {
        throw new RecordFolderFault('the folder of recordings cannot be read')
      }
      const known = names.filter(isFileName).toSorted()
      const shown = known.slice(0, FILES_MAX)
      const sizes = await Promise.all(
        shown.map(async (file) => {
          try {
            const { size } = await lstat(join(folder, file))
            return [{ file, bytes: size }]
          } catch {
            // It has gone since.
            return []
          }
        }),
      )
      return { files: sizes.flat(), more: known.length - shown.length }
    },
    async read(file) {
      const path = pathOf(file)
      // A pipe that nobody writes to would be waited for; a link leads elsewhere.
      const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
      let handle: FileHandle
      try {
        handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      } catch (error) {
        const why = codeOf(error) === 'ENOENT' ? 'is not there' : 'cannot be read'
        throw new RecordFolderFault(`${file} ${why}`)
      }
      try {
        return await contentOf(handle, file)
      } finally {
        await handle.close()
      }
    },
    async write(stem, files) {
      for (let number = 1; number <= NAMES_MAX; number++) {
        const tried = number === 1 ? stem : `${stem}-${String(number)}`
        const taken = await takeAll(files, (ending) => pathOf(tried + ending))
        if (taken === undefined) continue
        try {
          for (const { content, handle } of taken) await fill(handle, await content(tried))
        } catch (error) {
          await giveBack(taken)
          throw error
        }
        await Promise.all(taken.map(({ handle }) => handle.close()))
        return tried
      }
      throw new RecordFolderFault('there are too many files of that name')
    },
  }
}

/** Undefined: somebody else has it, were it a link that leads nowhere. @throws {RecordFolderFault} */
async function take(path: string): Promise<FileHandle | undefined> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  try {
    return await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined
    throw new RecordFolderFault('the folder of recordings cannot be written to')
  }
}

/** All of them, or none: then undefined. @throws {RecordFolderFault} */
async function takeAll(
  files: readonly NewFile[],
  pathOf: (ending: string) => string,
): Promise<readonly TakenFile[] | undefined> {
  const taken: TakenFile[] = []
  try {
    for (const file of files) {
      const path = pathOf(file.ending)
      const handle = await take(path)
      if (handle === undefined) {
        await giveBack(taken)
        return undefined
      }
      taken.push({ ...file, path, handle })
    }
  } catch (error) {
    await giveBack(taken)
    throw error
  }
  return taken
}

/** @throws {RecordFolderFault} */
async function fill(handle: FileHandle, content: Uint8Array | string): Promise<void> {
  try {
    await handle.writeFile(content)
  } catch {
    throw new RecordFolderFault('the folder of recordings has no room')
  }
}

/** They were made here, and hold nothing that anybody could use. */
async function giveBack(taken: readonly TakenFile[]): Promise<void> {
  const gone = taken.map(async ({ handle, path }) => {
    await handle.close()
    await unlink(path)
  })
  // Whoever removed one before, or the whole folder, was faster; why it came to this is what is told.
  await Promise.allSettled(gone)
}
