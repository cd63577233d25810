import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test } from 'vitest'
import { fixedReads, fixedReadsOf } from '../../transport/fixed-reads.ts'

/** Both ends of one connection, each with what it read: its bytes, and the memory in which they lay. */
async function startEnds() {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dialledReads = fixedReads()
  const dialled = connect({ host: '127.0.0.1', port, onread: dialledReads.onread })
  const [[accepted]] = (await Promise.all([
    once(server, 'connection'),
    once(dialled, 'connect'),
  ])) as [[Socket], unknown]
  const acceptedReads = fixedReadsOf(accepted)
  return {
    dialled: { socket: dialled, reads: dialledReads },
    accepted: { socket: accepted, reads: acceptedReads },
    stop() {
      dialled.destroy()
      accepted.destroy()
      server.close()
    },
  }
}

test('both ends of a connection read into the same memory, one read at a time', async () => {
  const { accepted, dialled, stop } = await startEnds()
  const memory = new Set<ArrayBufferLike>()
  const heard: string[] = []
  const both = new Promise<void>((resolve) => {
    for (const [name, { reads, socket }] of Object.entries({ accepted, dialled })) {
      // Without it this Node has no place for fixed memory in an accepted socket.
      expect(reads).toBeDefined()
      reads?.hear((bytes) => {
        memory.add(bytes.buffer)
        heard.push(`${name} ${new TextDecoder().decode(bytes)}`)
        if (heard.length === 2) resolve()
      })
      socket.resume()
    }
  })
  accepted.socket.write('to the dialler')
  dialled.socket.write('to the listener')
  await both
  expect(heard.toSorted()).toEqual(['accepted to the listener', 'dialled to the dialler'])
  expect(memory.size).toBe(1)
  stop()
})

test('a socket that is paused is not read, one that ends says so, and one let go tells nobody', async () => {
  const { accepted, dialled, stop } = await startEnds()
  let heardBytes = 0
  accepted.reads?.hear((bytes) => (heardBytes += bytes.length))
  dialled.socket.write(new Uint8Array(100_000))
  await new Promise((resolve) => setImmediate(resolve))
  expect(heardBytes).toBe(0)
  dialled.socket.end()
  accepted.socket.resume()
  await once(accepted.socket, 'end')
  expect(heardBytes).toBe(100_000)

  dialled.reads.hear(() => (heardBytes = -1))
  dialled.reads.release()
  dialled.socket.resume()
  accepted.socket.end('to nobody')
  await once(dialled.socket, 'end')
  expect(heardBytes).toBe(100_000)
  stop()
})
