/**
 * What a message costs, counted and not timed: two native nodes over TCP in this process. Each bound is
 * what was counted when it was written and less than a quarter more, so that a change which makes messages
 * a quarter dearer is seen here, whatever the machine does meanwhile.
 */
import { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { allocatedBytes } from '../../bench/allocations.ts'
import { watchSocketBytes } from '../../bench/socket-bytes.ts'
import { encodedBytes } from '../../codec/native/message-codec.ts'
import type { NativeMessage } from '../../codec/native/messages.ts'
import { createProtocolNames } from '../../codec/native/protocol-names.ts'
import { RECORD_OVERHEAD_BYTES } from '../../codec/sealed-records.ts'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'

const networkOf = (byte: number) =>
  native({ network: 'test/costs', privateKey: new Uint8Array(32).fill(byte) })

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A pair that is connected. `pour` settles when the last of so many messages has arrived. */
async function startPouring(payloadBytes: number) {
  const listen = ['127.0.0.1:0']
  const receiver = createSupervisor({
    name: 'in',
    protocol: networkOf(1),
    transport: tcp(),
    listen,
  })
  const sender = createSupervisor({ name: 'out', protocol: networkOf(2), transport: tcp() })
  stops.push(receiver.stop, sender.stop)
  await Promise.all([receiver.start(), sender.start()])
  const port = String(receiver.listening[0]?.port ?? 0)
  const peer = await sender.connect(`node://${networkOf(1).identity ?? ''}@127.0.0.1:${port}`)
  const message: NativeMessage = {
    ...{ type: 'message', protocol: 'costs' },
    payload: new Uint8Array(payloadBytes),
  }
  let arrived = 0
  let expected = Infinity
  let finish: () => void = () => undefined
  receiver.messages('message', { views: true }).subscribe(() => {
    if (++arrived === expected) finish()
  })
  const pour = async (count: number): Promise<void> => {
    expected = arrived + count
    const finished = new Promise<void>((resolve) => (finish = resolve))
    for (let sent = 0; sent < count;) {
      if (sender.send(peer, message) === 'queued') sent++
      else await sender.room(peer)
    }
    await finished
  }
  return { pour, valueBytes: encodedBytes(message, createProtocolNames()) }
}

/** What the sub-protocols of either side say meanwhile: a locator, once. */
const OTHERS = 2

test.each([
  // Some 225 to a batch, which is 64 KiB by estimate, one record and one write.
  { payloadBytes: 256, count: 10_000, records: 45, writes: 45 },
  // Larger than what several share: a record each.
  { payloadBytes: 65_536, count: 1_000, records: 1_000, writes: 1_000 },
])(
  '$count messages of $payloadBytes bytes are $records records in $writes writes',
  async ({ count, payloadBytes, records, writes }) => {
    const writtenBytes = watchSocketBytes()
    const { pour, valueBytes } = await startPouring(payloadBytes)
    await pour(1)
    const before = writtenBytes()
    // Each is one call of the system, of one piece and of several.
    const calls = [vi.spyOn(Socket.prototype, '_write'), vi.spyOn(Socket.prototype, '_writev')]
    await pour(count)
    const overheadBytes = writtenBytes() - before - count * valueBytes
    expect(overheadBytes / RECORD_OVERHEAD_BYTES).toBeGreaterThan(1)
    expect(overheadBytes / RECORD_OVERHEAD_BYTES).toBeLessThan(records + OTHERS)
    const written = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0)
    expect(written).toBeGreaterThan(0)
    expect(written).toBeLessThan(writes + OTHERS)
  },
)

/** Of V8's heap, both sides together: 790 to 840 with Node 20 and 26. */
const ALLOCATED_BYTES_MAX = 1_000

test('a message of 256 bytes allocates no more than it did', async () => {
  const { pour } = await startPouring(256)
  // Code that is not compiled yet allocates more.
  await pour(50_000)
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    rounds.push((await allocatedBytes(() => pour(10_000))) / 10_000)
  }
  // The compiler may still be at work in one of them; what messages cost is in all.
  expect(Math.min(...rounds)).toBeLessThanOrEqual(ALLOCATED_BYTES_MAX)
})
