import { concatBytes } from '../../codec/bytes.ts'
import { connectionOf, NEVER, sessionPathCases } from '../../testing/charts/session-paths.ts'
import { startDial, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Puppet, Scene } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { bound } from '../contracts/fits/bound.ts'
import type { BoundMessage, BoundTypes } from '../contracts/fits/bound-wire.ts'
import { keyOf, say } from '../contracts/seats.ts'

interface Stage extends SessionStage<BoundTypes> {
  puppet?: Puppet<BoundTypes>
}

/** Whoever it is, with the dialler's key. */
function helloOf({ crypto }: Scene<BoundTypes>, { facts }: Puppet<BoundTypes>): BoundMessage {
  const own = keyOf('dialler')
  if (facts === undefined) throw new Error('the channel is not up')
  return {
    type: 'hello',
    payload: concatBytes(crypto.publicKeyOf(own), crypto.sign(facts.binding, own)),
  }
}

/** In these a message of the other side is digested. */
const HEARING = ['meeting.greeting', 'meeting.accepting', 'meeting.asking', 'open']

const said = (message: BoundMessage, from: readonly string[] = HEARING) => ({
  event: unitOf(message),
  from,
  bring({ puppet }: Stage) {
    puppet?.say(message)
  },
})

registerContract(
  'the session of bound:',
  sessionPathCases<BoundTypes, Stage>(
    { protocol: (seat) => bound(keyOf(seat)), talk: { dialler: [], listener: [] } },
    {
      roles: {
        listener: {
          stimuli: {
            opened: NEVER,
            secured: {
              once: { event: { type: 'secured', facts: { binding: new Uint8Array(32) } } },
            },
            unit: {
              hello: {
                event: unitOf(say('hello')),
                from: HEARING,
                bring({ puppet, scene }, ahead) {
                  if (puppet === undefined) return
                  const isWrong = ahead[0] === 'answer wrong'
                  puppet.say(isWrong ? say('hello') : helloOf(scene, puppet))
                },
              },
              accepted: said(say('accepted')),
              addressRequest: said(say('addressRequest')),
              address: said(say('address')),
              timeRequest: said(say('timeRequest')),
              fetch: said(say('fetch', 1), HEARING.slice(0, -1)),
              closing: said(say('closing'), [...HEARING, 'leaving']),
            },
            answer: {
              signed: {
                event: { type: 'answer', id: 'any', answer: { hello: new Uint8Array(97) } },
                from: ['meeting.signing'],
              },
              known: {
                event: { type: 'answer', id: 'any', answer: { identity: 'aa' } },
                from: ['meeting.verifying'],
              },
              wrong: {
                event: { type: 'answer', id: 'any', answer: { wrong: 'bad-proof' } },
                from: ['meeting.verifying'],
              },
            },
            node: {
              once: {
                event: { type: 'node', news: { reachable: '10.0.0.2:7004' } },
                from: ['open'],
                // Whom it knows already is found where it dials.
                bring({ node, scene }) {
                  const known = scene.puppet('dialler')
                  startDial(node, '10.0.0.2:7004')
                  scene.world.settle()
                  known.say(helloOf(scene, known))
                },
              },
            },
            leave: {
              once: {
                event: { type: 'leave', detail: 'disconnected' },
                // Before, there is no farewell of which an answer is waited for.
                from: ['open'],
                bring({ node }) {
                  node.supervisor.disconnect(connectionOf(node))
                },
              },
            },
            ended: NEVER,
          },
        },
      },
      prepare: (scene) => ({ scene, node: scene.start('listener') }),
      begin(stage, _, ahead) {
        // A puppet's wire says its key by itself.
        if (ahead[0] === 'after answerMs') stage.node.tampering.silentAt = 0
        stage.puppet = stage.scene.puppet(stage.node)
      },
      unreachable: {},
    },
  ),
)
