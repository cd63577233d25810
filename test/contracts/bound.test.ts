import { concatBytes } from '../../codec/bytes.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject, Puppet, Scene } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { bound } from './fits/bound.ts'
import type { BoundMessage, BoundTypes } from './fits/bound-wire.ts'
import { DAYS, keyOf, say } from './seats.ts'

/** A puppet that has dialled, and has what a hello signs. */
function startPuppet(scene: Scene<BoundTypes>) {
  const puppet = scene.puppet(scene.start('listener'))
  const speak = (...messages: readonly BoundMessage[]): void => {
    puppet.say(...messages)
    scene.world.settle()
  }
  return { puppet, speak }
}

function helloOf(scene: Scene<BoundTypes>, { facts }: Puppet<BoundTypes>): BoundMessage {
  const own = keyOf('dialler')
  if (facts === undefined) throw new Error('the channel is not up')
  const signature = scene.crypto.sign(facts.binding, own)
  return { type: 'hello', payload: concatBytes(scene.crypto.publicKeyOf(own), signature) }
}

const subject: ProtocolSubject<BoundTypes> = {
  protocol: (seat) => bound(keyOf(seat)),
  talk: { dialler: [say('fetch', 1, 2), say('fetch')], listener: [say('fetch', 7)] },
  details: {
    'bad-key'(scene) {
      const { streams } = scene.world.nodeWorld('rude', '10.0.0.70')
      scene.start('listener')
      streams.start((input) => {
        if (input.kind === 'stream.opened') streams.write(2, new Uint8Array(33).fill(5))
      })
      streams.open(2, { host: '10.0.0.1', port: 7004 })
      scene.world.settle()
    },
    'bad-proof'(scene) {
      startPuppet(scene).speak(say('hello', 2))
      scene.world.advance(22_000)
    },
    known(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      scene.dial(listener, dialler.address)
      scene.world.advance(500)
    },
    late(scene) {
      startPuppet(scene)
      scene.world.advance(27_000)
    },
    'out-of-turn'(scene) {
      const { puppet, speak } = startPuppet(scene)
      speak(helloOf(scene, puppet), say('address'))
      scene.world.advance(22_000)
    },
    'own-key'(scene) {
      const { puppet, speak } = startPuppet(scene)
      speak(puppet.heard.find(({ type }) => type === 'hello') ?? say('hello'))
      scene.world.advance(22_000)
    },
    silent(scene) {
      scene.meet(scene.start('dialler'), scene.start('listener'))
      scene.world.advance(90_000)
    },
    'told-to-close'(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      dialler.supervisor.disconnect(dialler.active() ?? '')
      scene.world.advance(2_000)
    },
    'too-large'(scene) {
      const { speak } = startPuppet(scene)
      speak({ type: 'fetch', payload: new Uint8Array(65_537) })
      scene.world.advance(22_000)
    },
    'unknown-type'(scene) {
      const { puppet, speak } = startPuppet(scene)
      speak({ ...say('fetch'), type: 'no such type' as 'fetch' }, helloOf(scene, puppet))
      puppet.end()
      scene.world.advance(22_000)
    },
  },
  flows: {
    'a message to be answered while active'(scene) {
      const [dialler, listener] = [scene.start('dialler'), scene.start('listener')]
      scene.meet(dialler, listener)
      dialler.say(say('timeRequest'))
      listener.say(say('addressRequest'))
      scene.world.settle()
    },
    'a fetch that makes it active'(scene) {
      const { puppet, speak } = startPuppet(scene)
      speak(helloOf(scene, puppet), say('accepted'))
      speak(say('fetch', 1))
      scene.world.settle()
    },
  },
}

registerContract('bound', protocolContract(subject, { days: DAYS }))
