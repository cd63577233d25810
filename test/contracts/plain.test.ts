import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { plain } from './fits/plain.ts'
import type { PlainMessage, PlainTypes } from './fits/plain.ts'
import { DAYS, say } from './seats.ts'

const HELLO: PlainMessage = say('hello')
/** Its views are whole pages: what is kept of one has to be a copy. */
const LARGE: PlainMessage = { type: 'blob', payload: new Uint8Array(9_000).fill(7) }

const subject: ProtocolSubject<PlainTypes> = {
  protocol: () => plain(),
  talk: { dialler: [say('blob', 1, 2, 3), say('blob')], listener: [say('blob', 7)] },
  details: {
    'too-large'(scene) {
      scene.puppet(scene.start('listener')).write(Uint8Array.of(255, 255, 255, 255, 4))
      scene.world.settle()
    },
    'unknown-type'(scene) {
      const puppet = scene.puppet(scene.start('listener'))
      puppet.say(HELLO)
      puppet.write(Uint8Array.of(0, 0, 0, 0, 99))
      puppet.say(say('ping', 1))
      scene.world.settle()
    },
    'hello-late'(scene) {
      scene.puppet(scene.start('listener'))
      scene.world.advance(6_000)
    },
    'hello-twice'(scene) {
      scene.puppet(scene.start('listener')).say(HELLO, HELLO)
      scene.world.settle()
    },
    silent(scene) {
      scene.puppet(scene.start('listener')).say(HELLO)
      scene.world.advance(62_000)
    },
  },
}

registerContract('plain', protocolContract(subject, { days: DAYS }))
registerContract(
  'plain, with messages of more than 4 KiB,',
  protocolContract({ ...subject, talk: { dialler: [LARGE], listener: [LARGE] } }).filter(
    ({ title }) => title.includes('anywhere'),
  ),
)
