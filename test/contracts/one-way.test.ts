import { concatBytes } from '../../codec/bytes.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject, Scene, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { oneWay } from './fits/one-way.ts'
import type { OneWayTypes } from './fits/one-way-wire.ts'
import { DAYS, keyOf, say } from './seats.ts'

const addressOf = (seat: Seat, host: string): string =>
  `${oneWay(keyOf(seat)).identity ?? ''}@${host}:7005`

/** Bytes as a dialler's first record: its length, a key, and what should be sealed. */
function sendFirst(scene: Scene<OneWayTypes>, publicKey: Uint8Array): void {
  const puppet = scene.puppet(scene.start('listener'))
  const body = concatBytes(publicKey, new Uint8Array(40))
  puppet.write(concatBytes(Uint8Array.of(0, body.length), body))
  scene.world.settle()
}

const subject: ProtocolSubject<OneWayTypes> = {
  protocol: (seat) => oneWay(keyOf(seat)),
  address: addressOf,
  // Who was dialled never answers.
  talk: { dialler: [say('note', 1, 2), say('note')], listener: [] },
  details: {
    'bad-key'(scene) {
      sendFirst(scene, new Uint8Array(33).fill(5))
    },
    'bad-record'(scene) {
      sendFirst(scene, scene.crypto.publicKeyOf(keyOf('dialler')))
    },
    late(scene) {
      scene.puppet(scene.start('listener'))
      scene.world.advance(17_000)
    },
    'other-network'(scene) {
      const protocol = () => oneWay(keyOf('dialler'), { network: 2 })
      const dialler = scene.start('dialler', { protocol })
      scene.dial(dialler, scene.start('listener').address)
      scene.world.advance(100)
    },
    silent(scene) {
      scene.meet(scene.start('dialler'), scene.start('listener'))
      scene.world.advance(3_602_000)
    },
  },
  flows: {
    'a ping in a datagram'(scene) {
      const listener = scene.start('listener')
      const protocol = () => oneWay(keyOf('dialler'), { pings: [listener.address] })
      scene.start('dialler', { protocol })
      scene.world.advance(2_500)
    },
    'a dial of somebody who has another key'(scene) {
      scene.start('listener')
      scene.dial(scene.start('dialler'), addressOf('bystander', '10.0.0.1'))
      scene.world.advance(100)
    },
    'a dial of a key that is none'(scene) {
      scene.start('listener')
      scene.dial(scene.start('dialler'), `${'00'.repeat(33)}@10.0.0.1:7005`)
      scene.world.advance(100)
    },
  },
}

registerContract('one-way', protocolContract(subject, { days: DAYS }))
