import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readlink, rename, rm } from 'node:fs/promises'
import { symlink, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connectToOwner, lockFolder } from '../../store/folder-lock.ts'
import type { FolderLock, FolderLockOptions } from '../../store/folder-lock.ts'
import { StoreError } from '../../world/store.ts'
import { startChild } from '../support/child.ts'

async function startFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'peerloom-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function startLock(folder: string, options?: FolderLockOptions): Promise<FolderLock> {
  const lock = await lockFolder(folder, options)
  onTestFinished(() => lock.release())
  return lock
}

const OWNED = expect.objectContaining({ fault: 'owned' }) as StoreError
const claimsIn = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.startsWith('.owner-'))

describe('the owner of a folder', () => {
  test('is one at a time, says so to the next, and leaves nothing behind', async () => {
    const folder = await startFolder()
    const lock = await startLock(folder)
    await expect(lockFolder(folder)).rejects.toThrow(
      new StoreError(
        'owned',
        `the data folder ${folder} is owned by another running process; stop it, or use another folder`,
      ),
    )
    const [claim = ''] = await claimsIn(folder)
    const socketPath = await readlink(join(folder, claim))
    // In the folder itself, so that it stays where the folder goes.
    expect((await readdir(folder)).sort()).toEqual([claim, socketPath].sort())
    await lock.release()
    await lock.release()
    expect(await readdir(folder)).toEqual([])
    await startLock(folder)
  })

  test('keeps it when the run folder is swept', async () => {
    const [folder, runtime] = [await startFolder(), await startFolder()]
    vi.stubEnv('XDG_RUNTIME_DIR', runtime)
    onTestFinished(() => void vi.unstubAllEnvs())
    await startLock(folder)
    await rm(runtime, { recursive: true })
    await expect(lockFolder(folder)).rejects.toEqual(OWNED)
  })

  test('is the same by each path that leads to the folder', async () => {
    const folder = await startFolder()
    await startLock(folder)
    const link = `${folder}-link`
    await symlink(folder, link)
    onTestFinished(() => rm(link))
    await expect(lockFolder(link)).rejects.toEqual(OWNED)
    await expect(lockFolder(join(folder, '..', folder.split('/').at(-1) ?? ''))).rejects.toEqual(
      OWNED,
    )
  })

  test('keeps it when it is moved, and does not own a copy of it', async () => {
    const folder = await startFolder()
    await startLock(folder)
    const moved = join(await startFolder(), 'moved')
    await rename(folder, moved)
    await expect(lockFolder(moved)).rejects.toEqual(OWNED)
    const copy = join(await startFolder(), 'copy')
    expect(spawnSync('cp', ['-R', '-P', moved, copy]).status).toBe(0)
    expect(await claimsIn(copy)).toHaveLength(1)
    await startLock(copy)
    await expect(lockFolder(moved)).rejects.toEqual(OWNED)
  })

  test('is exactly one of twenty that start at once, on what a killed one left', async () => {
    const folder = await startFolder()
    const killed = startChild('test/store/open-child.ts', ['hold', folder])
    await killed.line((line) => line.includes('store.opened'))
    killed.process.kill('SIGKILL')
    await killed.ended()
    for (let round = 0; round < 10; round++) {
      const attempts = await Promise.allSettled(
        // On a busy machine twenty take longer to withdraw than an owner may take to answer.
        Array.from({ length: 20 }, () => lockFolder(folder, { answerMs: 20_000 })),
      )
      const won = attempts.filter((attempt) => attempt.status === 'fulfilled')
      const lost = attempts.filter((attempt) => attempt.status === 'rejected')
      expect(won).toHaveLength(1)
      for (const { reason } of lost) expect(reason).toEqual(OWNED)
      expect(await claimsIn(folder)).toHaveLength(1)
      // On some rounds the next ones start while this one leaves.
      if (round % 2 === 0) await won[0]?.value.release()
      else {
        const leaving = won[0]?.value.release()
        const late = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
        await leaving
        const lateWinners = late.filter((attempt) => attempt.status === 'fulfilled')
        expect(lateWinners.length).toBeLessThanOrEqual(1)
        for (const { value } of lateWinners) await value.release()
      }
    }
    expect(await claimsIn(folder)).toEqual([])
  })

  test('is exactly one of six processes that start at once, and killing it frees the folder', async () => {
    const folder = await startFolder()
    const children = Array.from({ length: 6 }, () =>
      startChild('test/store/open-child.ts', ['on-signal', 'hold', folder]),
    )
    await Promise.all(children.map((child) => child.line((line) => line === 'waiting')))
    for (const child of children) child.process.kill('SIGUSR2')
    const answers = await Promise.all(
      children.map((child) => child.line((line) => line.startsWith('{'))),
    )
    const owner = answers.findIndex((line) => line.includes('store.opened'))
    expect(answers.filter((line) => line.includes('store.opened'))).toHaveLength(1)
    expect(answers.filter((line) => line.includes('"fault":"owned"'))).toHaveLength(5)

    await expect(lockFolder(folder)).rejects.toEqual(OWNED)
    children[owner]?.process.kill('SIGKILL')
    await children[owner]?.ended()
    await startLock(folder)
  })

  test('is not taken for dead when it is stopped, nor waited for longer than told', async () => {
    const folder = await startFolder()
    const child = startChild('test/store/open-child.ts', ['hold', folder])
    await child.line((line) => line.includes('store.opened'))
    child.process.kill('SIGSTOP')
    await expect(lockFolder(folder, { answerMs: 50 })).rejects.toEqual(OWNED)
    await expect(connectToOwner(folder, { answerMs: 50 })).rejects.toEqual(OWNED)
    child.process.kill('SIGKILL')
    await child.ended()
    await startLock(folder)
  })

  test('is let go by its lock: a process with nothing else to do ends', async () => {
    const folder = await startFolder()
    const child = startChild('test/store/open-child.ts', ['leave', folder])
    expect(await child.ended()).toEqual({ code: 0, signal: null })
    expect(child.lines).toEqual(['{"kind":"store.opened","setAside":[]}'])
    await startLock(folder)
  })

  test('is not prevented by claims that are none', async () => {
    const folder = await startFolder()
    await writeFile(join(folder, '.owner-0123456789abcdef'), 'a file')
    await symlink('/nowhere', join(folder, '.owner-0000000000000000'))
    await symlink('/nowhere', join(folder, '.owner-too-short'))
    await startLock(folder)
    expect(await connectToOwner(folder)).toBeDefined()
  })
})

