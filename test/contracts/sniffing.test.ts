import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { sniffing } from './fits/sniffing.ts'
import type { SniffingTypes } from './fits/sniffing.ts'
import { DAYS, say } from './seats.ts'

const newer: ProtocolSubject<SniffingTypes> = {
  protocol: () => sniffing(),
  talk: { dialler: [say('line', 1, 2), say('line')], listener: [say('line', 7)] },
  details: {
    'bad-check'(scene) {
      const puppet = scene.puppet(scene.start('listener'), { dial: 'old' })
      puppet.write(Uint8Array.of(1, 0, 5))
      puppet.say(say('line', 5))
      scene.world.settle()
    },
    late(scene) {
      const listener = scene.start('listener')
      listener.tampering.silentAt = 0
      scene.dial(scene.start('dialler'), listener.address)
      scene.world.advance(11_500)
    },
    'not-ours'(scene) {
      const listener = scene.start('listener', { protocol: () => sniffing(['old']) })
      scene.dial(scene.start('dialler'), listener.address)
    },
    silent(scene) {
      scene.meet(scene.start('dialler'), scene.start('listener'))
      scene.world.advance(122_000)
    },
  },
}

/** The listener knows only the old kind: it is dialled twice, in one slot. */
const older: ProtocolSubject<SniffingTypes> = {
  ...newer,
  protocol: (seat) => sniffing(seat === 'listener' ? ['old'] : ['old', 'new']),
}

registerContract('sniffing', protocolContract(newer, { days: DAYS }))
registerContract(
  'sniffing, with an old listener,',
  protocolContract(older).filter(({ title }) => /anywhere|the same/.test(title)),
)
