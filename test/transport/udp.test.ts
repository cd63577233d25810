import { expect, onTestFinished, test } from 'vitest'
import { startDatagrams } from '../../testing/transport-handle.ts'
import { tcp } from '../../transport/tcp.ts'
import { udp } from '../../transport/udp.ts'
import type { UdpOptions } from '../../transport/udp.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { platformUntil, startedStreams, turn } from './support.ts'

async function startBound(host: string, port = 0, options: UdpOptions = {}) {
  const handle = startDatagrams(udp(options))
  onTestFinished(() => handle.close())
  handle.datagrams.bind(1, { host, port })
  await platformUntil(() => handle.told(1).length > 0, 'the answer to bind')
  const [answer] = handle.told(1)
  const address: SocketAddress | undefined =
    answer?.kind === 'datagrams.bound' ? answer.address : undefined
  return { ...handle, answer, address }
}

test('shares a port with TCP', async () => {
  const streams = startedStreams(tcp())
  // Another process may have the UDP port of the same number; then the next TCP port is tried.
  for (let listener = 1; listener < 20; listener++) {
    streams.streams.listen(listener, { host: '127.0.0.1', port: 0 })
    await platformUntil(() => streams.toldOfListener(listener).length > 0, 'the answer to listen')
    const [listening] = streams.toldOfListener(listener)
    if (listening?.kind !== 'listener.listening') continue
    const { address } = await startBound('127.0.0.1', listening.address.port)
    if (address === undefined) continue
    expect(address).toEqual(listening.address)
    return
  }
  expect.unreachable('twenty ports were taken')
})

test('reaches IPv4 and prints it as IPv4, from a socket for both families', async () => {
  const both = await startBound('::')
  const other = await startBound('127.0.0.1')
  if (both.address === undefined || other.address === undefined) throw new Error('not bound')
  both.datagrams.send(1, other.address, Uint8Array.of(1))
  await platformUntil(() => other.told(1).length > 1, 'the datagram')
  const from = { host: '127.0.0.1', port: both.address.port }
  expect(other.told(1).at(-1)).toMatchObject({ kind: 'datagrams.received', from })

  other.datagrams.send(1, from, Uint8Array.of(2))
  await platformUntil(() => both.told(1).length > 1, 'the answer')
  expect(both.told(1).at(-1)).toMatchObject({ from: other.address, bytes: Uint8Array.of(2) })
})

test('loses what is sent before the socket is bound', async () => {
  const other = await startBound('127.0.0.1')
  if (other.address === undefined) throw new Error('not bound')
  const handle = startDatagrams(udp())
  onTestFinished(() => handle.close())
  handle.datagrams.bind(1, { host: '127.0.0.1', port: 0 })
  handle.datagrams.send(1, other.address, Uint8Array.of(1))
  await platformUntil(() => handle.told(1).length > 0, 'the answer to bind')
  handle.datagrams.send(1, other.address, Uint8Array.of(2))
  await platformUntil(() => other.told(1).length > 1, 'a datagram')
  await turn()
  expect(other.told(1).slice(1)).toMatchObject([{ bytes: Uint8Array.of(2) }])
})
