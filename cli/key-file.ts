/**
 * A node's private key in a file: 0600 in a folder that is 0700. A key that others can read is
 * refused with the command that mends it.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '../transport/random.ts'
import { CommandFault } from './command-fault.ts'

const KEY_BYTES = 32
export const KEY_FILE = 'node.key'

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** A fresh one. */
export function drawKey(isPrivateKey: (bytes: Uint8Array) => boolean): Uint8Array {
  for (;;) {
    const key = systemRandom().bytes(KEY_BYTES)
    if (isPrivateKey(key)) return key
  }
}

/** The key in `folder`, made with `makeKey` where there is none. @throws {CommandFault} */
export async function loadKey(folder: string, makeKey: () => Uint8Array): Promise<Uint8Array> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, KEY_FILE)
  return (await readKey(path)) ?? (await writeKey(folder, path, makeKey()))
}

/** Undefined where there is no file. */
async function readKey(path: string): Promise<Uint8Array | undefined> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const facts = await file.stat()
    if ((facts.mode & 0o077) !== 0) {
      throw new CommandFault(1, `others can read the key ${path}: chmod 600 '${path}'`)
    }
    if (!facts.isFile() || facts.size !== KEY_BYTES) {
      throw new CommandFault(1, `${path} holds no key of 32 bytes`)
    }
    return new Uint8Array(await file.readFile())
  } finally {
    await file.close()
  }
}

/**
 * Written in full under another name first: whoever is killed on the way leaves no half key. Of two
 * that start at once the first one's key holds for both.
 */
async function writeKey(folder: string, path: string, key: Uint8Array): Promise<Uint8Array> {
  const written = join(folder, `.${KEY_FILE}-${randomBytes(8).toString('hex')}`)
  try {
    await writeSynced(written, key)
    await link(written, path)
    await syncFolder(folder)
    return key
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const others = await readKey(path)
    if (others === undefined) throw new CommandFault(1, `the key ${path} was taken away`)
    return others
  } finally {
    await rm(written, { force: true })
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Others learn the identity at once: it must not be another one after the power was gone. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
