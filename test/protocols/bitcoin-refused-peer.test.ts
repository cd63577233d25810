import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { detailsOf, placeOf, serving, startOpeningWorld } from './bitcoin-opening-support.ts'
import { startStage } from './bitcoin-stage.ts'
import { raw } from './bitcoin-support.ts'

const MINUTE_MS = 60_000

test('whoever is refused for what it offers is known for that, and is not dialled for it again', () => {
  const { startAlice, startPeer, world } = startOpeningWorld()
  startPeer('20.1.0.1', serving({ services: ['witness'] }))
  const alice = startAlice()
  alice.tell(placeOf('20.1.0.1'))
  world.advance(1_000)
  expect(detailsOf(alice.events)).toEqual(['services-missing'])
  expect(alice.book().find(placeOf('20.1.0.1'))?.marks).toBe(0x8n)
  world.advance(20 * MINUTE_MS)
  expect(alice.dialled('full-relay')).toHaveLength(1)
})

test('more transactions than anybody asks for cost the peer nothing, and the application hears of them', () => {
  const stage = startStage()
  const heard: BitcoinMessage[] = []
  stage.ours.supervisor.messages('violation').subscribe(({ message }) => heard.push(message))
  const peer = stage.meet()
  // Each of no inputs and no outputs.
  const count = concatBytes(Uint8Array.of(0xfe, 1, 0, 1, 0), new Uint8Array(65_537 * 10))
  stage.say(peer, raw('blocktxn', new Uint8Array(32), count))
  stage.world.advance(1_000)
  expect(heard).toEqual([
    { type: 'violation', command: 'blocktxn', detail: 'too-many-transactions' },
  ])
  expect([stage.active(), stage.details()]).toEqual([1, []])
})
