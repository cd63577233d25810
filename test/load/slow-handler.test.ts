import { expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { tcp } from '../../transport/tcp.ts'
import { plain } from '../contracts/fits/plain.ts'

const MEBIBYTE = 1024 * 1024
const BLOB_BYTES = 64 * 1024
/** 128 MB: several times what a system keeps for one connection (`tcp_rmem` and `tcp_wmem` of Linux). */
const MESSAGES = 2_000

test('over sockets a slow handler stops its sender, within the bound, and catches up', async () => {
  const [slow, sender] = ['slow', 'sender'].map((name) =>
    createSupervisor({
      name,
      protocol: plain(),
      transport: tcp(),
      listen: ['127.0.0.1:0'],
    }),
  )
  if (slow === undefined || sender === undefined) throw new Error('there are two')
  await slow.start()
  await sender.start()
  const held: (() => void)[] = []
  let handled = 0
  let isOpen = false
  let wake: (() => void) | undefined
  slow.handle('blob', () => {
    handled++
    wake?.()
    return isOpen ? Promise.resolve() : new Promise((resolve) => held.push(resolve))
  })
  const name = await sender.connect(`127.0.0.1:${String(slow.listening[0]?.port ?? 0)}`)

  let sent = 0
  const pour = (): void => {
    while (sent < MESSAGES) {
      const payload = new Uint8Array(BLOB_BYTES)
      if (sender.send(name, { type: 'blob', payload }) !== 'queued') return
      sent++
    }
  }
  // Each time there is room it is filled, until there is none any more for as long as it takes the
  // transport to be asked again. The far side has stopped reading.
  const fill = async (): Promise<void> => {
    for (;;) {
      pour()
      const isRoom = await sender.room(name, { timeoutMs: 500 }).then(
        () => true,
        () => false,
      )
      if (!isRoom || sent === MESSAGES) return
    }
  }
  await fill()
  expect(sent).toBeLessThan(MESSAGES)
  expect(slow.audit().creditBytes).toBeLessThanOrEqual(8 * MEBIBYTE + BLOB_BYTES)
  expect(slow.connections().map(({ phase }) => phase)).toEqual(['active'])

  isOpen = true
  for (const settle of held.splice(0)) settle()
  while (handled < MESSAGES) {
    pour()
    if (sent < MESSAGES) await sender.room(name)
    else if (handled < MESSAGES) await new Promise<void>((resolve) => (wake = resolve))
  }
  expect(handled).toBe(MESSAGES)
  await sender.stop()
  await slow.stop()
  expect(slow.audit()).toMatchObject({ creditBytes: 0, handled: 0, streams: 0 })
})
