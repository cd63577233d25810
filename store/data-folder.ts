/**
 * The data folder of a store: made or refused, owned, and its data file looked at before anybody
 * trusts it. What is damaged is moved aside under a name that says so, never deleted: a person may
 * still want to look at it.
 * @module
 */
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StoreError } from '../world/store.ts'
import { lockFolder } from './folder-lock.ts'
import type { FolderLockOptions } from './folder-lock.ts'
import { checkLmdbFile } from './lmdb-check.ts'

export type DataFolderOptions = FolderLockOptions

export interface DataFolder {
  readonly dataFile: string
  /** One sentence for each file that was moved away. */
  readonly setAside: readonly string[]
  /**
   * Whether the data file could grow by so many bytes now. LMDB reports a write that was cut short
   * like a broken medium, although a full one is what cuts writes short.
   * @throws what the file system reports if it could not.
   */
  probeGrowth(bytes: number): Promise<void>
  release(): Promise<void>
}

/**
 * So much is written and taken away again to see whether there is space, first of all before LMDB
 * makes its file, which cannot fail softly. Above any block size, below what anybody notices.
 */
const PROBE_BYTES = 64 * 1024

/** The store's own file in the folder. */
export const DATA_FILE = 'store.mdb'

/** @throws {StoreError} 'owned', 'no-access', 'no-space', and what the file system reports. */
export async function openDataFolder(
  path: string,
  options: DataFolderOptions,
): Promise<DataFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const folder = await realpath(path)
  await refuseOpenToOthers(folder)
  const lock = await lockFolder(folder, options)
  try {
    const dataFile = join(folder, DATA_FILE)
    const probePath = join(folder, 'store.probe')
    await probe(probePath, 0)
    const setAside = await setAsideIfDamaged(dataFile)
    // LMDB's table of readers. Nobody reads: the owner before us is gone.
    await rm(`${dataFile}-lock`, { force: true, recursive: true })
    return {
      dataFile,
      setAside,
      probeGrowth: async (bytes) => probe(probePath, (await stat(dataFile)).size + bytes),
      release: lock.release,
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** The mode of a folder that was there is its owner's business, but not that anybody writes to it. */
async function refuseOpenToOthers(folder: string): Promise<void> {
  const { mode } = await stat(folder)
  if ((mode & 0o002) === 0) return
  throw new StoreError(
    'no-access',
    `the data folder ${folder} can be written by every user of this machine; ` +
      `"chmod 700 ${folder}" mends that`,
  )
}

/** Writes behind a hole, which takes no space: the file is as long as a real one, and as limited. */
async function probe(path: string, position: number): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.write(new Uint8Array(PROBE_BYTES), 0, PROBE_BYTES, position)
    await file.sync()
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

async function setAsideIfDamaged(dataFile: string): Promise<readonly string[]> {
  const damage = await damageOf(dataFile)
  if (damage === undefined) return []
  const aside = await freeName(`${dataFile}.damaged`)
  await rename(dataFile, aside)
  return [`${basename(dataFile)} was moved to ${basename(aside)} because ${damage}`]
}

async function damageOf(dataFile: string): Promise<string | undefined> {
  try {
    const file = await open(dataFile, 'r+')
    await file.close()
    return checkLmdbFile(dataFile)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR') return 'it is not a file'
    throw error
  }
}

async function freeName(stem: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${stem}-${number}`
    try {
      await stat(name)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return name
      throw error
    }
  }
}
