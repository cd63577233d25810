import { expect, test } from 'vitest'
import { createOutbox } from '../../actors/outbox.ts'
import { virtualClock } from '../../transport/virtual-clock.ts'
import { createObservationPort } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'

const DRAIN_MS = 20_000

/** Messages are numbers of bytes; the transport takes what the test says. */
function startOutbox(unsentBytesMax = 100) {
  const time = virtualClock()
  const clock = time.forNode()
  const loop = createStepLoop({
    clock,
    port: createObservationPort(),
    onFault(error) {
      throw error
    },
  })
  clock.start(loop.enter)
  const log: string[] = []
  const outbox = createOutbox<{ readonly bytes: number }>({
    stream: 2,
    loop,
    drainMs: DRAIN_MS,
    limits: {
      laneBytesMax: { control: 50, requests: 200, gossip: 50 },
      unsentBytesMax,
      batchBytes: 40,
    },
    streams: {
      write: (_, bytes) => log.push(`write ${String(bytes.length)}`),
      report: () => log.push('report'),
    },
    encode(messages) {
      const bytes = messages.reduce((sum, one) => sum + ('bytes' in one ? one.bytes : 0), 0)
      outbox.sink([new Uint8Array(bytes)])
      return true
    },
    askForFlush: () => log.push('ask'),
    onRoom: (lane) => log.push(`room in ${lane}`),
    onSent: () => undefined,
    onAllSent: () => log.push('all sent'),
    onStuck: () => log.push('stuck'),
  })
  const queue = (...sizes: readonly number[]): void => {
    for (const bytes of sizes) outbox.queue('requests', { bytes }, bytes)
    log.length = 0
  }
  return { log, loop, outbox, queue, time }
}

test('what is queued leaves in batches, as far as the window admits', () => {
  const { log, outbox, queue } = startOutbox()
  queue(30, 30, 30, 30, 30)
  outbox.flush()
  // A batch begins while there is room in the window: it may reach over its edge.
  expect(log).toEqual(['write 30', 'write 30', 'write 30', 'write 30'])
  expect([outbox.unsentBytes(), outbox.isFull()]).toEqual([120, true])
  outbox.sent(60)
  expect(log.at(-1)).toBe('ask')
  outbox.flush()
  expect([log.at(-1), outbox.writtenBytes(), outbox.unsentBytes()]).toEqual(['write 30', 150, 90])
})

test('small messages of one turn leave as one write', () => {
  const { log, outbox, queue } = startOutbox()
  queue(10, 10, 10, 10, 10)
  outbox.flush()
  expect(log).toEqual(['write 40', 'write 10'])
})

test('that all is sent is told once for each time it is', () => {
  const { log, outbox, queue } = startOutbox()
  queue(10)
  outbox.flush()
  outbox.sent(4)
  outbox.sent(4)
  outbox.sent(10)
  outbox.sent(10)
  expect(log).toEqual(['write 10', 'all sent'])
})

test('a lane that was found full tells once that it has room, at half', () => {
  const { log, outbox, queue } = startOutbox(1_000)
  queue(30, 30, 30, 30, 30, 30)
  expect(outbox.fits('requests', 30)).toBe(false)
  expect(outbox.isWaitedFor()).toBe(true)
  outbox.flush()
  expect(log.filter((line) => line.startsWith('room'))).toEqual(['room in requests'])
  expect(outbox.isWaitedFor()).toBe(false)
})

test('a report that was lost is asked for at half of the time to drain', () => {
  const { log, outbox, queue, time } = startOutbox()
  queue(10)
  outbox.flush()
  time.advance(DRAIN_MS / 2 - 1)
  expect(log).toEqual(['write 10'])
  time.advance(1)
  expect(log).toEqual(['write 10', 'report'])
  outbox.sent(10)
  time.advance(10 * DRAIN_MS)
  expect(log).not.toContain('stuck')
})

test('a peer that takes nothing is stuck after the time to drain, and one that takes a little is not', () => {
  const one = startOutbox()
  one.queue(50)
  one.outbox.flush()
  one.time.advance(DRAIN_MS - 1)
  expect(one.log).not.toContain('stuck')
  one.time.advance(1)
  expect(one.log.at(-1)).toBe('stuck')

  const other = startOutbox()
  other.queue(50)
  other.outbox.flush()
  for (let taken = 1; taken < 40; taken++) {
    other.time.advance(DRAIN_MS / 4)
    other.outbox.sent(taken)
  }
  expect(other.log).not.toContain('stuck')
})

test('stopped, it writes nothing, waits for nothing, and has forgotten what was queued', () => {
  const { log, loop, outbox, queue, time } = startOutbox()
  queue(10, 10)
  outbox.flush()
  queue(10)
  outbox.stop()
  outbox.flushAll()
  outbox.sink([new Uint8Array(5)])
  time.advance(10 * DRAIN_MS)
  expect([log, loop.counts().timers]).toEqual([[], 0])
})
