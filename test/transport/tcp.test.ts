import { connect } from 'node:net'
import { markAsUntransferable } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { discard, startTcpStream } from '../../transport/tcp-stream.ts'
import { tcp } from '../../transport/tcp.ts'
import type { SocketAddress, Streams } from '../../world/streams.ts'
import { startChild } from '../support/child.ts'
import { platformUntil, startedStreams, turn } from './support.ts'

/** Many writes of one turn, and more than a socket takes at once. */
const MEBIBYTE = 1_024 * 1_024

async function startListening(streams: Streams, host = '127.0.0.1') {
  const handle = startedStreams(streams)
  handle.streams.listen(1, { host, port: 0 })
  await platformUntil(() => handle.inputs.length > 0, 'the answer to listen')
  const [answer] = handle.inputs
  if (answer?.kind !== 'listener.listening') throw new Error(`not listening: ${answer?.kind}`)
  return { ...handle, address: answer.address }
}

async function startPair() {
  const listener = await startListening(tcp())
  const dialler = startedStreams(tcp())
  dialler.streams.open(2, listener.address)
  await platformUntil(() => dialler.has(2, 'stream.opened'), 'the stream')
  await platformUntil(() => listener.inputs.length > 1, 'the accepted stream')
  return { dialler, listener }
}

test('prints an IPv4 peer as IPv4 on a listener for both families', async () => {
  const listener = await startListening(tcp(), '::')
  const dialler = startedStreams(tcp())
  dialler.streams.open(2, { host: '127.0.0.1', port: listener.address.port })
  await platformUntil(() => listener.inputs.length > 1, 'the accepted stream')
  expect(listener.inputs.at(-1)).toMatchObject({
    local: { host: '127.0.0.1', port: listener.address.port },
    remote: { host: '127.0.0.1' },
  })
})

test('leaves IPv4 to another listener on the same port where that is asked for', async () => {
  const both = await startListening(tcp({ ipv6Only: true }), '::')
  both.streams.listen(2, { host: '0.0.0.0', port: both.address.port })
  await platformUntil(() => both.toldOfListener(2).length > 0, 'the answer to listen')
  expect(both.toldOfListener(2)).toEqual([
    {
      kind: 'listener.listening',
      listener: 2,
      address: { host: '0.0.0.0', port: both.address.port },
    },
  ])
})

test('dials an address in any of its spellings', async () => {
  const listener = await startListening(tcp(), '::1')
  const dialler = startedStreams(tcp())
  dialler.streams.open(2, { host: '0:0:0:0:0:0:0:1', port: listener.address.port })
  await platformUntil(() => dialler.told(2).length > 0, 'the stream')
  expect(dialler.told(2)).toMatchObject([{ kind: 'stream.opened', remote: { host: '::1' } }])
})

test('dials from the address that it is told to', async () => {
  const listener = await startListening(tcp(), '::')
  const dialler = startedStreams(tcp({ dialFrom: '127.0.0.1' }))
  dialler.streams.open(2, { host: '127.0.0.1', port: listener.address.port })
  await platformUntil(() => dialler.told(2).length > 0, 'the stream')
  expect(dialler.told(2)).toMatchObject([{ kind: 'stream.opened', local: { host: '127.0.0.1' } }])
  const elsewhere = startedStreams(tcp({ dialFrom: '192.0.2.1' }))
  elsewhere.streams.open(2, { host: '127.0.0.1', port: listener.address.port })
  await platformUntil(() => elsewhere.told(2).length > 0, 'the answer')
  expect(elsewhere.told(2)).toMatchObject([{ kind: 'stream.failed' }])
})

test('refuses to dial from what is no address, where that is asked for', () => {
  for (const dialFrom of ['localhost', 'eth0', '[::1]', '']) {
    expect(() => tcp({ dialFrom })).toThrow(RangeError)
  }
})

test.each(['connects', 'has just been ended'])(
  'a socket that %s is closed at once, also where others are reset',
  async (state) => {
    const { address } = await startListening(tcp())
    const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true })
    let isClosed = false
    socket.on('close', () => (isClosed = true))
    if (state === 'has just been ended') {
      await platformUntil(() => !socket.connecting, 'the stream')
      socket.end()
    }
    discard(socket, { resets: true })
    expect(socket.destroyed).toBe(true)
    await platformUntil(() => isClosed, 'its end')
  },
)

test.each([
  [false, { kind: 'stream.ended', stream: 1 }],
  [true, { kind: 'stream.failed', stream: 1, fault: 'reset' }],
])(
  'a stream that is destroyed ends, or breaks where that is asked for: %s',
  async (resets, end) => {
    const listener = await startListening(tcp())
    const dialler = startedStreams(tcp({ resetsOnDestroy: resets }))
    dialler.streams.open(2, listener.address)
    await platformUntil(() => listener.inputs.length > 1, 'the accepted stream')
    await platformUntil(() => dialler.has(2, 'stream.opened'), 'the stream')
    listener.streams.resume(1)
    dialler.streams.destroy(2)
    await platformUntil(() => listener.inputs.length > 2, 'its end')
    expect(listener.inputs[2]).toEqual(end)
  },
)

