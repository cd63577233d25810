import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { createSending } from '../../actors/sending.ts'
import type { Protocol } from '../../index.ts'
import { virtualClock } from '../../transport/virtual-clock.ts'
import { createObservationPort } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainMessage, PlainTypes } from '../contracts/fits/plain.ts'

const blob = (bytes: number): PlainMessage => ({ type: 'blob', payload: new Uint8Array(bytes) })
const pong: PlainMessage = { type: 'pong', payload: new Uint8Array(1) }

/** A requests lane of a hundred bytes and a window of one message; the transport takes what the test says. */
function startSending() {
  const port = createObservationPort()
  const clock = virtualClock().forNode()
  const loop = createStepLoop({
    clock,
    port,
    onFault(error) {
      throw error
    },
  })
  clock.start(loop.enter)
  const told: string[] = []
  port.watch(
    (observation) => {
      if (observation.of === 'message') told.push(observation.type)
    },
    { kinds: ['message'] },
  )
  const counters = createCounters()
  const protocol: Protocol<PlainTypes> = {
    ...plain(),
    lane: ({ type }) =>
      type === 'pong'
        ? { lane: 'control', full: 'close' }
        : { lane: 'requests', full: 'stop-reading' },
    estimateBytes: ({ payload }) => payload.length,
  }
  let isBroken = false
  let unblocked = 0
  const sending = createSending<PlainTypes>({
    name: 'one',
    stream: 2,
    loop,
    port,
    protocol,
    counters,
    limits: {
      laneBytesMax: { control: 10, requests: 100, gossip: 10 },
      unsentBytesMax: 1,
      batchBytes: 1,
    },
    streams: { write: () => undefined, report: () => undefined },
    phase: () => 'active',
    encode(messages) {
      if (isBroken) return false
      sending.outbox.sink(new Uint8Array(messages.length))
      return true
    },
    leave: () => undefined,
    onUnblocked: () => unblocked++,
    askForFlush: () => undefined,
    onRoom: () => undefined,
    onAllSent: () => undefined,
    onStuck: () => undefined,
  })
  return {
    counters,
    sending,
    told,
    breakWire: () => (isBroken = true),
    unblocked: () => unblocked,
    /** One batch leaves. */
    leave() {
      sending.outbox.sent(sending.outbox.writtenBytes())
      sending.outbox.flush()
    },
  }
}

test('a lane that is over its budget stays so until what waits in it is within it', () => {
  const { leave, sending, unblocked } = startSending()
  for (let count = 0; count < 4; count++) sending.send(blob(60))
  expect(sending.isOverBudget()).toBe(true)
  // Of 240 bytes 180 are left, then 120, then 60.
  leave()
  leave()
  expect([sending.isOverBudget(), unblocked()]).toEqual([true, 0])
  leave()
  expect([sending.isOverBudget(), unblocked()]).toEqual([false, 1])
})

test('what leaves in another lane is no room in the one that is over its budget', () => {
  const { leave, sending, told, unblocked } = startSending()
  for (const message of [blob(60), blob(60), pong]) sending.send(message)
  leave()
  expect([told, sending.isOverBudget(), unblocked()]).toEqual([['pong'], true, 0])
})

test('what the wire could not write was not sent', () => {
  const { breakWire, counters, leave, sending, told } = startSending()
  for (let count = 0; count < 3; count++) sending.send(blob(10))
  leave()
  breakWire()
  leave()
  expect([counters.sentMessages, told]).toEqual([1, ['blob']])
})
