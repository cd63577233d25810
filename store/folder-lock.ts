/**
 * One owner for a data folder, held by a socket: whoever can be connected to is alive, and the
 * kernel takes that away from a process that is killed. A number in a file would prove nothing.
 *
 * Two starters that both find a dead owner must not both replace it, and no system call replaces a
 * dead socket only if it is still the one that was tested. So nothing is replaced. Each starter
 *   1. listens on a socket with a name that is never used twice,
 *   2. publishes a claim in the data folder: a symbolic link to that socket, made in one step,
 *   3. reads all claims and connects to each of the others.
 * Everybody publishes before reading, so of two starters at least one sees the other. A claim that
 * refuses connections belongs to a dead process for good, and is removed. One that is answered by
 * an owner ends the attempt. Between living starters the smaller claim goes first: the larger
 * withdraws, and the smaller waits until it has, or has said that it owns the folder, which it may
 * have become before the smaller claim was there. Nobody waits for a smaller claim, so nobody waits
 * in a circle, and the smallest withdraws only for an owner: exactly one is left.
 *
 * The same socket is how the command line reaches the owner (`connectToOwner`).
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { lstat, readdir, readlink, rm, stat, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { StoreError } from '../world/store.ts'
import { askOwner, OWNER_GREETING } from './owner-greeting.ts'
import { isShortEnough, socketPathFor } from './run-folder.ts'

export interface FolderLockOptions {
  /** A process that connected to the owner, after the greeting. Left out: it is closed. */
  readonly onConnection?: (socket: Socket) => void
  /**
   * How long an owner that can be connected to may take to say so. One that does not is busy or
   * stopped, not dead, and keeps the folder. Default 2000: longer than any step of a node may block.
   */
  readonly answerMs?: number
}

export interface FolderLock {
  /** Gives the folder back. May be called more than once. */
  release(): Promise<void>
}

const ANSWER_MS = 2_000
/** The command line and a few starters at once; more are dropped, which a starter takes for an owner. */
const CONNECTIONS_MAX = 64
const CLAIM = /^\.owner-([0-9a-f]{16})$/

interface Claim {
  readonly id: string
  readonly path: string
  readonly socketPath: string
  /** Made by a process that had this very folder open, not brought along by a copy of it. */
  readonly isHere: boolean
}

/** @throws {StoreError} 'owned' when another process has the folder, or starts on it before us. */
export async function lockFolder(
  folder: string,
  { onConnection, answerMs = ANSWER_MS }: FolderLockOptions = {},
): Promise<FolderLock> {
  const id = randomBytes(8).toString('hex')
  const name = `${await folderHash(folder)}-${id}`
  const { door, target } = await openDoorFor(folder, name, onConnection)
  const claimPath = join(folder, `.owner-${id}`)
  const withdraw = async () => {
    try {
      await rm(claimPath, { force: true })
    } finally {
      await door.close()
    }
  }
  try {
    await symlink(target, claimPath)
    await winAgainstOthers(folder, id, answerMs)
    door.own()
  } catch (error) {
    await withdraw()
    throw error
  }
  let released: Promise<void> | undefined
  return { release: () => (released ??= withdraw()) }
}

/** A connection to the folder's owner, behind its greeting; `undefined` when it has no owner. */
export async function connectToOwner(
  folder: string,
  { answerMs = ANSWER_MS }: Pick<FolderLockOptions, 'answerMs'> = {},
): Promise<Socket | undefined> {
  for (const claim of await claimsIn(folder)) {
    if (!claim.isHere) continue
    const { answer, socket } = await askOwner(claim.socketPath, answerMs)
    if (answer === 'owner') return socket
    if (answer === 'silent') throw owned(folder)
    if (answer === 'forbidden') throw forbidden(folder, claim)
  }
  return undefined
}

async function winAgainstOthers(folder: string, id: string, answerMs: number): Promise<void> {
  for (const claim of await claimsIn(folder)) {
    if (claim.id === id) continue
    if (!claim.isHere) {
      await rm(claim.path, { force: true })
      continue
    }
    // To a smaller claim it is enough that somebody is there.
    const standing = await standingOf(claim, claim.id < id ? 0 : answerMs)
    if (standing === 'dead') {
      await rm(claim.path, { force: true })
      await rm(claim.socketPath, { force: true })
    }
    if (standing === 'forbidden') throw forbidden(folder, claim)
    if (standing === 'alive') throw owned(folder)
  }
}

