/**
 * The owner's side of the control socket: one request a connection, a deadline for all of it, and a
 * sentence for whatever is no request. It knows no node; who answers is handed in.
 * @module
 */
import type { Socket } from 'node:net'
import { CONTROL_LINE_BYTES_MAX, CONTROL_MS, CONTROL_SOCKETS_MAX } from './protocol.ts'
import { decodeRequest } from './protocol.ts'
import type { ControlRequest, LastLine, Refusal, Row } from './protocol.ts'
import { createLineReader } from './line-reader.ts'

/** Answers within the call. */
export type Answer = (request: ControlRequest) => { readonly rows: readonly Row[] } | Refusal

const usage = (error: string): Refusal => ({ error, usage: true })

/** @returns what takes a connection to the owner, greeted already. */
export function createControlServer(answer: Answer): (socket: Socket) => void {
  let open = 0

  return (socket) => {
    open++
    // All waits of this connection: for the request, for room to write, for the other side to leave.
    const deadline = setTimeout(() => socket.destroy(), CONTROL_MS)
    socket.once('close', () => {
      open--
      clearTimeout(deadline)
    })
    if (open > CONTROL_SOCKETS_MAX) {
      finish(socket, { error: 'too many ask this node at once', usage: false })
      socket.resume()
      return
    }
    const reader = createLineReader(CONTROL_LINE_BYTES_MAX)
    let isAnswered = false
    // What comes behind the request is read and forgotten: a socket that is closed over unread bytes
    // takes the answer with it.
    socket.on('data', (chunk: Uint8Array) => {
      if (isAnswered) return
      const lines = reader.push(chunk)
      if (lines.length === 0) return
      isAnswered = true
      if (lines === 'too-long') {
        const limit = String(CONTROL_LINE_BYTES_MAX)
        finish(socket, usage(`a request has at most ${limit} bytes`))
        return
      }
      const request = decodeRequest(lines[0] ?? new Uint8Array())
      if (request === undefined) {
        finish(socket, usage('this is no request'))
        return
      }
      const result = answer(request)
      if ('error' in result) finish(socket, result)
      else writeRows(socket, result.rows)
    })
  }
}

const finish = (socket: Socket, last: LastLine): void => {
  socket.end(`${JSON.stringify(last)}\n`)
}

/** Only as fast as they are read. A reader that stops meets the connection's deadline. */
function writeRows(socket: Socket, rows: readonly Row[]): void {
  let next = 0
  const go = (): void => {
    for (const row of rows.slice(next)) {
      next++
      if (socket.write(`${JSON.stringify(row)}\n`)) continue
      socket.once('drain', go)
      return
    }
    finish(socket, { done: rows.length })
  }
  go()
}
