import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { getAdjacencyMap } from 'xstate/graph'
import { describe, expect, test } from 'vitest'
import { connectionMachine } from '../../machines/connection.ts'
import { rootMachine } from '../../machines/root.ts'
import { fillSession } from '../../machines/slot.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import { startScene } from '../../testing/protocol/scene.ts'
import type { Scene, SceneNode } from '../../testing/protocol/scene.ts'
import { bound, CLOSING_MS } from '../contracts/fits/bound.ts'
import type { BoundTypes } from '../contracts/fits/bound-wire.ts'
import type { ProtocolSubject } from '../../testing/testing.ts'
import { keyOf } from '../contracts/seats.ts'
import { NOTHING_HELD } from '../support/nodes.ts'

const GRACE_MS = 5_000
const FLUSH_MS = bound(keyOf('listener')).deadlines.flushMs

const printState = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([state, inner]) => `${state}.${printState(inner)}`)
        .join('|')
    : String(value)

/** Every state that a chart can be found in, from its first one by whatever it can be told. */
function statesOf(machine: AnyStateMachine, input: unknown, samples: Record<string, object>) {
  const types = new Set<string>()
  const collect = (state: AnyStateMachine['root']): void => {
    for (const type of state.transitions.keys()) if (type !== '') types.add(type)
    for (const inner of Object.values(state.states)) collect(inner)
  }
  collect(machine.root)
  const map = getAdjacencyMap(machine, {
    input,
    events: [...types].map((type) => ({ type, ...samples[type] })),
    serializeState: ({ context, value }: AnyMachineSnapshot) => JSON.stringify([value, context]),
    // What is done takes no events, which the traversal does not know.
    stopWhen: ({ status }: AnyMachineSnapshot) => status === 'done',
    limit: 10_000,
  })
  return new Set(
    Object.values(map).map(({ state }) => printState((state as AnyMachineSnapshot).value)),
  )
}

const ENDING = { ending: { reason: 'asked', detail: 'disconnected' } }
const ROOT_STATES = statesOf(
  rootMachine,
  { name: 'node', startMs: 1_000 },
  { stop: { graceMs: GRACE_MS }, fail: { fault: 'listen-failed', message: 'taken' } },
)
const CONNECTION_STATES = statesOf(
  fillSession(connectionMachine, bound(keyOf('listener')).session),
  { name: 'one', role: 'dialler', startedMs: 0, connectMs: 1, establishMs: 1, flushMs: 1 },
  { opened: { nowMs: 0 }, leave: { ...ENDING, answerMs: 1 }, drop: ENDING },
)

type Node = SceneNode<BoundTypes>
type BoundScene = Scene<BoundTypes>

const HELD_OPEN = { store: { open: () => undefined } }

/** Brings a node there. What it can hold meanwhile is a matter of the connection's states. */
const TO_ROOT_STATE: Readonly<Record<string, (scene: BoundScene) => Node>> = {
  idle: (scene) => scene.start('listener', { isStarted: false }),
  'starting.opening': (scene) => scene.start('listener', HELD_OPEN),
  'starting.listening': (scene) =>
    scene.start('listener', { through: (streams) => ({ ...streams, listen: () => undefined }) }),
  running: (scene) => scene.start('listener'),
  'stopping.draining'(scene) {
    const node = scene.start('listener')
    TO_CONNECTION_STATE['closing.leaving']?.(scene, node)
    stopped(node)
    return node
  },
  'stopping.closing'(scene) {
    const node = scene.start('listener', { store: { close: () => undefined } })
    stopped(node)
    scene.world.settle()
    return node
  },
  stopped(scene) {
    const node = scene.start('listener')
    stopped(node)
    scene.world.advance(GRACE_MS)
    return node
  },
  failed(scene) {
    const node = scene.start('listener', HELD_OPEN)
    scene.world.advance(60_000)
    return node
  },
}

