import { describe, expect, test } from 'vitest'
import { flow } from '../../../testing/flow/flow.ts'
import { keyed } from '../../contracts/fits/keyed.ts'
import { plain } from '../../contracts/fits/plain.ts'
import { sniffing } from '../../contracts/fits/sniffing.ts'
import { keyOf, say } from '../../contracts/seats.ts'

const HELLO = say('hello')

describe('a network without keys', () => {
  test('greets, and answers a ping', () => {
    const { sent, steps } = flow(plain())
      .expectSent('hello')
      .expectState('handshaking')
      .expectState({ session: 'greeting' })
      .receive(HELLO)
      .expectState('active')
      .expectState({ session: 'open' })
      .receive(say('ping', 1, 2))
      .expectSent({ type: 'pong', payload: Uint8Array.of(1, 2) })
      .expectNothingSent()
      .done()
    expect(sent.map(({ type }) => type)).toEqual(['hello', 'pong'])
    expect(steps).toHaveLength(9)
  })

  test('leaves who says nothing, when its time is up and not before', () => {
    flow(plain())
      .expectSent('hello')
      .advance(4_999)
      .expectState('handshaking')
      .advance(1)
      .expectClosed('hello-late')
      .done()
  })

  test('bans who broke the rules three times', () => {
    const rude = flow(plain())
    for (let strike = 1; strike <= 3; strike++) {
      if (strike > 1) rude.connect()
      rude.receive([HELLO, HELLO]).expectClosed({ detail: 'hello-twice', reason: 'peer-fault' })
      rude.expectEvent({ type: 'peer.struck', strikes: strike })
    }
    rude
      .expectEvent('peer.banned')
      .connect()
      .expectEvent({ type: 'connection.refused', why: 'banned' })
      .advance(300_001)
      .connect()
      .receive(HELLO)
      .expectState('active')
      .done()
  })

  test('is dialled, byte for byte', () => {
    flow(plain(), { role: 'dialler', subscribe: ['blob'] })
      .expectSentBytes('00000000 01')
      .receiveBytes('00000000 01')
      .expectState('active')
      .receiveBytes('00000002 04')
      .receiveBytes(Uint8Array.of(8, 9))
      .expectDelivered(say('blob', 8, 9))
      .send(say('blob', 1))
      .expectSentBytes('0000000104 01')
      .expectNothingSent()
      .end()
      .expectClosed({ detail: 'ended', reason: 'peer-left', phase: 'active' })
      .done()
  })
})

test('a network with keys is talked to behind a handshake that plays itself', () => {
  flow(keyed(keyOf('listener')), {
    peer: keyed(keyOf('dialler')),
    handshake: 'by-itself',
    subscribe: ['note'],
  })
    .receive(say('note', 1))
    .expectState('active')
    .expectDelivered({ type: 'note', payload: Uint8Array.of(1) })
    .send(say('note', 2))
    .expectSent(({ payload }) => payload[0] === 2)
    .receive([say('ping'), say('ping')])
    .expectSent('bye')
    .expectClosed('ping-rate')
    .done()
})

test('a network with keys dials', () => {
  flow(keyed(keyOf('dialler')), {
    role: 'dialler',
    peer: keyed(keyOf('listener')),
    handshake: 'by-itself',
  })
    .expectState('active')
    .reset()
    .expectClosed('transport-reset')
    .advance(2_000)
    .expectState('active')
    .disconnect()
    .expectSent('confirm')
    .expectSent('bye')
    .expectClosed({ reason: 'asked' })
    .done()
})

test('a network with an old and a new kind', () => {
  flow(sniffing(), { dial: 'old' })
    .expectState('active')
    .receiveBytes('01 00 05')
    .receive(say('line', 5))
    .done()
})