async function standingOf(
  claim: Claim,
  answerMs: number,
): Promise<'alive' | 'dead' | 'withdrawn' | 'forbidden'> {
  // A connection that ends without a greeting: it withdrew, or died. The second attempt tells.
  for (let attempt = 1; attempt <= 2; attempt++) {
    const { answer, socket } = await askOwner(claim.socketPath, answerMs)
    socket?.destroy()
    if (answer === 'dead' || answer === 'forbidden') return answer
    if (answer !== 'left') return 'alive'
    if (await isGone(claim.path)) return 'withdrawn'
  }
  return 'alive'
}

async function claimsIn(folder: string): Promise<readonly Claim[]> {
  const hash = await folderHash(folder)
  const claims: Claim[] = []
  for (const name of (await readdir(folder)).sort()) {
    const id = CLAIM.exec(name)?.[1]
    if (id === undefined) continue
    const path = join(folder, name)
    const target = await readClaim(path)
    if (target === undefined) continue
    const isHere = basename(target) === `${hash}-${id}`
    claims.push({ id, path, socketPath: resolve(folder, target), isHere })
  }
  return claims
}

/** `undefined`: taken away since the folder was read. What is no link is no claim of ours either. */
async function readClaim(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      if (error.code === 'ENOENT' || error.code === 'EINVAL') return undefined
    }
    throw error
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
    throw error
  }
}

/** By its inode: the same for each of its paths, kept when it is moved, another one for a copy. */
async function folderHash(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true })
  return createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 16)
}

/**
 * In the data folder itself, where whoever sees the folder sees the socket too: a run folder can be
 * swept while its owner lives, and a container does not see another one's. Where the path is too long
 * for a socket, or the medium takes none, in the run folder.
 * @returns with the target of the claim: relative to the folder, which may be moved
 */
async function openDoorFor(
  folder: string,
  name: string,
  onConnection: ((socket: Socket) => void) | undefined,
): Promise<{ readonly door: Door; readonly target: string }> {
  const path = resolve(folder, name)
  if (isShortEnough(path)) {
    try {
      return { door: await openDoor(path, onConnection), target: name }
    } catch {
      // A network medium, for one: what is wrong with the folder otherwise shows at the next step.
    }
  }
  const target = await socketPathFor(name)
  return { door: await openDoor(target, onConnection), target }
}

interface Door {
  /** From here on each connection, waiting ones first, is greeted. */
  own(): void
  close(): Promise<void>
}

async function openDoor(path: string, onConnection?: (socket: Socket) => void): Promise<Door> {
  const sockets = new Set<Socket>()
  let isOwner = false

  function greet(socket: Socket): void {
    socket.write(OWNER_GREETING)
    if (onConnection === undefined) socket.destroySoon()
    else onConnection(socket)
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    // Whoever connects may go at any time; `close` follows and is all that matters.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (isOwner) greet(socket)
  })
  server.maxConnections = CONNECTIONS_MAX
  await listening(server, path)
  // A lock is not work: it does not keep a process running that has nothing else to do.
  server.unref()

  return {
    own() {
      isOwner = true
      for (const socket of sockets) greet(socket)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** `exclusive`: in a cluster the primary would otherwise listen for all of its workers at once. */
function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject)
      // From here on: a connection that could not be taken (no descriptor left). Its other end meets
      // its deadline and takes the owner for busy, which it is.
      server.on('error', () => {})
      resolve()
    })
  })
}

function owned(folder: string): StoreError {
  return new StoreError(
    'owned',
    `the data folder ${folder} is owned by another running process; stop it, or use another folder`,
  )
}

function forbidden(folder: string, { path }: Claim): StoreError {
  return new StoreError(
    'no-access',
    `the data folder ${folder} is claimed by a process of another user; ` +
      `remove ${path} if that process is gone`,
  )
}
