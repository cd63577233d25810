/**
 * The whole exchange of two nodes: a dial, the handshake, what both have to say, a farewell.
 * @module
 */
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Scene, SceneNode, StartOptions } from './scene.ts'
import type { ProtocolSubject } from './subject.ts'

export interface Pair<T extends ProtocolTypes> {
  readonly dialler: SceneNode<T>
  readonly listener: SceneNode<T>
}

/** What came of it, as one side saw it. Plain data: two runs are compared by it. */
export interface Impression {
  readonly identity: string | undefined
  readonly heard: readonly unknown[]
  readonly refused: readonly string[]
  readonly endings: readonly string[]
}

/** How long an answer may take in a world without latency: what nodes do once a second has happened. */
const TALK_MS = 1_500

/** The longest that an answer to a farewell is waited for in any network here, and a little. */
const FAREWELL_MS = 22_000

export const otherRole = (role: Role): Role => (role === 'dialler' ? 'listener' : 'dialler')

export const startPair = <T extends ProtocolTypes>(
  scene: Scene<T>,
  options?: StartOptions<T>,
): Pair<T> => ({
  listener: scene.start('listener', options),
  dialler: scene.start('dialler', options),
})

/** Each says what it has to say, as far as it has somebody to say it to. */
export function talk<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  pair: Pair<T>,
  isCutShort: () => boolean = () => false,
): boolean {
  for (const role of ['dialler', 'listener'] as const) {
    for (const message of subject.talk[role]) pair[role].say(message)
  }
  const isAllHeard = () =>
    (['dialler', 'listener'] as const).every(
      (role) => pair[role].heard.length >= subject.talk[otherRole(role)].length,
    )
  scene.world.runUntil(() => isCutShort() || isAllHeard(), { withinMs: TALK_MS })
  return isAllHeard()
}

/** One side closes; both are let come to their end. */
export function part<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  pair: Pair<T>,
  leaver: Role,
): boolean {
  const { deadlines } = subject.protocol(leaver)
  const leaving = pair[leaver].connections()
  for (const { name } of leaving) pair[leaver].supervisor.disconnect(name)
  const isOver = () =>
    leaving.every(({ name }) => pair[leaver].supervisor.explain(name)?.phase === 'closed') &&
    pair[otherRole(leaver)].connections().length === 0
  return scene.world.runUntil(isOver, { withinMs: deadlines.flushMs + FAREWELL_MS })
}

/** On a bad line it goes as far as it can, or until it is cut short. */
export function visit<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  pair: Pair<T>,
  leaver: Role = 'dialler',
  isCutShort?: () => boolean,
): boolean {
  if (!scene.meet(pair.dialler, pair.listener, isCutShort)) return false
  return talk(scene, subject, pair, isCutShort) && part(scene, subject, pair, leaver)
}

export function impressionOf<T extends ProtocolTypes>(node: SceneNode<T>): Impression {
  const active = node.events.find(({ event }) => event.type === 'connection.active')?.event
  return {
    identity: active?.type === 'connection.active' ? active.identity : undefined,
    heard: node.heard,
    refused: node.refused,
    endings: node
      .closings()
      .map(({ detail, phase, reason, role }) => `${role} ${phase} ${reason} ${detail}`),
  }
}
