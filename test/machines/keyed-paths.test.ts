import { NEVER, sessionPathCases, startDial, unitOf } from '../../testing/charts/session-paths.ts'
import { connectionOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import type { SessionEvent } from '../../machines/session.ts'
import type { Puppet, SceneNode } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import type { KeyedTypes } from '../contracts/fits/keyed-wire.ts'
import { keyOf, say } from '../contracts/seats.ts'

interface Stage extends SessionStage<KeyedTypes> {
  /** Whoever it speaks with: a node, or who says what no node does. */
  readonly other: SceneNode<KeyedTypes> | undefined
  puppet?: Puppet<KeyedTypes>
}

/** What a node says by itself when it is its turn, and a puppet when it is told to. */
const greeting = (type: 'hello' | 'reply') => ({
  event: unitOf(say(type)),
  from: ['awaiting'],
  bring({ puppet }: Stage) {
    // No key.
    puppet?.say({ type, payload: new Uint8Array(66) })
  },
})

const stimuliFor = (theirs: 'hello' | 'reply'): Stimuli<SessionEvent<KeyedTypes>, Stage> => ({
  opened: { once: { event: { type: 'opened' } } },
  secured: NEVER,
  unit: {
    greeting: greeting(theirs),
    rude: {
      event: unitOf(say('note')),
      from: ['awaiting'],
      bring({ puppet }) {
        puppet?.say(say('note'))
      },
    },
    confirm: { event: unitOf(say('confirm')), from: ['provisional'] },
    ping: {
      event: unitOf(say('ping')),
      from: ['open'],
      bring: ({ other }) => other?.say(say('ping')),
    },
    bye: {
      event: unitOf(say('bye')),
      from: ['open'],
      bring({ other }) {
        if (other !== undefined) other.supervisor.disconnect(connectionOf(other))
      },
    },
  },
  answer: {
    fine: {
      event: { type: 'answer', id: 'any', answer: { identity: 'aa', payload: new Uint8Array(66) } },
    },
    refused: {
      event: { type: 'answer', id: 'any', answer: 'refused' },
      from: ['agreeing', 'pinged'],
    },
  },
  node: NEVER,
  leave: NEVER,
  ended: NEVER,
})

const isRude = (ahead: readonly string[]): boolean =>
  ahead.includes('unit rude') || (ahead.includes('answer refused') && !ahead.includes('unit ping'))

registerContract(
  'the session of keyed:',
  sessionPathCases<KeyedTypes, Stage>(
    { protocol: (seat) => keyed(keyOf(seat)), talk: { dialler: [], listener: [] } },
    {
      roles: {
        listener: { stimuli: stimuliFor('hello') },
        dialler: { stimuli: stimuliFor('reply') },
      },
      prepare(scene, role, ahead) {
        const node = scene.start(role)
        const otherRole = role === 'listener' ? 'dialler' : 'listener'
        const other = isRude(ahead) ? undefined : scene.start(otherRole)
        if (other !== undefined && ahead.includes('answer refused')) {
          // Pings are counted by identity: the one on the next connection is one too many.
          const [from, to] = role === 'listener' ? [other, node] : [node, other]
          scene.meet(from, to)
          other.say(say('ping'))
          scene.world.settle()
          other.supervisor.disconnect(connectionOf(other))
          scene.world.advance(3_000)
        }
        return { scene, node, other }
      },
      begin(stage, role) {
        const { node, other, scene } = stage
        if (other === undefined) {
          stage.puppet = scene.puppet(role === 'listener' ? node : 'listener')
          if (role === 'dialler') startDial(node, '10.0.0.1:7002')
        } else if (role === 'listener') startDial(other, node.address)
        else startDial(node, other.address)
      },
      unreachable: {},
    },
  ),
)
