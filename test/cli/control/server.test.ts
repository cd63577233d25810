import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CONTROL_MS } from '../../../cli/control/protocol.ts'
import type { Row } from '../../../cli/control/protocol.ts'
import { createControlServer } from '../../../cli/control/server.ts'
import type { Answer } from '../../../cli/control/server.ts'
import { within } from '../../../testing/suite.ts'

/** A connection to a control server that answers so; `onGone` is told when the server is done with it. */
async function startControl(answer: Answer, onGone?: () => void): Promise<Socket> {
  const serve = createControlServer(answer)
  const server = createServer((socket) => {
    if (onGone !== undefined) socket.once('close', onGone)
    serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  onTestFinished(() => {
    socket.destroy()
    server.close()
  })
  return socket
}

describe('the control socket', () => {
  test('gives an answer of many rows to a reader that comes late, whole and in order', async () => {
    const rows: Row[] = Array.from({ length: 30_000 }, (_, number) => ({
      ...{ event: 'peer', number },
      peer: 'ab'.repeat(32),
    }))
    const socket = await startControl(() => ({ rows }))
    socket.write('{"ask":"peers"}\n')
    // It reads only once more has come than the system holds for it.
    await once(socket, 'readable')
    let text = ''
    const closed = once(socket.setEncoding('utf8'), 'end')
    socket.on('data', (part: string) => (text += part))
    await within(closed, 'the answer')
    const lines = text.trim().split('\n')
    expect(lines.pop()).toBe('{"done":30000}')
    expect(lines.map((line) => (JSON.parse(line) as Row)['number'])).toEqual(
      rows.map(({ number }) => number),
    )
  })

  test.each([
    ['asks nothing', ''],
    ['does not end its line', '{"ask":'],
  ])('leaves whoever %s when the time is up', async (_, words) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const socket = await startControl(() => ({ rows: [] }))
    // Words that nobody has read yet make the end a reset.
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.resume().once('close', resolve))
    if (words !== '') await new Promise((sent) => socket.write(words, sent))
    // The server has it once it has set its deadline.
    while (vi.getTimerCount() === 0) await new Promise((turn) => setImmediate(turn))
    vi.advanceTimersByTime(CONTROL_MS - 1)
    expect(socket.closed).toBe(false)
    vi.advanceTimersByTime(1)
    await within(closed, 'the server to leave')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('hands on what is refused, and asks once a connection', async () => {
    let asked = 0
    let gone: (() => void) | undefined
    const served = new Promise<void>((resolve) => (gone = resolve))
    const socket = await startControl(
      () => {
        asked++
        return { error: 'not now', usage: false }
      },
      () => gone?.(),
    )
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
      socket.write('{"ask":"peers"}\n')
    })
    socket.write('{"ask":"peers"}\n')
    await within(served, 'the server to have read all')
    expect(text).toBe('{"error":"not now","usage":false}\n')
    expect(asked).toBe(1)
  })
})
