/**
 * Asks the running owner of a data folder.
 * @module
 */
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { connectToOwner } from '../../store/folder-lock.ts'
import { StoreError } from '../../world/store.ts'
import { CommandFault } from '../command-fault.ts'
import { createLineReader } from './line-reader.ts'
import { CONTROL_LINE_BYTES_MAX, CONTROL_MS, decodeAnswer } from './protocol.ts'
import type { ControlRequest, Row } from './protocol.ts'

/** Above all that a node remembers: 20,000 peers, 10,000 bans and the connections. */
const ROWS_MAX = 100_000

/**
 * The rows of the answer; undefined where nobody owns the folder.
 * @throws {CommandFault} there is no such folder, or the owner refuses or does not answer
 */
export async function askNode(
  folder: string,
  request: ControlRequest,
): Promise<readonly Row[] | undefined> {
  await checkFolder(folder)
  const socket = await socketOf(folder)
  return socket === undefined ? undefined : exchange(socket, request)
}

/** @throws {CommandFault} the owner does not answer */
export async function hasOwner(folder: string): Promise<boolean> {
  const socket = await socketOf(folder)
  socket?.destroy()
  return socket !== undefined
}

async function socketOf(folder: string): Promise<Socket | undefined> {
  try {
    return await connectToOwner(folder)
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    const sentence =
      cause.fault === 'owned' ? `the owner of ${folder} does not answer` : cause.message
    throw new CommandFault(1, sentence, { cause })
  }
}

async function checkFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return
  } catch (cause) {
    throw new CommandFault(2, `there is no data folder ${folder}`, { cause })
  }
  throw new CommandFault(2, `${folder} is no folder`)
}

function exchange(socket: Socket, request: ControlRequest): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    const rows: Row[] = []
    const reader = createLineReader(CONTROL_LINE_BYTES_MAX)
    const deadline = setTimeout(() => {
      fail(new CommandFault(1, `the node did not answer within ${String(CONTROL_MS / 1_000)} s`))
    }, CONTROL_MS)

    const done = (): void => {
      clearTimeout(deadline)
      socket.destroy()
    }
    const fail = (fault: CommandFault): void => {
      done()
      reject(fault)
    }

    /** True: nothing more is to be read. */
    const take = (line: Uint8Array): boolean => {
      const answer = decodeAnswer(line)
      if (answer === undefined || rows.length === ROWS_MAX) {
        fail(new CommandFault(1, 'the node gave an answer that cannot be read'))
        return true
      }
      if ('row' in answer) {
        rows.push(answer.row)
        return false
      }
      const { last } = answer
      if ('error' in last) fail(new CommandFault(last.usage ? 2 : 1, last.error))
      else if (last.done !== rows.length) {
        fail(new CommandFault(1, 'a part of the answer of the node is missing'))
      } else {
        done()
        resolve(rows)
      }
      return true
    }

    socket.on('data', (chunk: Uint8Array) => {
      const lines = reader.push(chunk)
      if (lines === 'too-long') {
        fail(new CommandFault(1, 'the node gave an answer that cannot be read'))
        return
      }
      for (const line of lines) if (take(line)) return
    })
    // After an answer this finds nobody waiting.
    socket.once('close', () => {
      fail(new CommandFault(1, 'the node left without an answer'))
    })
    socket.write(`${JSON.stringify(request)}\n`)
  })
}
