/**
 * Directs as the raw peer reads and writes them, for both of their ends.
 * @module
 */
import { expect } from 'vitest'
import { NUMBER } from '../interop/raw-native-messages.ts'
import type { Value } from '../interop/raw-native-messages.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import type { OurRole, Scene } from './native-conformance-support.ts'

export const PAYLOAD_BYTES_MAX = 1_048_576
export const bytes = (count: number, fill = 7) => new Uint8Array(count).fill(fill)
export const directTo = (
  id: Uint8Array,
  payload: Uint8Array,
  protocol = 'test/echo',
): readonly Value[] => [NUMBER.direct, id, protocol, payload, null]
export const responseTo = (id: Uint8Array, payload: Uint8Array) => [NUMBER.response, id, payload]

export const answersOf = ({ peer }: RawStream) =>
  peer.heard
    .map(({ values }) => values)
    .filter(([number]) => number === NUMBER.response || number === NUMBER.error)

/** What the application does settles between two inputs, not within one. */
export async function later({ world }: Pick<Scene, 'world'>): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    world.settle()
    await Promise.resolve()
  }
}

export const expectOpen = (scene: Scene, stream: RawStream): void => {
  expect([stream.state(), stream.peer.problems, scene.struck()]).toEqual(['open', [], []])
  expect(scene.ours.eventsOf('fault')).toEqual([])
}

/** The session is lost, and there is a new one, as our node's role has it. */
export function reconnect(scene: Scene, role: OurRole, lost: RawStream): RawStream {
  lost.destroy()
  scene.world.settle()
  if (role === 'responder') return scene.establish(role)
  const { accepted } = scene.hostAt('10.0.0.2')
  const before = accepted.length
  scene.world.runUntil(() => accepted.length > before, { withinMs: 5_000 })
  const stream = accepted[before]
  if (stream === undefined) throw new Error('our node did not dial again')
  scene.world.settle()
  stream.peer.greet()
  scene.world.settle()
  return stream
}
