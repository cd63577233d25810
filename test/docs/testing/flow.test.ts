import { test } from 'vitest'
import { encodeAscii } from '../../../codec/bytes.ts'
import { flow } from '../../../testing/testing.ts'
import { lines } from '../../../examples/smallest-network.ts'

const line = (text: string) => ({ type: 'line' as const, bytes: encodeAscii(text) })

test('greets, and hands on what it is told', () => {
  flow(lines(), { subscribe: ['line'] })
    .expectSent(line('hi'))
    .expectState('handshaking')
    .receive(line('hi'))
    .expectState('active')
    .receive([line('one'), line('two')])
    .expectDelivered(line('one'))
    .expectDelivered(line('two'))
    .send(line('three'))
    .expectSent(line('three'))
    .expectNothingSent()
    .done()
})

test('waits five seconds for a greeting', () => {
  flow(lines())
    .advance(4_999)
    .expectState({ session: 'greeting' })
    .advance(1)
    .expectClosed({ detail: 'late', reason: 'deadline' })
    .done()
})

test('bans who is rude three times', () => {
  flow(lines())
    .receive(line('give me that'))
    .expectClosed('rude')
    .connect()
    .receive(line('now'))
    .expectClosed('rude')
    .connect()
    .receiveBytes('03 6e6f77')
    .expectClosed('rude')
    .expectEvent('peer.banned')
    .connect()
    .expectEvent({ type: 'connection.refused', why: 'banned' })
    .done()
})
