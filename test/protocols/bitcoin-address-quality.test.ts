import { expect, test } from 'vitest'
import type { HeldConnection } from '../../actors/protocol.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { concatBytes } from '../../codec/bytes.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { addressBookRules } from '../../protocols/bitcoin/address-book-rules.ts'
import { addressFrom, ALL_NETWORKS, ONION } from './bitcoin-addresses-support.ts'
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

test('a dial in vain counts against an address while peers of two groups are there', () => {
  const { startAlice, startPeer, world } = startOpeningWorld()
  const alice = startAlice()
  const dead = placeOf('30.1.0.1')
  const failures = () => alice.book().find(dead)?.failures
  const failedDials = () => alice.dialled().filter((address) => address === dead).length
  /** As many dials in vain as it takes, with those peers more. */
  const dialMore = (...hosts: readonly string[]) => {
    for (const host of hosts) startPeer(host)
    alice.tell(dead, ...hosts.map((host) => placeOf(host)))
    world.advance(MINUTE_MS)
  }
  dialMore()
  expect([failedDials() > 0, failures()]).toEqual([true, 0])
  const before = failedDials()
  dialMore('20.1.0.1')
  expect([alice.held().length, failedDials() > before, failures()]).toEqual([1, true, 0])
  dialMore('20.2.0.1')
  expect([alice.held().length, failures()]).toEqual([2, 1])
})

test('what stands between us and one hand counts nothing; of privacy networks each peer counts', () => {
  const { countsFailure } = addressBookRules(ALL_NETWORKS)
  const held = (text: string, change: Partial<HeldConnection<BitcoinAddress>> = {}) => ({
    ...{ phase: 'active' as const, slot: 'full-relay', target: addressFrom(text) },
    ...{ remote: addressFrom(text), ...change },
  })
  const counts = (...all: readonly HeldConnection<BitcoinAddress>[]) =>
    countsFailure?.('full-relay', all)
  const one = held('20.1.0.1:8333')
  expect(counts(one, held('20.1.9.9:8333'))).toBe(false)
  expect(counts(one, held('20.2.0.1:8333', { phase: 'connecting' }))).toBe(false)
  expect(counts(one, held('20.2.0.1:8333', { slot: 'feeler' }))).toBe(false)
  expect(counts(one, held('20.2.0.1:8333'))).toBe(true)
  expect(counts(held(`${ONION}:8333`), held(`${ONION}:8333`))).toBe(true)
  const two = [one, held('20.2.0.1:8333', { slot: 'manual' })]
  expect(
    ['full-relay', 'block-relay-only', 'feeler', 'manual', 'addr-fetch'].map((slot) =>
      countsFailure?.(slot, two),
    ),
  ).toEqual([true, true, true, false, false])
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
