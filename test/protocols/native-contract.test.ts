import type { Protocol } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { DAYS, keyOf } from '../contracts/seats.ts'
import { writingInstead } from '../support/wires.ts'

const wholeOf = (seat: Seat) => native({ network: 'test/one', privateKey: keyOf(seat) })
/** Without its sub-protocols: they ping who is silent, and are tested by themselves. */
const protocolOf = (seat: Seat): Protocol<NativeTypes> => ({ ...wholeOf(seat), children: [] })

const message = (...payload: readonly number[]): NativeTypes['message'] => ({
  type: 'message',
  protocol: 'test',
  payload: Uint8Array.from(payload),
})

const subject: ProtocolSubject<NativeTypes> = {
  protocol: protocolOf,
  address: (seat, host) => `node://${protocolOf(seat).identity ?? ''}@${host}:9946`,
  talk: { dialler: [message(1), message()], listener: [message(2, 3)] },
  // Each of them is reached by the tests of its codec, its session and its node part; not yet here.
  details: {} as ProtocolSubject<NativeTypes>['details'],
  flows: {
    'an Error while it is active'(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      listener.supervisor.ban(protocolOf('dialler').identity ?? '')
      scene.world.advance(100)
    },
    'a message in place of the confirm'(scene) {
      const dialler = scene.start('dialler', { protocol: withoutConfirm })
      const listener = scene.start('listener')
      scene.dial(dialler, listener.address)
      dialler.say(message(9))
      scene.world.advance(100)
    },
  },
}

/** Its first sealed message is not a confirm. */
const withoutConfirm = (): Protocol<NativeTypes> =>
  writingInstead(protocolOf('dialler'), (messages) =>
    messages.filter((one) => 'raw' in one || one.type !== 'confirm'),
  )

registerContract('native', protocolContract(subject, { days: DAYS }))
registerContract(
  'native, with its sub-protocols,',
  protocolContract({ ...subject, protocol: wholeOf }, { days: DAYS }).filter(({ title }) =>
    /whatever happens|the same|two that dial/.test(title),
  ),
)
