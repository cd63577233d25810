/**
 * A request at a data folder: to the node that owns it, or to its store where no node does.
 * @module
 */
import { encodeUtf8 } from '../../codec/bytes.ts'
import { CommandFault } from '../command-fault.ts'
import { askNode } from './client.ts'
import { decodeRequest } from './protocol.ts'
import type { ControlRequest, Row } from './protocol.ts'
import { answerFromStore } from './stored-bans.ts'

export interface Asked {
  readonly rows: readonly Row[]
  /** Whether a node runs on the folder, and answered. */
  readonly running: boolean
}

/** A node may start between the two looks, and then answers at the next one. */
const ATTEMPTS_MAX = 3

/** @throws {CommandFault} */
export async function ask(folder: string, request: ControlRequest): Promise<Asked> {
  if (decodeRequest(encodeUtf8(JSON.stringify(request))) === undefined) {
    throw new CommandFault(2, 'the subject or the reason is empty or too long')
  }
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const answered = await askNode(folder, request)
    if (answered !== undefined) return { rows: answered, running: true }
    const stored = await answerFromStore(folder, request)
    if (stored !== undefined) return { rows: stored, running: false }
  }
  throw new CommandFault(1, `others use the data folder ${folder} all the time`)
}
