/** What streams below a proxied one may do that those of this tree rarely do: a test tells each input. */
import { expect, test } from 'vitest'
import { createDeliveryQueue } from '../../../transport/later.ts'
import { socks5 } from '../../../transport/socks5.ts'
import type { ListenerInput, StreamInput, Streams } from '../../../world/streams.ts'
import { NO_AUTHENTICATION, OPENED, PROXY } from '../../support/socks-script.ts'

const ADDRESS = { host: '10.0.0.1', port: 1 }

/** A stream, number 2, that was asked for, up to the request; `asked` is what the one below was asked. */
function startByHand(before: (streams: Streams) => void = () => undefined) {
  const { later, run } = createDeliveryQueue()
  const asked: string[] = []
  const told: string[] = []
  let enter: (input: StreamInput | ListenerInput) => void = () => undefined
  const note = (what: string) => () => {
    asked.push(what)
  }
  const streams = socks5({
    over: {
      start(input) {
        enter = input
      },
      write: (_, bytes) => asked.push(`write ${bytes.length}`),
      ...{ open: note('open'), listen: note('listen'), unlisten: note('unlisten') },
      ...{ pause: note('pause'), resume: note('resume'), report: note('report') },
      ...{ end: note('end'), destroy: note('destroy') },
      held: () => ({ streams: 0, listeners: 0 }),
    },
    ways: { otherwise: { at: PROXY, credentials: 'none' } },
    ...{ later, after: () => () => undefined },
  })
  let onBytes: () => void = () => undefined
  streams.start((input) => {
    told.push('bytes' in input ? `bytes ${[...input.bytes].join(' ')}` : input.kind)
    if ('bytes' in input) onBytes()
  })
  /** In memory that is another input's afterwards. */
  const bytes = (...values: readonly number[]): void => {
    const own = Uint8Array.from(values)
    enter({ kind: 'stream.bytes', stream: 2, bytes: own })
    own.fill(0xdd)
  }
  streams.open(2, { host: 'example.org', port: 1 })
  before(streams)
  enter({ kind: 'stream.opened', stream: 2, local: ADDRESS, remote: PROXY })
  bytes(...NO_AUTHENTICATION)
  asked.length = 0
  return {
    ...{ asked, bytes, enter: (input: StreamInput) => enter(input), run, streams, told },
    onBytes(act: () => void) {
      onBytes = act
    },
  }
}

test('a chunk that was on its way when the stream opened is held until somebody reads', () => {
  const { asked, bytes, run, streams, told } = startByHand()
  bytes(...OPENED)
  bytes(1, 2)
  bytes(3)
  run()
  expect([told, asked]).toEqual([['stream.opened'], ['pause']])
  streams.resume(2)
  expect(told).toEqual(['stream.opened'])
  run()
  expect(told).toEqual(['stream.opened', 'bytes 1 2', 'bytes 3'])
  expect(asked).toEqual(['pause', 'resume'])
})

test('whoever asked to read before there was a way is told what came behind the last reply', () => {
  const { asked, bytes, run, told } = startByHand((streams) => {
    streams.resume(2)
    streams.report(2)
  })
  bytes(...OPENED, 7)
  expect([told, asked]).toEqual([['stream.opened'], ['pause', 'report']])
  run()
  expect([told.at(-1), asked.at(-1)]).toEqual(['bytes 7', 'resume'])
})

test('an end stands behind the bytes that are held, and comes at once where none are', () => {
  const { bytes, enter, run, streams, told } = startByHand()
  bytes(...OPENED, 7)
  enter({ kind: 'stream.ended', stream: 2 })
  run()
  expect(told).toEqual(['stream.opened'])
  streams.resume(2)
  run()
  expect(told).toEqual(['stream.opened', 'bytes 7', 'stream.ended'])

  const other = startByHand()
  other.bytes(...OPENED)
  other.enter({ kind: 'stream.ended', stream: 2 })
  expect(other.told).toEqual(['stream.opened', 'stream.ended'])
})

test('nothing is told after a pause, and nothing of it after the stream was given up, between two chunks', () => {
  const paused = startByHand()
  paused.bytes(...OPENED, 1)
  paused.bytes(2)
  paused.onBytes(() => paused.streams.pause(2))
  paused.streams.resume(2)
  paused.run()
  expect(paused.told).toEqual(['stream.opened', 'bytes 1'])
  expect(paused.asked).not.toContain('resume')
  paused.onBytes(() => paused.streams.destroy(2))
  paused.streams.resume(2)
  paused.run()
  expect(paused.told).toEqual(['stream.opened', 'bytes 1', 'bytes 2'])
  expect([paused.asked.at(-1), paused.asked.includes('resume')]).toEqual(['destroy', false])
})

test('a stream that breaks is told once, and what is held of it goes nowhere', () => {
  const { bytes, enter, run, streams, told } = startByHand()
  bytes(...OPENED, 1)
  streams.resume(2)
  enter({ kind: 'stream.failed', stream: 2, fault: 'reset' })
  run()
  expect(told).toEqual(['stream.opened', 'stream.failed'])
})
