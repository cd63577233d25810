/**
 * Where owners of data folders listen whose own path is too long for a socket: a folder of the user's
 * own.
 * @module
 */
import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StoreError } from '../world/store.ts'

/** macOS takes 103 bytes, Linux 107 (`sun_path` less its final zero). */
const SOCKET_PATH_BYTES_MAX = 99

export const isShortEnough = (path: string): boolean =>
  Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX

/**
 * XDG_RUNTIME_DIR is the user's, in memory, and nobody sweeps it; where it cannot be used, the
 * folder for temporary files. Two processes may come to different answers: nothing depends on it,
 * since the path of a socket stands in the data folder.
 * @returns a path for a socket of this name.
 * @throws {StoreError} 'no-access' when no folder is short enough and the user's alone.
 */
export async function socketPathFor(name: string): Promise<string> {
  const user = process.getuid?.()
  const own = `peerloom-${user ?? 'run'}`
  const runtime = process.env['XDG_RUNTIME_DIR']
  const folders = [join(tmpdir(), own), join('/tmp', own)]
  if (runtime) folders.unshift(join(runtime, 'peerloom'))

  for (const folder of folders) {
    const path = join(folder, name)
    if (!isShortEnough(path)) continue
    if (await isOurs(folder, user)) return path
  }
  throw new StoreError(
    'no-access',
    `none of ${folders.join(', ')} is a folder of this user's with mode 700 and a path short ` +
      'enough for a socket; set XDG_RUNTIME_DIR to one',
  )
}

/** A folder that another user made first, or a link to elsewhere, is not ours. */
async function isOurs(folder: string, user: number | undefined): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const facts = await lstat(folder)
    const isOurOwn = user === undefined || facts.uid === user
    return facts.isDirectory() && isOurOwn && (facts.mode & 0o077) === 0
  } catch {
    // Whatever the reason, sockets cannot be put here; the caller says so if no place is left.
    return false
  }
}
