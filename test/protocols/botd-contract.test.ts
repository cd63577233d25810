import { RECORD_PARAMETERS } from '../../codec/botd/handshake-bytes.ts'
import type { BotdMessage } from '../../codec/botd/messages.ts'
import { REASON_CODES } from '../../codec/botd/reason-codes.ts'
import { botdWire } from '../../codec/botd/wire.ts'
import type { Protocol } from '../../index.ts'
import { botd } from '../../protocols/botd.ts'
import type { BotdTypes } from '../../protocols/botd.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject, Scene, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { DAYS, keyOf } from '../contracts/seats.ts'
import { app, initOf, withoutConfirm } from './botd-support.ts'
import { saying } from '../support/rude.ts'
import { rewriting } from '../support/wires.ts'

type BotdScene = Scene<BotdTypes>
type Details = ProtocolSubject<BotdTypes>['details']
type Bring = Details['no-init']

const crypto = nobleCrypto()
const publicKeyOf = (seat: Seat) => crypto.publicKeyOf(keyOf(seat))
const wholeOf = (seat: Seat) => botd({ privateKey: keyOf(seat) })
/** Without the ping, which speaks by itself. */
const protocolOf = (seat: Seat): Protocol<BotdTypes> => ({ ...wholeOf(seat), children: [] })

/** A listener with its ping, and a dialler that is as it is told to be. */
function meetWith(scene: BotdScene, protocol: () => Protocol<BotdTypes>) {
  const listener = scene.start('listener', { protocol: () => wholeOf('listener') })
  const dialler = scene.start('dialler', { protocol })
  scene.dial(dialler, listener.address)
  scene.world.advance(100)
  return { dialler, listener }
}

const afterSaying =
  (...messages: readonly BotdMessage[]): Bring =>
  (scene) => {
    meetWith(scene, () => saying(protocolOf('dialler'), ...messages))
  }

/** In place of an application's message it writes these bytes. */
const afterWriting =
  (...bytes: readonly number[]): Bring =>
  (scene) => {
    const { dialler } = meetWith(scene, () =>
      rewriting(protocolOf('dialler'), (message) =>
        message.type === 'app' ? Uint8Array.from(bytes) : message,
      ),
    )
    dialler.say(app())
    scene.world.advance(100)
  }

const afterInit =
  (
    change: Partial<Parameters<typeof initOf>[2]> = {},
    privateKey = keyOf('dialler'),
    recipientKey = publicKeyOf('listener'),
  ): Bring =>
  (scene) => {
    scene.puppet(scene.start('listener')).say(initOf(privateKey, recipientKey, change))
    scene.world.settle()
  }

const toldReasons = Object.fromEntries(
  Object.entries(REASON_CODES).map(([name, reason]) => [
    `told-${name}`,
    afterSaying({ type: 'disconnecting', id: 'd', reason, text: '' }),
  ]),
) as { readonly [Name in keyof typeof REASON_CODES as `told-${Name}`]: Bring }

const OFF_CURVE = Uint8Array.of(2, ...new Uint8Array(31), 5)

