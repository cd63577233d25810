import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import type { Protocol, ProtocolTypes, SupervisorEvent } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { within } from '../../testing/suite.ts'
import { tcp } from '../../transport/tcp.ts'
import { plain } from '../contracts/fits/plain.ts'
import { NOTHING_HELD } from '../support/nodes.ts'

const key = (byte: number) => new Uint8Array(32).fill(byte)
const nativeOf = (byte: number) => native({ network: 'test/one', privateKey: key(byte) })

const STRANGERS: readonly (readonly [name: string, bytes: Uint8Array | string])[] = [
  ['an HTTP request', 'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'],
  ['a TLS hello', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...key(7), 32, ...key(9))],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
  ['a length of 2^32-1', Uint8Array.of(255, 255, 255, 255, 1, 2, 3, 4)],
]

/** A node over real sockets, and an honest peer of it. */
async function startPair<T extends ProtocolTypes>(make: (byte: number) => Protocol<T>) {
  const [one, other] = [1, 2].map((byte) =>
    createSupervisor({
      name: `node ${String(byte)}`,
      protocol: make(byte),
      transport: tcp(),
      listen: ['127.0.0.1:0'],
    }),
  )
  if (one === undefined || other === undefined) throw new Error('there are two')
  const events: SupervisorEvent[] = []
  one.events.subscribe((event) => events.push(event))
  await one.start()
  await other.start()
  const port = one.listening[0]?.port ?? 0
  const identity = make(1).identity
  const host = `127.0.0.1:${String(port)}`
  await other.connect(identity === undefined ? host : `node://${identity}@${host}`)
  return { one, other, port, events }
}

const starts = {
  native: () => startPair(nativeOf),
  plain: () => startPair(() => plain()),
}

describe.each(['native', 'plain'] as const)('over sockets a node of %s', (name) => {
  test.each(STRANGERS)(
    'ends %s with a reason, and its peer notices nothing',
    async (what, bytes) => {
      const { events, one, other, port } = await starts[name]()
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(bytes)
      socket.resume()
      await within(once(socket, 'close'), `the end of ${what}`)
      await one.stop()
      const [closed] = events.flatMap((event) =>
        event.type === 'connection.closed' ? [event] : [],
      )
      expect(closed).toMatchObject({ reason: 'peer-fault', phase: 'handshaking' })
      expect(events.filter(({ type }) => type === 'fault')).toEqual([])
      const ofPeer = events.filter(({ type }) => type === 'connection.closed')
      expect(ofPeer.at(-1)).toMatchObject({ reason: 'shutdown' })
      await other.stop()
      expect(one.audit()).toMatchObject(NOTHING_HELD)
    },
  )
})
