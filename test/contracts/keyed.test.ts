import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { keyed } from './fits/keyed.ts'
import type { KeyedTypes } from './fits/keyed-wire.ts'
import { DAYS, keyOf, say } from './seats.ts'

const subject: ProtocolSubject<KeyedTypes> = {
  protocol: (seat) => keyed(keyOf(seat)),
  // Keys change after each fourth record.
  talk: {
    dialler: [1, 2, 3, 4, 5].map((number) => say('note', number)),
    listener: [say('note', 7), say('note')],
  },
  details: {
    'bad-frame'(scene) {
      scene.puppet(scene.start('listener')).write(Uint8Array.of(0, 1, 99))
      scene.world.settle()
    },
    'bad-key'(scene) {
      scene.puppet(scene.start('listener')).say({ type: 'hello', payload: new Uint8Array(66) })
      scene.world.settle()
    },
    bye(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      dialler.supervisor.disconnect(dialler.active() ?? '')
      scene.world.advance(100)
    },
    late(scene) {
      scene.puppet(scene.start('listener'))
      scene.world.advance(11_500)
    },
    'ping-rate'(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      dialler.say(say('ping'))
      dialler.say(say('ping'))
      scene.world.advance(100)
    },
    silent(scene) {
      scene.meet(scene.start('dialler'), scene.start('listener'))
      scene.world.advance(122_000)
    },
    spent(scene) {
      const protocol = () => keyed(keyOf('dialler'), { framesMax: 3 })
      const dialler = scene.start('dialler', { protocol })
      scene.meet(dialler, scene.start('listener'))
      for (let number = 0; number < 5; number++) dialler.say(say('note', number))
      scene.world.advance(100)
    },
  },
}

registerContract('keyed', protocolContract(subject, { days: DAYS }))