const details: Details = {
  ...toldReasons,
  'told-unknown-reason': afterSaying({ type: 'disconnecting', id: 'd', reason: 99, text: 'x' }),
  'frame-length'(scene) {
    scene.puppet(scene.start('listener')).write(new Uint8Array(4))
    scene.world.settle()
  },
  'bad-checksum'(scene) {
    scene.puppet(scene.start('listener')).write(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 7))
    scene.world.settle()
  },
  'bad-handshake'(scene) {
    scene.puppet(scene.start('listener')).say({ type: 'ping', id: 'p' })
    scene.world.settle()
  },
  'bad-envelope': afterSaying(initOf(keyOf('dialler'), publicKeyOf('listener'))),
  'record-too-short': afterWriting(16, 0, 0, 0),
  'record-too-long': afterWriting(255, 255, 255, 255),
  'record-unauthentic': afterWriting(17, 0, 0, 0, ...new Uint8Array(17)),
  'record-exhausted'(scene) {
    const few = { ...RECORD_PARAMETERS, framesMax: 3 }
    const { dialler } = meetWith(scene, () => ({
      ...protocolOf('dialler'),
      wire: (setup) => botdWire(setup, few),
    }))
    for (let count = 0; count < 5; count++) dialler.say(app(count))
    scene.world.advance(100)
  },
  'early-bytes'(scene) {
    const puppet = scene.puppet(scene.start('listener'))
    const init = initOf(keyOf('dialler'), publicKeyOf('listener'))
    puppet.wire?.write([init, init])
    scene.world.settle()
  },
  'invalid-key': afterInit({ ephemeralKey: OFF_CURVE }),
  'invalid-signature': afterInit({ signature: new Uint8Array(64).fill(1) }),
  'own-key': afterInit({}, keyOf('listener')),
  'replayed-init'(scene) {
    const listener = scene.start('listener')
    const init = initOf(keyOf('dialler'), publicKeyOf('listener'))
    for (let count = 0; count < 2; count++) {
      scene.puppet(listener).say(init)
      scene.world.settle()
    }
  },
  'wrong-recipient': afterInit({}, keyOf('dialler'), publicKeyOf('bystander')),
  'wrong-init-id'(scene) {
    const puppet = scene.puppet('listener')
    scene.dial(scene.start('dialler'), subject.address?.('listener', '10.0.0.1') ?? '')
    puppet.say({
      ...{ type: 'ack', id: 'a', initId: 'other' },
      ...{ ephemeralKey: publicKeyOf('bystander'), signature: new Uint8Array(64) },
    })
    scene.world.settle()
  },
  'identity-banned'(scene) {
    const listener = scene.start('listener')
    listener.supervisor.ban(protocolOf('dialler').identity ?? '')
    scene.puppet(listener).say(initOf(keyOf('dialler'), publicKeyOf('listener')))
    scene.world.settle()
  },
  'wrong-confirm': afterSaying({ type: 'sessionConfirm', id: 'c', handshakeId: 'c' }),
  'ping-too-often': afterSaying({ type: 'ping', id: 'p' }, { type: 'ping', id: 'q' }),
  'pongs-unasked': afterSaying(
    ...['p', 'q', 'r', 's'].map((id) => ({ type: 'pong' as const, id, pingId: 'none' })),
  ),
  'pong-missing'(scene) {
    meetWith(scene, () => protocolOf('dialler'))
    scene.world.advance(46_000)
  },
  'no-init'(scene) {
    scene.puppet(scene.start('listener'))
    scene.world.advance(10_500)
  },
  'no-ack'(scene) {
    scene.puppet('listener')
    scene.dial(scene.start('dialler'), subject.address?.('listener', '10.0.0.1') ?? '')
    scene.world.advance(10_500)
  },
  'no-confirm'(scene) {
    scene.puppet(scene.start('listener')).say(initOf(keyOf('dialler'), publicKeyOf('listener')))
    scene.world.advance(10_500)
  },
  'handshake-timeout'(scene) {
    const protocol = protocolOf('listener')
    const establish = { ms: 5_000, detail: 'handshake-timeout' as const }
    const hurried = () => ({ ...protocol, deadlines: { ...protocol.deadlines, establish } })
    scene.puppet(scene.start('listener', { protocol: hurried }))
    scene.world.advance(6_000)
  },
  'no-progress'(scene) {
    scene.meet(scene.start('dialler'), scene.start('listener'))
    scene.world.advance(302_000)
  },
}

const subject: ProtocolSubject<BotdTypes> = {
  protocol: protocolOf,
  address: (seat, host) => `botd://${protocolOf(seat).identity ?? ''}@${host}:9945`,
  talk: { dialler: [app(1), app()], listener: [app(2, 3)] },
  details,
  flows: {
    'a message in place of the confirm'(scene) {
      const dialler = scene.start('dialler', {
        protocol: () => withoutConfirm(protocolOf('dialler')),
      })
      const listener = scene.start('listener')
      scene.dial(dialler, listener.address)
      scene.world.advance(10)
      dialler.say(app(9))
      scene.world.advance(100)
    },
  },
}

registerContract('botd', protocolContract(subject, { days: DAYS }))
registerContract(
  'botd, with its ping,',
  protocolContract({ ...subject, protocol: wholeOf }, { days: DAYS }).filter(({ title }) =>
    /whatever happens|the same|two that dial/.test(title),
  ),
)