test('reports the writes of one turn once', async () => {
  const { dialler, listener } = await startPair()
  listener.streams.resume(1)
  for (let count = 0; count < 50; count++) dialler.streams.write(2, new Uint8Array(100))
  await platformUntil(() => dialler.sentBytes(2) === 5_000, 'the total')
  expect(dialler.told(2).filter(({ kind }) => kind === 'stream.sent')).toHaveLength(1)
})

test('gives back what was written in pieces once it has left, and nothing else', async () => {
  const { dialler, listener } = await startPair()
  const filled = (bytes: number, value: number) => new Uint8Array(bytes).fill(value)
  // More than a socket takes at once, and small ones between them.
  const sole = [filled(4, 1), filled(65_536, 2), filled(16, 3), filled(32 * MEBIBYTE, 4)]
  const [ours, part] = [filled(65_536, 5), filled(65_537, 6)]
  const sent = Buffer.concat([...sole, ours, part.subarray(1)])
  dialler.streams.writePieces?.(2, sole)
  dialler.streams.write(2, ours)
  dialler.streams.writePieces?.(2, [part.subarray(1)])
  // Nobody reads: what the system has not taken is still there.
  await platformUntil(() => dialler.sentBytes(2) > 0, 'a first part')
  expect(sole[3]).toHaveLength(32 * MEBIBYTE)
  listener.streams.resume(1)
  await platformUntil(() => dialler.sentBytes(2) === sent.length, 'the total')
  expect(sole.map(({ length }) => length)).toEqual([4, 0, 16, 0])
  expect([ours.length, part.length]).toEqual([65_536, 65_537])
  await platformUntil(() => listener.received(1).length === sent.length, 'all of it')
  expect(Buffer.compare(listener.received(1), sent)).toBe(0)
})

test('sends and leaves alone what may not be taken away', async () => {
  const { dialler, listener } = await startPair()
  listener.streams.resume(1)
  const marked = new Uint8Array(65_536).fill(1)
  const pieces = [marked, new Uint8Array(65_536).fill(2)]
  markAsUntransferable(marked.buffer)
  dialler.streams.writePieces?.(2, pieces)
  await platformUntil(() => dialler.sentBytes(2) === 131_072, 'the total')
  await platformUntil(() => listener.received(1).length === 131_072, 'all of it')
  expect(pieces.map(({ length }) => length)).toEqual([65_536, 0])
})

test('gives back nothing of a stream that was destroyed before it was connected', async () => {
  const listener = await startListening(tcp())
  const dialler = startedStreams(tcp())
  const sole = new Uint8Array(65_536)
  dialler.streams.open(2, listener.address)
  dialler.streams.writePieces?.(2, [sole])
  dialler.streams.destroy(2)
  for (let count = 0; count < 5; count++) await turn()
  expect(sole).toHaveLength(65_536)
})

test('keeps what was on its way when a stream is destroyed', async () => {
  const { dialler } = await startPair()
  const sole = new Uint8Array(32 * MEBIBYTE)
  dialler.streams.writePieces?.(2, [sole])
  await platformUntil(() => dialler.sentBytes(2) > 0, 'a first part')
  dialler.streams.destroy(2)
  for (let count = 0; count < 5; count++) await turn()
  expect(sole).toHaveLength(32 * MEBIBYTE)
})

test('reports what was taken of one large write before the rest is', async () => {
  const { dialler, listener } = await startPair()
  dialler.streams.write(2, new Uint8Array(32 * MEBIBYTE))
  await platformUntil(() => dialler.sentBytes(2) > 0, 'a first part')
  expect(dialler.sentBytes(2)).toBeLessThan(32 * MEBIBYTE)
  listener.streams.resume(1)
  await platformUntil(() => dialler.sentBytes(2) === 32 * MEBIBYTE, 'the total')
})

test('keeps a queue of a hundred thousand small writes in order', async () => {
  const { dialler, listener } = await startPair()
  const view = new DataView(new ArrayBuffer(4))
  const count = 100_000
  const padding = new Uint8Array(96)
  for (let number = 0; number < count; number++) {
    view.setUint32(0, number)
    dialler.streams.write(2, new Uint8Array([...new Uint8Array(view.buffer)]))
    dialler.streams.write(2, padding)
  }
  listener.streams.resume(1)
  await platformUntil(() => listener.receivedBytes(1) === count * 100, 'all of them')
  const received = listener.received(1)
  const all = new DataView(received.buffer)
  for (let number = 0; number < count; number++) {
    if (all.getUint32(number * 100) !== number) throw new Error(`${number} is out of order`)
  }
})

