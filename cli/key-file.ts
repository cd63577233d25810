/**
 * A node's private key in a file: 0600 in a folder that is 0700. A key that others can read is
 * refused with the command that mends it.
 * @module
 */
import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFault } from './command-fault.ts'

const KEY_BYTES = 32
const FILE = 'node.key'

/** The key in `folder`, made with `makeKey` where there is none. @throws {CommandFault} */
export async function loadKey(folder: string, makeKey: () => Uint8Array): Promise<Uint8Array> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, FILE)
  try {
    const created = await open(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY,
      0o600,
    )
    try {
      const key = makeKey()
      await created.writeFile(key)
      await created.sync()
      return key
    } finally {
      await created.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const file = await open(path, 'r')
  try {
    const { mode } = await file.stat()
    if ((mode & 0o077) !== 0) {
      throw new CommandFault(1, `others can read the key ${path}: chmod 600 '${path}'`)
    }
    const bytes = await file.readFile()
    if (bytes.length !== KEY_BYTES) throw new CommandFault(1, `${path} holds no key of 32 bytes`)
    return new Uint8Array(bytes)
  } finally {
    await file.close()
  }
}
