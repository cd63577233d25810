/**
 * The paths of a network's session, driven in a node that runs: whoever it speaks with, and what they
 * say, the network's table of stimuli brings along.
 * @module
 */
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes, SessionEvent } from '../../machines/session.ts'
import { playScene } from '../protocol/scene.ts'
import type { Scene, SceneNode } from '../protocol/scene.ts'
import type { SceneSubject } from '../protocol/subject.ts'
import type { ContractCase } from '../suite.ts'
import { chartPathCases } from './paths.ts'
import type { Seen, Stimuli } from './stimuli.ts'
import { recordTransitions } from './taken.ts'

/** What every stage has; a network adds its peers. */
export interface SessionStage<T extends ProtocolTypes> {
  readonly scene: Scene<T>
  /** Whose session it is. */
  readonly node: SceneNode<T>
}

export interface SessionPaths<T extends ProtocolTypes, Stage extends SessionStage<T>> {
  /** The roles in which the session is driven, and what it can be told in each. */
  readonly roles: Readonly<
    Partial<
      Record<
        Role,
        {
          /** Left out: no address is dialled. */
          readonly target?: T['address']
          readonly stimuli: Stimuli<SessionEvent<T>, Stage>
        }
      >
    >
  >
  /** Who is there before the connection begins. */
  prepare(scene: Scene<T>, role: Role, ahead: readonly string[]): Stage
  /** Makes the connection begin. */
  begin(stage: Stage, role: Role, ahead: readonly string[]): void
  readonly unreachable: Readonly<Record<string, string>>
}

/** Longer than any wait of a session here, and shorter than what comes of silence while active. */
const WAIT_MS = 45_000

/** What a chart of the first connection that begins from now on is told, and where that leaves it. */
export function watchChart<T extends ProtocolTypes>(
  { supervisor }: SceneNode<T>,
  chart: 'connection' | 'session',
): readonly Seen[] {
  const seen: Seen[] = []
  let watched: string | undefined
  supervisor.port.watch((observation) => {
    if (observation.of !== 'transition' || observation.chart !== chart) return
    watched ??= observation.name
    if (observation.name === watched) seen.push(observation)
  })
  return seen
}

/** @throws {Error} the node has no connection */
export function connectionOf<T extends ProtocolTypes>({ supervisor }: SceneNode<T>): string {
  const name = supervisor.connections().at(-1)?.name
  if (name === undefined) throw new Error('there is no connection')
  return name
}

/** The dial is its own: nothing more happens than that it is asked for. */
export function startDial<T extends ProtocolTypes>(from: SceneNode<T>, address: string): void {
  from.supervisor.connect(address).catch(() => undefined)
}

export function sessionPathCases<T extends ProtocolTypes, Stage extends SessionStage<T>>(
  subject: SceneSubject<T>,
  paths: SessionPaths<T, Stage>,
): readonly ContractCase[] {
  const roles = Object.entries(paths.roles) as readonly (readonly [
    Role,
    NonNullable<(typeof paths.roles)[Role]>,
  ])[]
  const protocol = subject.protocol('listener')
  const slotOf = (role: Role): string =>
    protocol.slots.find((kind) => kind.role === role)?.name ?? role
  return chartPathCases<Stage>({
    logic: protocol.session,
    beginnings: Object.fromEntries(
      roles.map(([role, { stimuli, target }]) => [
        role,
        { input: { name: 'model', role, target, dial: undefined, slot: slotOf(role) }, stimuli },
      ]),
    ),
    passTime({ node }) {
      node.tampering.silentAt = 0
    },
    async perform(beginning, ahead, drive) {
      const role: Role = beginning === 'dialler' ? 'dialler' : 'listener'
      const transitions = recordTransitions()
      await playScene(
        subject,
        ahead.join(', '),
        (scene) => {
          const stage = paths.prepare(scene, role, ahead)
          const seen = watchChart(stage.node, 'session')
          const before = transitions.taken.length
          paths.begin(stage, role, ahead)
          drive({
            stage,
            seen,
            taken: () => transitions.taken.slice(before),
            run: (isDone) => void scene.world.runUntil(isDone, { withinMs: WAIT_MS }),
          })
        },
        {
          isRepeated: false,
          prepare(seat, parts) {
            if (seat !== role) return parts
            const { protocol } = parts
            return {
              ...parts,
              protocol: { ...protocol, session: transitions.watch(protocol.session) },
            }
          },
        },
      )
    },
    unreachable: paths.unreachable,
  })
}

/** An event that nobody tells the chart, or that it does not care for. */
export const NEVER = {}

/** A unit as a session is told it. */
export const unitOf = <Message extends { readonly type: string }>(message: Message) => ({
  type: 'unit' as const,
  message,
  raw: new Uint8Array(0),
  ...{ bytesOnWire: 1, bufferedBytes: 0 },
})
