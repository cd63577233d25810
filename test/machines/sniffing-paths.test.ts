import { NEVER, sessionPathCases, startDial } from '../../testing/charts/session-paths.ts'
import { registerContract } from '../../testing/vitest.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'

registerContract(
  'the session of sniffing:',
  sessionPathCases(
    { protocol: () => sniffing(), talk: { dialler: [], listener: [] } },
    {
      roles: {
        listener: {
          stimuli: {
            opened: NEVER,
            secured: { once: { event: { type: 'secured', facts: { kind: 'new' } } } },
            unit: NEVER,
            answer: NEVER,
            node: NEVER,
            leave: NEVER,
            ended: NEVER,
          },
        },
      },
      prepare: (scene) => ({ scene, node: scene.start('listener'), peer: scene.start('dialler') }),
      begin({ node, peer }) {
        startDial(peer, node.address)
      },
      unreachable: {},
    },
  ),
)
