import { setup } from 'xstate'
import type { Role } from '../../codec/wire.ts'
import type { Protocol } from '../../index.ts'
import { connectionMachine } from '../../machines/connection.ts'
import type { ConnectionEvent, ConnectionInput, Ending } from '../../machines/connection.ts'
import type { ProtocolTypes, SessionEvent, SessionInput } from '../../machines/session.ts'
import type { SessionSaid } from '../../machines/session.ts'
import { asSlot, fillSession } from '../../machines/slot.ts'
import { chartPathCases } from '../../testing/charts/paths.ts'
import { connectionOf, startDial, watchChart } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import { recordTransitions } from '../../testing/charts/taken.ts'
import { HOSTS, playScene } from '../../testing/protocol/scene.ts'
import type { Puppet, Scene, SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { bound, CLOSING_MS } from '../contracts/fits/bound.ts'
import type { BoundTypes } from '../contracts/fits/bound-wire.ts'
import { keyOf, say } from '../contracts/seats.ts'

interface Stage {
  readonly scene: Scene<BoundTypes>
  readonly node: SceneNode<BoundTypes>
  /** Whoever the connection is with: a node that goes through all of it, or who does as he is told. */
  puppet: Pick<Puppet<BoundTypes>, 'end' | 'say'> | undefined
}

const subject = {
  protocol: (seat: Seat) => bound(keyOf(seat)),
  talk: { dialler: [], listener: [] },
}

const sessionOf = <T extends ProtocolTypes>(actions: { onOpened: () => void }) =>
  setup({
    types: {} as {
      events: SessionEvent<T>
      input: SessionInput<T>
      emitted: SessionSaid<T>
    },
    actions,
  }).createMachine({ on: { opened: { actions: 'onOpened' } } })

const failing = (): Protocol<BoundTypes> => ({
  ...subject.protocol('listener'),
  session: asSlot(
    sessionOf<BoundTypes>({
      onOpened() {
        throw new Error('the session was made to throw')
      },
    }),
  ),
})

/** Less than the session's own waits, so that the time for all of it is over first. */
const hurried = (): Protocol<BoundTypes> => {
  const protocol = subject.protocol('listener')
  const establish = { ...protocol.deadlines.establish, ms: 1_000 }
  return { ...protocol, deadlines: { ...protocol.deadlines, establish } }
}

const inputFor = (role: Role): ConnectionInput => ({
  name: 'model',
  role,
  ...{ target: undefined, dial: undefined, slot: 'any', startedMs: 0 },
  ...{ connectMs: 2_000, establishMs: 15_000, establishDetail: 'late', flushMs: 1_000 },
})
/** A stream on which no key comes. */
function startMute({ world }: Scene<BoundTypes>): Pick<Puppet<BoundTypes>, 'end' | 'say'> {
  const { streams } = world.nodeWorld('mute', '10.0.0.50')
  streams.start(() => undefined)
  streams.open(2, { host: HOSTS.listener, port: 7004 })
  world.settle()
  return {
    say: () => undefined,
    end() {
      streams.end(2)
    },
  }
}

const ending: Ending = { reason: 'asked', detail: 'disconnected' }

const leave = ({ node }: Stage): void => {
  node.supervisor.disconnect(connectionOf(node))
}

type Told = ConnectionEvent | { readonly type: 'xstate.error.actor.session'; readonly error: Error }

const stimuli: Stimuli<Told, Stage> = {
  opened: { once: { event: { type: 'opened', nowMs: 0 } } },
  ready: { once: { event: { type: 'ready' } } },
  leave: {
    // Without a channel there is nothing to say, and no answer to wait for.
    'at once': {
      event: { type: 'leave', ending, answerMs: 0 },
      from: ['connecting', 'handshaking'],
      bring: leave,
    },
    'with a farewell': {
      event: { type: 'leave', ending, answerMs: CLOSING_MS },
      from: ['handshaking'],
      bring(stage) {
        const { node, scene } = stage
        const isUp = () => node.connections().some(({ facts }) => facts !== undefined)
        scene.world.runUntil(isUp, { withinMs: 1_000 })
        leave(stage)
      },
    },
  },
  answered: {
    once: {
      event: { type: 'answered' },
      bring({ puppet }) {
        puppet?.say(say('closing'))
      },
    },
  },
  drop: {
    once: {
      event: { type: 'drop', ending },
      from: ['handshaking'],
      bring({ scene }) {
        // The first stream that came in.
        scene.world.network.reset(HOSTS.listener, 1)
      },
    },
  },
  'peer.ended': {
    once: {
      event: { type: 'peer.ended' },
      // A stream that is not open has no end.
      from: ['handshaking', 'closing.leaving', 'closing.shutting'],
      bring({ puppet }) {
        puppet?.end()
      },
    },
  },
  flushed: { once: { event: { type: 'flushed' }, isSpontaneous: true } },
  'xstate.error.actor.session': {
    once: {
      event: { type: 'xstate.error.actor.session', error: new Error('any') },
      from: ['handshaking'],
      // What the session was told when it threw.
      seenAs: 'opened',
    },
  },
}

registerContract(
  'the chart of a connection:',
  chartPathCases<Stage>({
    logic: fillSession(
      connectionMachine,
      asSlot(sessionOf<ProtocolTypes>({ onOpened: () => undefined })),
    ),
    beginnings: {
      listener: { input: inputFor('listener'), stimuli },
      dialler: { input: inputFor('dialler'), stimuli },
    },
    passTime({ node }) {
      node.tampering.silentAt = 0
    },
    async perform(beginning, ahead, drive) {
      const transitions = recordTransitions()
      await playScene<BoundTypes, void>(
        subject,
        ahead.join(', '),
        (scene) => {
          const seat: Role = beginning === 'dialler' ? 'dialler' : 'listener'
          const isLate = ahead.includes('after establishMs')
          const isFailing = ahead.includes('xstate.error.actor.session')
          const protocol = isFailing ? failing : isLate ? hurried : undefined
          const node = scene.start(seat, protocol && { protocol })
          const stage: Stage = { scene, node, puppet: undefined }
          const seen = watchChart(node, 'connection')
          if (seat === 'dialler') {
            // Nobody there answers: what the dial comes to, its peer does not say.
            if (ahead[0] !== 'opened') scene.world.network.setReach(() => 'silent')
            const listener = scene.start('listener')
            startDial(node, listener.address)
          } else if (ahead.includes('ready')) startDial(scene.start('dialler'), node.address)
          else stage.puppet = ahead[0] === 'leave at once' ? startMute(scene) : scene.puppet(node)
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
            if (seat !== beginning) return parts
            const { charts } = parts
            return {
              ...parts,
              charts: { ...charts, connection: transitions.watch(charts.connection) },
            }
          },
        },
      )
    },
    unreachable: {
      'connection.closing: leave': 'a connection that is leaving is not told to leave again',
    },
  }),
)
