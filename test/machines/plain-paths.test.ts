import { NEVER, sessionPathCases, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Puppet } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainMessage, PlainTypes } from '../contracts/fits/plain.ts'
import { say } from '../contracts/seats.ts'

interface Stage extends SessionStage<PlainTypes> {
  peer?: Puppet<PlainTypes>
}

const said = (message: PlainMessage) => ({
  event: unitOf(message),
  // The wire of who has not said `opened` is not read.
  from: ['greeting', 'open'],
  bring({ peer }: Stage) {
    peer?.say(message)
  },
})

registerContract(
  'the session of plain:',
  sessionPathCases<PlainTypes, Stage>(
    { protocol: () => plain(), talk: { dialler: [], listener: [] } },
    {
      roles: {
        listener: {
          stimuli: {
            opened: { once: { event: { type: 'opened' } } },
            secured: NEVER,
            unit: { hello: said(say('hello')), ping: said(say('ping', 1)) },
            answer: NEVER,
            node: NEVER,
            leave: NEVER,
            ended: NEVER,
          },
        },
      },
      prepare: (scene) => ({ scene, node: scene.start('listener') }),
      begin(stage) {
        stage.peer = stage.scene.puppet(stage.node)
      },
      unreachable: {},
    },
  ),
)
