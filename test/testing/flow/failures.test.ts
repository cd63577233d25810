import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../../index.ts'
import { flow } from '../../../testing/flow/flow.ts'
import type { Flow } from '../../../testing/flow/flow.ts'
import { FlowError } from '../../../testing/flow/flow-error.ts'
import { hex } from '../../../testing/flow/hex.ts'
import { plain } from '../../contracts/fits/plain.ts'
import type { PlainTypes } from '../../contracts/fits/plain.ts'
import { keyed } from '../../contracts/fits/keyed.ts'
import { keyOf, say } from '../../contracts/seats.ts'

const HELLO = say('hello')
const start = () => flow(plain(), { subscribe: ['blob'] })
const active = () => start().expectSent('hello').receive(HELLO)

function failureOf(run: () => unknown): FlowError {
  try {
    run()
  } catch (error) {
    if (error instanceof FlowError) return error
    throw error
  }
  throw new Error('the flow did not fail')
}

describe('a step that does not hold says what came instead:', () => {
  const steps: readonly (readonly [string, (given: Flow<PlainTypes>) => unknown])[] = [
    ["the node was to send 'pong', and it sent nothing", (given) => given.expectSent('pong')],
    [
      "the node was to send { type: 'pong', payload: hex('01') }, and it sent { type: 'pong', payload: hex('02') }",
      (given) =>
        given.receive(say('ping', 2)).expectSent({ type: 'pong', payload: Uint8Array.of(1) }),
    ],
    [
      "the node was to send a message that the test looks for, and it sent { type: 'pong', payload: hex('') }",
      (given) => given.receive(say('ping')).expectSent(({ payload }) => payload.length > 0),
    ],
    [
      "the node was to send nothing, and it sent { type: 'pong', payload: hex('') }",
      (given) => given.receive(say('ping')).expectNothingSent(),
    ],
    [
      'the node was to send the bytes 0000000203, and it sent 0000000003',
      (given) => given.receive(say('ping')).expectSentBytes('00000002 03'),
    ],
    [
      'the node was to send the bytes 01, and it sent nothing',
      (given) => given.expectSentBytes('01'),
    ],
    [
      "the application was to get 'blob', and it got nothing",
      (given) => given.expectDelivered('blob'),
    ],
    [
      "the application was to get { payload: hex('01') }, and it got { type: 'blob', payload: hex('02') }",
      (given) => given.receive(say('blob', 2)).expectDelivered({ payload: Uint8Array.of(1) }),
    ],
    ['the connection was to be closed, and it is active', (given) => given.expectClosed()],
    [
      "the connection was to be closed with 'silent', and it was with { detail: 'ended', reason: 'peer-left', phase: 'active' }",
      (given) => given.end().expectClosed('silent'),
    ],
    [
      'the connection was to be handshaking, and it is active',
      (given) => given.expectState('handshaking'),
    ],
    [
      'the session was to be in greeting, and it is in open',
      (given) => given.expectState({ session: 'greeting' }),
    ],
    [
      "the event 'peer.banned' was to come, and there came node.started, connection.started, connection.active",
      (given) => given.expectEvent('peer.banned'),
    ],
    ['nothing can be received: node/in-1 has closed, ended', (given) => given.end().receive(HELLO)],
    ['the node did not take the message: gone', (given) => given.end().send(say('blob'))],
    [
      'the flow is done: no step follows',
      (given) => {
        given.done()
        given.advance(1)
      },
    ],
    [
      'the flow is done already',
      (given) => {
        given.done()
        given.done()
      },
    ],
  ]
  test.each(steps)('%s', (message, play) => {
    const [first] = failureOf(() => play(active())).message.split('\n')
    expect(first).toBe(message)
  })
})

test('a failure says when, in which step, where it stands, and what happened last', () => {
  const { message } = failureOf(() =>
    active().advance(1_500).receive(say('ping', 1)).expectSent('hello'),
  )
  const [, , where, ...happened] = message.split('\n')
  expect(where).toBe('at 1,500 ms, in step 5, expectSent; node/in-1 is active, its session open')
  expect(happened.slice(-6).map((line) => line.trim())).toEqual([
    '0 ms  > advance { ms: 1500 }',
    "1,500 ms  > receive { messages: [{ type: 'ping', payload: hex('01') }] }",
    '1,500 ms  node received ping, 6 bytes',
    '1,500 ms  session: unit -> open',
    '1,500 ms  node sent pong, 6 bytes',
    "1,500 ms  > expectSent { what: 'hello' }",
  ])
})

test('a failure begins where the test wrote the step, and holds both sides for a comparison', () => {
  const error = failureOf(() => active().receive(say('ping', 1)).expectSent(say('pong', 2)))
  expect(error.stack?.split('\n').find((line) => line.includes(' at '))).toContain(
    'failures.test.ts',
  )
  expect(error.expected).toEqual(say('pong', 2))
  expect(error.actual).toEqual(say('pong', 1))
})

test('who was refused at the door has no connection, and a failure says so', () => {
  const banned = active().run(({ supervisor }) => {
    supervisor.ban('10.0.0.2')
  })
  banned.connect()
  const { message } = failureOf(() => banned.receive(HELLO))
  expect(message).toContain('there is no connection\n')
  expect(message).toContain('the last dial was refused, banned')
})

test('a peer that plays its handshake by itself says nothing before it has ended', () => {
  const peer = keyed(keyOf('dialler'))
  const mute: typeof peer = {
    ...peer,
    wire: (setup) => peer.wire({ ...setup, out: () => undefined }),
  }
  const given = flow(keyed(keyOf('listener')), { peer: mute, handshake: 'by-itself' })
  expect(failureOf(() => given.receive(say('note'))).message).toContain(
    'plays its handshake by itself, and it has not come to its end',
  )
})

describe('the end of a flow', () => {
  test('fails where a part of the node threw, and not where that was expected', () => {
    const throwing = (): Protocol<PlainTypes> => ({
      ...plain(),
      own() {
        throw new Error('made to throw')
      },
    })
    const play = () =>
      flow(throwing(), { peer: plain(), subscribe: ['blob'] }).receive([HELLO, say('blob', 1)])
    expect(failureOf(() => play().done()).message).toContain(
      'a part of the node threw: made to throw',
    )
    expect(play().expectEvent('fault').done().delivered).toEqual([])
  })

  test('gives back what happened, and the steps as data, also of what functions decided', () => {
    const { delivered, events, sent, steps } = active()
      .receive((heard) => say('blob', heard.length))
      .expectDelivered(({ payload }) => payload[0] === 1)
      .receive(say('ping'))
      .expectSent(({ type }) => type === 'pong')
      .done()
    expect(delivered).toEqual([say('blob', 1)])
    expect(sent.map(({ type }) => type)).toEqual(['hello', 'pong'])
    expect(steps.slice(2)).toEqual([
      { do: 'receive', messages: [say('blob', 1)] },
      { do: 'expectDelivered', what: 'blob' },
      { do: 'receive', messages: [say('ping')] },
      { do: 'expectSent', what: 'pong' },
    ])
    expect(events.at(-1)?.type).toBe('node.stopped')
  })
})

test('digits that are none are refused', () => {
  expect(hex('00 fF')).toEqual(Uint8Array.of(0, 255))
  for (const text of ['0', 'xy', '0x00']) expect(() => hex(text)).toThrow(RangeError)
})
