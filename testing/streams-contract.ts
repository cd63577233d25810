/**
 * What every implementation of streams must do, as cases that any runner can run: the contract of
 * `world/streams.ts`.
 * @module
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { concatBytes, equalBytes } from '../codec/bytes.ts'
import type { Random } from '../world/random.ts'
import type { StreamId, Streams } from '../world/streams.ts'
import { releasingCases } from './streams-releasing.ts'
import { MEBIBYTE, startSides } from './streams-sides.ts'
import type { Run, StreamsSubject } from './streams-sides.ts'
import type { ContractCase } from './suite.ts'

export function streamsContract(subject: StreamsSubject): readonly ContractCase[] {
  const cases = [...openingCases, ...movingCases, ...endingCases, ...releasingCases]
  return cases.map(([title, run]) => ({
    title,
    async run() {
      const place = await subject.start()
      try {
        const sides = startSides(place, subject.random.fork(title))
        await run(sides)
        sides.dialler.close()
        sides.listener.close()
        await sides.quiet()
        deepEqual([...sides.dialler.broken, ...sides.listener.broken], [])
      } finally {
        await place.release()
      }
    },
  }))
}

const openingCases: readonly (readonly [string, Run])[] = [
  [
    'listens on a free port where 0 was asked for, and says which',
    async ({ listen, host }) => {
      const one = await listen()
      const other = await listen()
      equal(one.host, host)
      ok(one.port > 0 && other.port > 0 && one.port !== other.port)
    },
  ],
  [
    'tells both sides of a stream the same two addresses',
    async ({ listen, connect, dialler, listener }) => {
      const address = await listen(7)
      const { dialled, accepted } = await connect(address)
      const [opened] = dialler.told(dialled)
      if (opened?.kind !== 'stream.opened') throw new Error(`not opened: ${opened?.kind}`)
      deepEqual(opened.remote, address)
      deepEqual(listener.inputs.at(-1), {
        kind: 'listener.accepted',
        listener: 7,
        stream: accepted,
        local: opened.remote,
        remote: opened.local,
      })
    },
  ],
  [
    'numbers what it accepts with odd numbers, rising, never one twice, whichever listener it was',
    async ({ listen, connect, listener }) => {
      const addresses = [await listen(), await listen()]
      const numbers: StreamId[] = []
      for (let round = 0; round < 4; round++) {
        for (const address of addresses) {
          const { accepted } = await connect(address)
          numbers.push(accepted)
          if (round % 2 === 0) listener.streams.destroy(accepted)
        }
      }
      ok(numbers.every((number) => number % 2 === 1))
      deepEqual(
        numbers,
        [...new Set(numbers)].sort((one, other) => one - other),
      )
    },
  ],
  [
    'answers a dial where nobody listens with refused',
    async ({ deadAddress, dialler, until }) => {
      dialler.streams.open(2, await deadAddress())
      await until(() => dialler.told(2).length > 0, 'the answer')
      deepEqual(dialler.told(2), [{ kind: 'stream.failed', stream: 2, fault: 'refused' }])
      deepEqual(dialler.streams.held(), { streams: 0, listeners: 0 })
    },
  ],
  [
    'refuses what is no address to dial, and resolves no name',
    async ({ dialler, until, host }) => {
      const targets = [
        { host: 'localhost', port: 1 },
        { host: '', port: 1 },
        { host: `[${host}]`, port: 1 },
        { host: '127.1', port: 1 },
        { host, port: 0 },
        { host, port: 65_536 },
        { host, port: 1.5 },
        { host, port: Number.NaN },
      ]
      for (const [index, target] of targets.entries()) {
        const stream = 2 + 2 * index
        dialler.streams.open(stream, target)
        await until(() => dialler.told(stream).length > 0, `the answer for ${target.host}`)
        deepEqual(dialler.told(stream), [{ kind: 'stream.failed', stream, fault: 'bad-address' }])
      }
    },
  ],
  [
    'refuses to listen where it cannot: no address, not its own, in use',
    async ({ listener, listen, until, host }) => {
      const taken = await listen()
      const asked = [
        [{ host: 'localhost', port: 0 }, 'bad-address'],
        [{ host, port: -1 }, 'bad-address'],
        // RFC 5737: documentation, nobody's address.
        [{ host: '192.0.2.1', port: 0 }, 'bad-address'],
        [taken, 'address-in-use'],
      ] as const
      for (const [index, [address, fault]] of asked.entries()) {
        listener.streams.listen(index, address)
        await until(() => listener.toldOfListener(index).length > 0, `${fault}, ${address.host}`)
        deepEqual(listener.toldOfListener(index), [
          { kind: 'listener.failed', listener: index, fault },
        ])
      }
      equal(listener.streams.held().listeners, 1)
    },
  ],
  [
    'keeps open streams when it no longer listens, and accepts no more',
    async ({ listen, connect, listener, dialler, until }) => {
      const address = await listen(7)
      const { dialled, accepted } = await connect(address)
      listener.streams.unlisten(7)
      listener.streams.unlisten(7)
      dialler.streams.open(200, address)
      await until(() => dialler.told(200).length > 0, 'the answer to the late dial')
      deepEqual(dialler.told(200), [{ kind: 'stream.failed', stream: 200, fault: 'refused' }])

      listener.streams.resume(accepted)
      dialler.streams.write(dialled, Uint8Array.of(1, 2, 3))
      await until(() => listener.receivedBytes(accepted) === 3, 'bytes on the stream that stayed')
      deepEqual(await listen(8, address.port), address)
    },
  ],
  [
    'says nothing of a listener that was taken back at once, and leaves its port free',
    async ({ deadAddress, listener, listen, quiet }) => {
      const address = await deadAddress()
      listener.streams.listen(7, address)
      listener.streams.unlisten(7)
      listener.streams.listen(8, { host: 'localhost', port: 0 })
      listener.streams.unlisten(8)
      await quiet()
      equal(listener.toldOfListener(7).length + listener.toldOfListener(8).length, 0)
      deepEqual(await listen(9, address.port), address)
    },
  ],
]

/** Writes everything in drawn pieces, empty ones among them. */
function writeInPieces(
  streams: Streams,
  stream: StreamId,
  bytes: Uint8Array,
  random: Random,
): void {
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + random.below(20_000))
    streams.write(stream, bytes.slice(from, to))
    from = to
  }
}