/** Brings a connection of the node there. */
const TO_CONNECTION_STATE: Readonly<Record<string, (scene: BoundScene, node: Node) => void>> = {
  connecting(scene, node) {
    scene.world.network.setReach(() => 'silent')
    scene.dial(node, scene.nowhere('dialler'))
  },
  handshaking(scene, node) {
    scene.puppet(node)
  },
  active(scene, node) {
    scene.meet(scene.start('dialler'), node)
  },
  'closing.leaving'(scene, node) {
    const other = scene.start('dialler')
    scene.meet(other, node)
    other.tampering.readsNothing = true
    node.supervisor.disconnect(node.active() ?? '')
    scene.world.settle()
  },
  'closing.shutting'(scene, node) {
    TO_CONNECTION_STATE['closing.leaving']?.(scene, node)
    scene.world.advance(CLOSING_MS + FLUSH_MS / 2)
  },
  closed(scene, node) {
    TO_CONNECTION_STATE['closing.leaving']?.(scene, node)
    scene.world.advance(CLOSING_MS + 2 * FLUSH_MS)
  },
}

function stopped({ supervisor }: Node): { readonly isSettled: () => boolean } {
  let isSettled = false
  supervisor.stop({ graceMs: GRACE_MS }).then(
    () => {
      isSettled = true
    },
    () => undefined,
  )
  return { isSettled: () => isSettled }
}

const subject: ProtocolSubject<BoundTypes> = {
  protocol: (seat) => bound(keyOf(seat)),
  talk: { dialler: [], listener: [] },
  // None of them is asked for here.
  details: {} as ProtocolSubject<BoundTypes>['details'],
}

/** The state in which a chart of the node was seen last. */
function lastStateOf({ supervisor }: Node, chart: 'connection' | 'root'): () => string {
  let last = 'idle'
  supervisor.port.watch((observation) => {
    if (observation.of === 'transition' && observation.chart === chart) last = observation.state
  })
  return () => last
}

/** By its deadline it is over, holds nothing, and had no fault. */
async function expectStopped(scene: BoundScene, node: Node): Promise<void> {
  const { isSettled } = stopped(node)
  scene.world.advance(GRACE_MS)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isSettled()).toBe(true)
  expect(['stopped', 'failed']).toContain(node.supervisor.state)
  expect(node.supervisor.audit()).toMatchObject(NOTHING_HELD)
  expect(node.faults()).toEqual([])
}

test('there is a way into each state of the charts', () => {
  expect(Object.keys(TO_ROOT_STATE).sort()).toEqual([...ROOT_STATES].sort())
  expect(Object.keys(TO_CONNECTION_STATE).sort()).toEqual([...CONNECTION_STATES].sort())
})

describe('stop settles by its deadline and gives everything back', () => {
  test.each(Object.keys(TO_ROOT_STATE))('while the root is in %s', async (state) => {
    const { scene } = startScene(subject)
    const node = TO_ROOT_STATE[state]?.(scene)
    if (node === undefined) throw new Error(state)
    expect(printState(node.supervisor.actor.getSnapshot().value)).toBe(state)
    await expectStopped(scene, node)
  })

  test.each(Object.keys(TO_CONNECTION_STATE))('while a connection is in %s', async (state) => {
    const { scene } = startScene(subject)
    const node = scene.start('listener')
    const last = lastStateOf(node, 'connection')
    TO_CONNECTION_STATE[state]?.(scene, node)
    expect(last()).toBe(state)
    await expectStopped(scene, node)
  })

  test.each(Object.keys(TO_CONNECTION_STATE))(
    'a second time, while a connection in %s is waited for',
    async (state) => {
      const { scene } = startScene(subject)
      const node = scene.start('listener')
      TO_CONNECTION_STATE[state]?.(scene, node)
      const first = stopped(node)
      scene.world.settle()
      await expectStopped(scene, node)
      expect(first.isSettled()).toBe(true)
    },
  )

  test('asked for from inside its own events', async () => {
    const { scene } = startScene(subject)
    const node = scene.start('listener')
    node.supervisor.events.subscribe(({ type }) => {
      if (type === 'connection.active') stopped(node)
    })
    scene.meet(scene.start('dialler'), node)
    await expectStopped(scene, node)
  })
})

test('a store that never opens fails the start by its deadline', async () => {
  const { scene } = startScene(subject)
  const node = scene.start('listener', { ...HELD_OPEN, isStarted: false })
  const started = node.supervisor.start()
  scene.world.advance(NODE_LIMITS.startMs + 1_000)
  await expect(started).rejects.toMatchObject({ code: 'failed' })
  expect(node.events.map(({ event }) => event.type)).toEqual(['node.failed', 'node.stopped'])
})
