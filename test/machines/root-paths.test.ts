import { rootMachine } from '../../machines/root.ts'
import type { RootEvent, RootInput } from '../../machines/root.ts'
import { printValue } from '../../testing/charts/model.ts'
import { chartPathCases } from '../../testing/charts/paths.ts'
import type { Seen, Stimuli } from '../../testing/charts/stimuli.ts'
import { recordTransitions } from '../../testing/charts/taken.ts'
import { playScene } from '../../testing/protocol/scene.ts'
import type { Scene, SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import type { Store, StoreInput } from '../../world/store.ts'
import { bound } from '../contracts/fits/bound.ts'
import type { BoundTypes } from '../contracts/fits/bound-wire.ts'
import { keyOf } from '../contracts/seats.ts'

interface Stage {
  readonly scene: Scene<BoundTypes>
  readonly node: SceneNode<BoundTypes>
  /** Of a store that does not answer by itself. */
  answer: ((input: StoreInput) => void) | undefined
}

const subject = {
  protocol: (seat: Seat) => bound(keyOf(seat)),
  talk: { dialler: [], listener: [] },
}
/** Not what a failed node has. */
const GRACE_MS = 4_000
const INPUT: RootInput = { name: 'model', startMs: 10_000 }

const stop = ({ node }: Stage): void => {
  void node.supervisor.stop({ graceMs: GRACE_MS })
}

const stimuli: Stimuli<RootEvent, Stage> = {
  start: {
    once: {
      event: { type: 'start' },
      bring({ node }) {
        node.supervisor.start().catch(() => undefined)
      },
    },
  },
  'store.opened': { once: { event: { type: 'store.opened' } } },
  listening: { once: { event: { type: 'listening' } } },
  // Somebody who stops it says so once; a node that failed is not told by him yet.
  stop: {
    'before it runs': {
      event: { type: 'stop', graceMs: GRACE_MS / 2 },
      from: (state, { fault }) =>
        ['idle', 'starting.opening'].includes(state) ||
        (state === 'stopping.closing' && fault !== undefined),
      bring: stop,
    },
    'while it runs': {
      event: { type: 'stop', graceMs: GRACE_MS },
      from: ['running'],
      bring(stage, ahead) {
        // Somebody who says no goodbye is waited for.
        if (ahead.includes('after drainMs')) stage.scene.puppet(stage.node)
        stop(stage)
      },
    },
  },
  fail: {
    once: {
      event: { type: 'fail', fault: 'store-refused', message: 'damaged' },
      // A node fails once.
      from: (state, { fault }) =>
        fault === undefined && ['starting.opening', 'stopping.closing'].includes(state),
      bring({ answer }) {
        answer?.({ kind: 'store.refused', fault: 'damaged', message: 'damaged' })
      },
    },
  },
  drained: { once: { event: { type: 'drained' }, isSpontaneous: true } },
  'store.closed': {
    once: {
      event: { type: 'store.closed' },
      bring({ answer }) {
        answer?.({ kind: 'store.closed' })
      },
    },
  },
}

/** Only where somebody came while it ran there is anybody to wait for. */
const timely = {
  drainMs: {
    from: (state: string, { graceMs }: Readonly<Record<string, unknown>>) =>
      state === 'stopping.draining' && graceMs === GRACE_MS,
  },
}

/** What of the store does not answer, as the path needs it. */
function silentParts(stage: () => Stage, ahead: readonly string[]): Partial<Store> {
  const isOpenedLate = ahead.includes('fail') || ahead.includes('after startMs')
  const isNeverClosed =
    ahead.includes('after storeMs') || (ahead.includes('fail') && ahead.includes('stop'))
  return {
    ...(isOpenedLate && {
      open(answer: (input: StoreInput) => void) {
        stage().answer = answer
      },
    }),
    ...(isNeverClosed && { close: () => undefined }),
  }
}

registerContract(
  'the chart of a node:',
  chartPathCases<Stage>({
    logic: rootMachine,
    beginnings: { node: { input: INPUT, stimuli, timely } },
    passTime: () => undefined,
    async perform(_, ahead, drive) {
      const transitions = recordTransitions()
      await playScene<BoundTypes, void>(
        subject,
        ahead.join(', '),
        (scene) => {
          const node = scene.start('listener', {
            isStarted: false,
            store: silentParts(() => stage, ahead),
          })
          const stage: Stage = { scene, node, answer: undefined }
          const { actor, port } = node.supervisor
          const seen: Seen[] = [{ event: 'start', state: printValue(actor.getSnapshot().value) }]
          port.watch((observation) => {
            if (observation.of !== 'transition' || observation.chart !== 'root') return
            // The port tells where the node stands; the chart has more states.
            seen.push({
              event: observation.event,
              state: printValue(actor.getSnapshot().value),
            })
          })
          drive({
            stage,
            seen,
            taken: () => transitions.taken,
            run: (isDone) => void scene.world.runUntil(isDone, { withinMs: 45_000 }),
          })
        },
        {
          isRepeated: false,
          prepare(seat, parts) {
            if (seat !== 'listener') return parts
            const { charts } = parts
            return { ...parts, charts: { ...charts, root: transitions.watch(charts.root) } }
          },
        },
      )
    },
    unreachable: {},
  }),
)