describe('a connection to the owner', () => {
  test('goes both ways behind the greeting, and ends with the lock', async () => {
    const folder = await startFolder()
    const met: Socket[] = []
    const lock = await startLock(folder, {
      onConnection(socket) {
        met.push(socket)
        socket.write('hello, ')
        socket.once('data', (word) => socket.write(word))
      },
    })
    const socket = await connectToOwner(folder)
    if (socket === undefined) throw new Error('the owner was not found')
    socket.write('you')
    const heard = new Promise<string>((resolve) => {
      let words = ''
      socket.setEncoding('utf8').on('data', (word: string) => {
        words += word
        if (words.length === 10) resolve(words)
      })
    })
    expect(await heard).toBe('hello, you')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await lock.release()
    await closed
    expect(met).toHaveLength(1)
    expect(await connectToOwner(folder)).toBeUndefined()
  })

  test('is closed behind the greeting by an owner that expects none', async () => {
    const folder = await startFolder()
    await startLock(folder)
    const socket = await connectToOwner(folder)
    if (socket === undefined) throw new Error('the owner was not found')
    expect(await textOf(socket)).toBe('')
  })

  test('is undefined where nobody is, and where the owner was killed', async () => {
    const folder = await startFolder()
    expect(await connectToOwner(folder)).toBeUndefined()
    const child = startChild('test/store/open-child.ts', ['hold', folder])
    await child.line((line) => line.includes('store.opened'))
    const socket = await connectToOwner(folder)
    expect(socket).toBeDefined()
    socket?.destroy()
    child.process.kill('SIGKILL')
    await child.ended()
    expect(await claimsIn(folder)).toHaveLength(1)
    expect(await connectToOwner(folder)).toBeUndefined()
  })
})

describe('the run folder, for a data folder with a long path,', () => {
  const startLongFolder = async () => {
    const folder = join(await startFolder(), 'x'.repeat(90))
    await mkdir(folder)
    return folder
  }
  const socketOf = async (folder: string) => {
    const lock = await startLock(folder)
    const [claim = ''] = await claimsIn(folder)
    const path = await readlink(join(folder, claim))
    await lock.release()
    return path
  }

  test('is XDG_RUNTIME_DIR where it can be used, and may differ between starters', async () => {
    const [folder, runtime] = [await startLongFolder(), await startFolder()]
    vi.stubEnv('XDG_RUNTIME_DIR', runtime)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(dirname(await socketOf(folder))).toBe(join(runtime, 'peerloom'))
    await startLock(folder)
    vi.stubEnv('XDG_RUNTIME_DIR', await startFolder())
    await expect(lockFolder(folder)).rejects.toEqual(OWNED)
  })

  test.each([
    ['is too long', async (runtime: string) => join(runtime, 'x'.repeat(80))],
    [
      'others may enter',
      async (runtime: string) => {
        await mkdir(join(runtime, 'peerloom'))
        await chmod(join(runtime, 'peerloom'), 0o755)
        return runtime
      },
    ],
    [
      'is a link',
      async (runtime: string) => {
        await mkdir(join(runtime, 'elsewhere'), { mode: 0o700 })
        await symlink(join(runtime, 'elsewhere'), join(runtime, 'peerloom'))
        return runtime
      },
    ],
  ])('is another one where it %s', async (_, make) => {
    const [folder, runtime] = [await startLongFolder(), await startFolder()]
    vi.stubEnv('XDG_RUNTIME_DIR', await make(runtime))
    onTestFinished(() => void vi.unstubAllEnvs())
    const path = await socketOf(folder)
    expect(path.startsWith(runtime)).toBe(false)
    expect(Buffer.byteLength(path)).toBeLessThan(100)
  })
})
