import { concatBytes } from '../../codec/bytes.ts'
import type { SessionEvent } from '../../machines/session.ts'
import { NEVER, sessionPathCases, startDial, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import type { Puppet, SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { oneWay } from '../contracts/fits/one-way.ts'
import type { OneWayTypes } from '../contracts/fits/one-way-wire.ts'
import { keyOf, say } from '../contracts/seats.ts'

interface Stage extends SessionStage<OneWayTypes> {
  readonly other: SceneNode<OneWayTypes> | undefined
  puppet?: Puppet<OneWayTypes>
}

const NO_KEY = '00'.repeat(33)
const addressOf = (seat: Seat, host: string): string =>
  `${oneWay(keyOf(seat)).identity ?? ''}@${host}:7005`

const stimuli: Stimuli<SessionEvent<OneWayTypes>, Stage> = {
  opened: { once: { event: { type: 'opened' } } },
  secured: NEVER,
  unit: {
    key: {
      event: unitOf({ type: 'key', payload: new Uint8Array(33) }),
      from: ['listening'],
      bring({ puppet, scene }, ahead) {
        if (puppet === undefined) return
        const isKey = !ahead.includes('answer refused')
        const key = isKey ? scene.crypto.publicKeyOf(keyOf('dialler')) : new Uint8Array(33).fill(5)
        // The head of a record of which the rest does not come.
        puppet.write(concatBytes(Uint8Array.of(0, key.length + 40), key))
      },
    },
    ours: { event: unitOf(say('greeting', 1)), from: ['checking'] },
    theirs: { event: unitOf(say('greeting', 2)), from: ['checking'] },
  },
  answer: {
    agreed: { event: { type: 'answer', id: 'agree', answer: 'agreed' } },
    refused: { event: { type: 'answer', id: 'agree', answer: 'refused' } },
  },
  node: NEVER,
  leave: NEVER,
  ended: NEVER,
}

registerContract(
  'the session of one-way:',
  sessionPathCases<OneWayTypes, Stage>(
    {
      protocol: (seat) => oneWay(keyOf(seat)),
      address: addressOf,
      talk: { dialler: [], listener: [] },
    },
    {
      roles: {
        listener: { stimuli },
        dialler: { stimuli, target: { host: '10.0.0.1', port: 7005, identity: 'aa'.repeat(33) } },
      },
      prepare(scene, role, ahead) {
        const isWhole = ahead.includes('unit ours') || ahead.includes('unit theirs')
        const network = ahead.includes('unit theirs') ? 2 : 1
        const other =
          role === 'listener' && isWhole
            ? scene.start('dialler', { protocol: () => oneWay(keyOf('dialler'), { network }) })
            : undefined
        return { scene, node: scene.start(role), other }
      },
      begin(stage, role, ahead) {
        const { node, other, scene } = stage
        if (role === 'dialler') {
          scene.puppet('listener')
          const address = addressOf('listener', '10.0.0.1')
          const identity = ahead.includes('answer refused') ? NO_KEY : address.split('@')[0]
          startDial(node, `${identity ?? ''}@10.0.0.1:7005`)
        } else if (other === undefined) stage.puppet = scene.puppet(node)
        else startDial(other, node.address)
      },
      unreachable: {},
    },
  ),
)