const movingCases: readonly (readonly [string, Run])[] = [
  [
    'writes pieces as the bytes that they are together, where it takes pieces',
    async ({ listen, connect, dialler, listener, random, until }) => {
      const { dialled, accepted } = await connect(await listen())
      listener.streams.resume(accepted)
      const written: Uint8Array[] = []
      for (const lengths of [[4, 70_000, 16], [300_000], [1], [16_384, 4, 16_383, 0, MEBIBYTE]]) {
        const pieces = lengths.map((length) => random.bytes(length))
        // Their memory is the transport's from now on.
        written.push(...pieces.map((piece) => piece.slice()))
        if (dialler.streams.writePieces === undefined) {
          for (const piece of pieces) dialler.streams.write(dialled, piece)
        } else dialler.streams.writePieces(dialled, pieces)
      }
      const sent = concatBytes(...written)
      await until(() => listener.receivedBytes(accepted) === sent.length, 'all bytes')
      ok(equalBytes(listener.received(accepted), sent))
      await until(() => dialler.sentBytes(dialled) === sent.length, 'the total')
    },
  ],
  [
    'starts paused on both sides: nothing is read before resume',
    async ({ listen, connect, dialler, listener, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      dialler.streams.write(dialled, Uint8Array.of(1))
      listener.streams.write(accepted, Uint8Array.of(2))
      dialler.streams.end(dialled)
      await until(
        () => dialler.sentBytes(dialled) + listener.sentBytes(accepted) === 2,
        'both sent',
      )
      await quiet()
      equal(dialler.chunkCount(dialled) + listener.chunkCount(accepted), 0)
      ok(!listener.has(accepted, 'stream.ended'))

      dialler.streams.resume(dialled)
      listener.streams.resume(accepted)
      await until(() => listener.has(accepted, 'stream.ended'), 'the end')
      await until(() => dialler.receivedBytes(dialled) === 1, 'the other byte')
      deepEqual([...dialler.received(dialled), ...listener.received(accepted)], [2, 1])
    },
  ],
  [
    'carries a mebibyte each way at once, in order and whole, and reports every byte of it',
    async ({ listen, connect, dialler, listener, random, until }) => {
      const { dialled, accepted } = await connect(await listen())
      const out = random.bytes(MEBIBYTE)
      const back = random.bytes(MEBIBYTE)
      dialler.streams.resume(dialled)
      listener.streams.resume(accepted)
      writeInPieces(dialler.streams, dialled, out, random)
      writeInPieces(listener.streams, accepted, back, random)
      await until(() => listener.receivedBytes(accepted) >= MEBIBYTE, 'the way out')
      await until(() => dialler.receivedBytes(dialled) >= MEBIBYTE, 'the way back')
      deepEqual(listener.received(accepted), out)
      deepEqual(dialler.received(dialled), back)
      await until(() => dialler.sentBytes(dialled) === MEBIBYTE, 'the total out')
      await until(() => listener.sentBytes(accepted) === MEBIBYTE, 'the total back')
    },
  ],
  [
    'sends what was written before the stream was open',
    async ({ listen, dialler, listener, until }) => {
      dialler.streams.open(2, await listen())
      dialler.streams.write(2, Uint8Array.of(1, 2))
      dialler.streams.resume(2)
      dialler.streams.end(2)
      await until(() => listener.inputs.some(({ kind }) => kind === 'listener.accepted'), 'accept')
      listener.streams.resume(1)
      await until(() => listener.has(1, 'stream.ended'), 'the end')
      deepEqual(listener.received(1), Uint8Array.of(1, 2))
    },
  ],
  [
    'brings at most one chunk after pause, and all the rest after resume',
    async ({ listen, connect, dialler, listener, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      const total = 4 * MEBIBYTE
      for (let sent = 0; sent < total; sent += 65_536) {
        dialler.streams.write(dialled, new Uint8Array(65_536))
      }
      listener.streams.resume(accepted)
      await until(() => listener.chunkCount(accepted) > 0, 'a chunk')
      listener.streams.pause(accepted)
      const before = listener.chunkCount(accepted)
      await quiet()
      ok(listener.chunkCount(accepted) <= before + 1)
      const after = listener.chunkCount(accepted)
      await quiet()
      equal(listener.chunkCount(accepted), after)

      listener.streams.resume(accepted)
      await until(() => listener.receivedBytes(accepted) === total, 'the rest')
    },
  ],
  [
    'brings at most one chunk where it is resumed and paused again at once',
    async ({ listen, connect, dialler, listener, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      const ends = [
        [dialler, dialled],
        [listener, accepted],
      ] as const
      for (const [{ streams }, stream] of ends) streams.write(stream, new Uint8Array(MEBIBYTE))
      for (const [{ streams }, stream] of ends) {
        streams.resume(stream)
        streams.pause(stream)
      }
      await quiet()
      for (const [{ chunkCount }, stream] of ends) ok(chunkCount(stream) <= 1)

      for (const [{ streams }, stream] of ends) streams.resume(stream)
      for (const [{ receivedBytes }, stream] of ends) {
        await until(() => receivedBytes(stream) === MEBIBYTE, 'the rest')
      }
    },
  ],
  [
    'is paused when it opens, where it was resumed and paused again before',
    async ({ listen, dialler, listener, until, quiet }) => {
      const { streams } = dialler
      streams.open(2, await listen())
      streams.resume(2)
      streams.pause(2)
      await until(() => listener.inputs.some(({ kind }) => kind === 'listener.accepted'), 'accept')
      await until(() => dialler.has(2, 'stream.opened'), 'the stream')
      listener.streams.write(1, new Uint8Array(MEBIBYTE))
      await quiet()
      equal(dialler.chunkCount(2), 0)
      streams.resume(2)
      await until(() => dialler.receivedBytes(2) === MEBIBYTE, 'all of it')
    },
  ],
  [
    'stops taking from a sender whose peer never reads, and goes on when it does',
    async ({ listen, connect, dialler, listener, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      // More than the systems on both sides will keep of a stream.
      const total = 32 * MEBIBYTE
      for (let written = 0; written < total; written += MEBIBYTE) {
        dialler.streams.write(dialled, new Uint8Array(MEBIBYTE))
      }
      await until(() => dialler.sentBytes(dialled) > 0, 'a first report')
      await quiet()
      const stopped = dialler.sentBytes(dialled)
      ok(stopped < total, `${stopped} bytes were taken for a peer that reads none`)
      await quiet()
      equal(dialler.sentBytes(dialled), stopped)
      listener.streams.resume(accepted)
      await until(() => dialler.sentBytes(dialled) === total, 'the rest')
      await until(() => listener.receivedBytes(accepted) === total, 'all of it')
    },
  ],
  [
    'answers report with the total, whether or not anything changed',
    async ({ listen, connect, dialler, until }) => {
      const { dialled } = await connect(await listen())
      const reports = (): readonly object[] =>
        dialler.told(dialled).filter(({ kind }) => kind === 'stream.sent')
      dialler.streams.report(dialled)
      await until(() => reports().length === 1, 'a report of nothing')
      dialler.streams.write(dialled, new Uint8Array(10))
      await until(() => dialler.sentBytes(dialled) === 10, 'a report of ten')
      const before = reports().length
      dialler.streams.report(dialled)
      await until(() => reports().length > before, 'the same again')
      deepEqual(reports().at(-1), { kind: 'stream.sent', stream: dialled, sentBytes: 10 })
    },
  ],
]

const endingCases: readonly (readonly [string, Run])[] = [
  [
    'ends one way: the other still carries, and both ended is released by itself',
    async ({ listen, connect, dialler, listener, until }) => {
      const { dialled, accepted } = await connect(await listen())
      dialler.streams.resume(dialled)
      listener.streams.resume(accepted)
      dialler.streams.end(dialled)
      dialler.streams.end(dialled)
      await until(() => listener.has(accepted, 'stream.ended'), 'the end')
      ok(!dialler.has(dialled, 'stream.ended'))

      listener.streams.write(accepted, new Uint8Array(100_000).fill(7))
      listener.streams.end(accepted)
      await until(() => dialler.has(dialled, 'stream.ended'), 'the other end')
      deepEqual(dialler.received(dialled), new Uint8Array(100_000).fill(7))
      await until(() => dialler.streams.held().streams === 0, 'release on one side')
      await until(() => listener.streams.held().streams === 0, 'release on the other')
      ok(!dialler.has(dialled, 'stream.failed') && !listener.has(accepted, 'stream.failed'))
      equal(listener.sentBytes(accepted), 100_000)
    },
  ],
  [
    'delivers what was queued before the end, and nothing that was written after it',
    async ({ listen, connect, dialler, listener, random, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      // More than the systems on both sides will keep of a stream that is not read.
      const bytes = random.bytes(16 * MEBIBYTE)
      for (let from = 0; from < bytes.length; from += MEBIBYTE) {
        dialler.streams.write(dialled, bytes.slice(from, from + MEBIBYTE))
      }
      dialler.streams.end(dialled)
      dialler.streams.write(dialled, Uint8Array.of(1))
      await quiet()
      listener.streams.resume(accepted)
      await until(() => listener.has(accepted, 'stream.ended'), 'the end')
      ok(equalBytes(listener.received(accepted), bytes))
      ok(!dialler.has(dialled, 'stream.failed'))
    },
  ],
  [
    'delivers what was reported as sent, though the sender is gone',
    async ({ listen, connect, dialler, listener, until, quiet }) => {
      const { dialled, accepted } = await connect(await listen())
      for (let written = 0; written < 16; written++) {
        dialler.streams.write(dialled, new Uint8Array(MEBIBYTE))
      }
      await until(() => dialler.sentBytes(dialled) > 0, 'a report')
      await quiet()
      const sent = dialler.sentBytes(dialled)
      dialler.streams.destroy(dialled)
      listener.streams.resume(accepted)
      await until(() => listener.has(accepted, 'stream.ended'), 'the end')
      const received = listener.receivedBytes(accepted)
      ok(received >= sent, `${sent} bytes were reported as sent, and ${received} arrived`)
    },
  ],
  [
    'tells the far side of a stream that was destroyed',
    async ({ listen, connect, dialler, listener, until }) => {
      const { dialled, accepted } = await connect(await listen())
      listener.streams.resume(accepted)
      dialler.streams.destroy(dialled)
      const isGone = (): boolean =>
        listener.has(accepted, 'stream.ended') || listener.has(accepted, 'stream.failed')
      await until(isGone, 'the far side to notice')
    },
  ],
  [
    'answers writes to a peer that is gone with one fault',
    async ({ listen, connect, dialler, listener, until }) => {
      const { dialled, accepted } = await connect(await listen())
      dialler.streams.resume(dialled)
      listener.streams.destroy(accepted)
      await until(() => dialler.has(dialled, 'stream.ended'), 'the end')
      await until(() => {
        dialler.streams.write(dialled, new Uint8Array(1_000))
        return dialler.has(dialled, 'stream.failed')
      }, 'the fault')
      equal(dialler.streams.held().streams, 0)
    },
  ],
  [
    'answers writes to a peer that reset the stream with one fault, and never throws',
    async ({ listen, connect, dialler, listener, until }) => {
      const { dialled, accepted } = await connect(await listen())
      dialler.streams.write(dialled, new Uint8Array(1_000))
      await until(() => dialler.sentBytes(dialled) === 1_000, 'bytes that nobody reads')
      listener.streams.destroy(accepted)
      await until(() => {
        dialler.streams.write(dialled, new Uint8Array(1_000))
        return dialler.has(dialled, 'stream.failed')
      }, 'the fault')
      dialler.streams.write(dialled, new Uint8Array(1_000))
      deepEqual(dialler.told(dialled).at(-1), {
        kind: 'stream.failed',
        stream: dialled,
        fault: 'reset',
      })
      equal(dialler.streams.held().streams, 0)
    },
  ],
]