test('hands over plain bytes, of which slice is a copy', async () => {
  const listener = tcp()
  onTestFinished(() => {
    listener.destroy(1)
    listener.unlisten(1)
  })
  let bytes: Uint8Array | undefined
  let address: SocketAddress | undefined
  listener.start((input) => {
    if (input.kind === 'listener.listening') address = input.address
    if (input.kind === 'listener.accepted') listener.resume(input.stream)
    if (input.kind === 'stream.bytes') bytes = input.bytes
  })
  listener.listen(1, { host: '127.0.0.1', port: 0 })
  await platformUntil(() => address !== undefined, 'the answer to listen')
  const dialler = startedStreams(tcp())
  dialler.streams.open(2, address ?? { host: '', port: 0 })
  dialler.streams.write(2, Uint8Array.of(1, 2, 3))
  await platformUntil(() => bytes !== undefined, 'the bytes')
  expect(bytes?.constructor).toBe(Uint8Array)
})

test('an error that was on its way when a stream was destroyed is thrown at nobody', async () => {
  const socket = connect({ host: '127.0.0.1', port: 1 })
  const told: string[] = []
  const stream = startTcpStream({
    stream: 2,
    socket,
    tell: ({ kind }) => told.push(kind),
    onGone: () => told.push('gone'),
    dialled: true,
  })
  // Node emits it in the next tick. Were it not caught, the process would end on it.
  socket.destroy(new Error('the network went away'))
  stream.destroy()
  await turn()
  await turn()
  expect(told).toEqual([])
  expect(socket.destroyed).toBe(true)
})

test('notices that the far side reset a stream that is read', async () => {
  const listener = await startListening(tcp())
  const socket = connect({ host: '127.0.0.1', port: listener.address.port })
  await platformUntil(() => listener.inputs.length > 1, 'the accepted stream')
  listener.streams.resume(1)
  socket.resetAndDestroy()
  await platformUntil(() => listener.has(1, 'stream.failed'), 'the fault')
  expect(listener.told(1)).toEqual([{ kind: 'stream.failed', stream: 1, fault: 'reset' }])
  expect(listener.streams.held()).toEqual({ streams: 0, listeners: 1 })
})

/** Dials until the process says so; each socket stays until the test is over. */
async function dialUntil(port: number, isEnough: () => boolean): Promise<void> {
  while (!isEnough()) {
    const socket = connect({ host: '127.0.0.1', port })
    onTestFinished(() => {
      socket.destroy()
    })
    let isAnswered = false
    socket.on('error', () => (isAnswered = true)).on('connect', () => (isAnswered = true))
    await platformUntil(() => isAnswered, 'the answer to a dial')
  }
}

async function startUnderLimit() {
  const child = startChild('test/transport/descriptor-child.ts', [], { before: 'ulimit -n 64' })
  const line = await child.line((text) => text.startsWith('port '))
  const linesOf = (text: string): number => child.lines.filter((each) => each === text).length
  return { child, linesOf, port: Number(line.slice('port '.length)) }
}

test('tells a listener that ran out of descriptors by accepting, refuses, and goes on', async () => {
  const { child, linesOf, port } = await startUnderLimit()
  await dialUntil(port, () => linesOf('overloaded too-many-open') > 0)
  const acceptedBefore = linesOf('accepted')
  expect(acceptedBefore).toBeGreaterThan(10)
  await dialUntil(port, () => linesOf('overloaded too-many-open') > 3)
  expect(linesOf('accepted')).toBe(acceptedBefore)

  child.process.kill('SIGUSR2')
  await child.line((text) => text === 'took all')
  child.process.kill('SIGUSR2')
  await child.line((text) => text === 'gave up all')
  await dialUntil(port, () => linesOf('accepted') > acceptedBefore)
  expect(child.process.exitCode).toBeNull()
})

test('tells a listener that something else took the last descriptor, where Node says nothing', async () => {
  const { child, linesOf, port } = await startUnderLimit()
  child.process.kill('SIGUSR2')
  await child.line((text) => text === 'took all')
  await child.line((text) => text === 'overloaded too-many-open')
  const socket = connect({ host: '127.0.0.1', port })
  let isShed = false
  socket
    .resume()
    .on('end', () => (isShed = true))
    .on('error', () => (isShed = true))
  await platformUntil(() => isShed, 'the platform to shed the connection')
  expect(linesOf('accepted')).toBe(0)

  child.process.kill('SIGUSR2')
  await child.line((text) => text === 'gave up all')
  await dialUntil(port, () => linesOf('accepted') > 0)
  expect(child.process.exitCode).toBeNull()
})
