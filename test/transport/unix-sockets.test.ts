import { createServer } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { socks5 } from '../../transport/socks5.ts'
import { tcp } from '../../transport/tcp.ts'
import { isSocketPath, unixSockets } from '../../transport/unix-sockets.ts'
import { startDoor } from '../support/socks-door.ts'
import { startSocksRelay } from '../support/socks-relay.ts'
import { platformUntil, startedStreams, turn } from './support.ts'

function startPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-test-unix-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'socket')
}

describe('a Unix socket', () => {
  test('is dialled by its path, and carries both ways to the end', async () => {
    const path = startPath()
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => {
      server.close()
    })
    const { streams, ...handle } = startedStreams(unixSockets())
    streams.open(2, { host: path, port: 7 })
    await platformUntil(() => handle.told(2).length > 0, 'the stream')
    expect(handle.told(2)).toMatchObject([
      { kind: 'stream.opened', remote: { host: path, port: 0 } },
    ])
    streams.resume(2)
    streams.write(2, Uint8Array.of(1, 2, 3))
    streams.end(2)
    await platformUntil(() => handle.has(2, 'stream.ended'), 'the end')
    expect([...handle.received(2)]).toEqual([1, 2, 3])
    await platformUntil(() => streams.held().streams === 0, 'release')
  })

  test('that is none fails, and one where nobody listens', async () => {
    const { streams, told } = startedStreams(unixSockets())
    streams.open(2, { host: 'relative', port: 0 })
    streams.open(4, { host: startPath(), port: 0 })
    streams.open(6, { host: '127.0.0.1', port: 1 })
    streams.destroy(6)
    await platformUntil(() => told(2).length > 0 && told(4).length > 0, 'the answers')
    expect(told(2)).toEqual([{ kind: 'stream.failed', stream: 2, fault: 'bad-address' }])
    expect(told(4)).toMatchObject([{ kind: 'stream.failed' }])
    await turn()
    expect(told(6)).toEqual([])
  })

  test('is not listened on', async () => {
    const { streams, toldOfListener } = startedStreams(unixSockets())
    streams.listen(1, { host: startPath(), port: 0 })
    streams.listen(2, { host: startPath(), port: 0 })
    streams.unlisten(2)
    await platformUntil(() => toldOfListener(1).length > 0, 'the answer')
    expect(toldOfListener(1)).toMatchObject([{ kind: 'listener.failed', fault: 'bad-address' }])
    await turn()
    expect(toldOfListener(2)).toEqual([])
  })

  test('has an absolute path that every system holds', () => {
    expect(isSocketPath(`/${'x'.repeat(102)}`)).toBe(true)
    for (const path of ['', 'x', './x', '/a\0b', `/${'x'.repeat(103)}`, `/${'ä'.repeat(52)}`]) {
      expect(isSocketPath(path)).toBe(false)
    }
  })
})

test('feature_proxy: unix sockets', async () => {
  const relay = startSocksRelay({ streams: tcp(), host: '127.0.0.1' })
  onTestFinished(() => relay.close())
  await platformUntil(() => relay.address() !== undefined, 'the proxy to listen')
  const path = startPath()
  await startDoor(path, relay.address()?.port ?? 0)
  const listener = startedStreams(tcp())
  listener.streams.listen(1, { host: '127.0.0.1', port: 0 })
  await platformUntil(() => listener.toldOfListener(1).length > 0, 'the listener')
  const [listening] = listener.toldOfListener(1)
  if (listening?.kind !== 'listener.listening') throw new Error('it does not listen')
  const dialler = startedStreams(socks5({ over: tcp(), ways: { otherwise: { at: { path } } } }))
  dialler.streams.open(2, listening.address)
  const isUp = (): boolean =>
    dialler.has(2, 'stream.opened') && listener.toldOfListener(1).length === 2
  await platformUntil(isUp, 'the stream')
  expect(dialler.streams.held()).toEqual({ streams: 1, listeners: 0 })
  expect(dialler.told(2)).toMatchObject([{ remote: listening.address }])
  dialler.streams.resume(2)
  listener.streams.write(1, Uint8Array.of(7))
  await platformUntil(() => dialler.receivedBytes(2) === 1, 'the byte')

  const away = socks5({ over: tcp(), ways: { otherwise: { at: { path: startPath() } } } })
  const nobody = startedStreams(away)
  nobody.streams.open(2, listening.address)
  await platformUntil(() => nobody.has(2, 'stream.failed'), 'the fault')
  expect(nobody.told(2)).toMatchObject([{ fault: 'proxy-failed' }])
  expect(() => socks5({ over: tcp(), ways: { onion: { at: { path: 'x' } } } })).toThrow(/absolute/)
})
