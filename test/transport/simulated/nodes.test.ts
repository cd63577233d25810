import { expect, test } from 'vitest'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import type { FaultPreset } from '../../../transport/simulated/faults.ts'
import { plain } from '../../contracts/fits/plain.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../../support/nodes.ts'

const MINUTES = 5

/** Two nodes that are bootstrap addresses of each other, and send a blob of their own each second. */
function liveThrough(preset: FaultPreset, seed: string, skipFault?: number) {
  const world = startVirtualWorld({
    seed,
    faults: FAULT_PRESETS[preset],
    ...(skipFault === undefined ? {} : { skipFault }),
  })
  const one = startNode(world, 'one', '10.0.0.1', plain(), { bootstrap: ['10.0.0.2:7001'] })
  const other = startNode(world, 'other', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
  const nodes = [one, other]
  const trace: string[] = []
  for (const { supervisor, host } of nodes) {
    supervisor.messages('blob').subscribe(({ message }) => {
      trace.push(`${world.clock.nowMs} ${host} ${message.payload.length}`)
    })
  }
  for (let second = 0; second < MINUTES * 60; second++) {
    world.advance(1_000)
    for (const { supervisor } of nodes) {
      for (const { name, phase } of supervisor.connections()) {
        if (phase !== 'active') continue
        supervisor.send(name, { type: 'blob', payload: new Uint8Array((second * 997) % 40_000) })
      }
    }
  }
  return { world, nodes, trace }
}

/** Whatever a connection received was handled or dropped for a reason. */
function unaccounted({ eventsOf }: ReturnType<typeof startNode>) {
  return eventsOf('connection.closed').filter(
    ({ dropped, handledMessages, receivedMessages }) =>
      handledMessages + Object.values(dropped).reduce((sum, count) => sum + count, 0) !==
      receivedMessages,
  )
}

test.each(['calm', 'lossy', 'swarm'] as const)(
  'two supervised nodes live through minutes of %s, and nothing is left when they stop',
  async (preset) => {
    const { world, nodes, trace } = liveThrough(preset, `nodes in ${preset}`)
    expect(trace.length).toBeGreaterThan(100)
    const stops = nodes.map(({ supervisor }) => supervisor.stop({ graceMs: 5_000 }))
    world.advance(6_000)
    await Promise.all(stops)
    await Promise.all(nodes.map(({ started }) => started))
    for (const node of nodes) {
      expect(node.supervisor.state).toBe('stopped')
      expect(node.supervisor.audit()).toMatchObject(NOTHING_HELD)
      expect(node.eventsOf('fault')).toEqual([])
      expect(node.eventsOf('connection.closed').length).toBeGreaterThan(0)
      expect(unaccounted(node)).toEqual([])
    }
  },
)

test('nodes in a calm network keep their one connection each way', () => {
  const { world, nodes } = liveThrough('calm', 'calm')
  for (const node of nodes) expect(node.eventsOf('connection.closed')).toEqual([])
  expect(Object.values(world.network.faultCounts())).toEqual(
    Object.values(world.network.faultCounts()).map(() => 0),
  )
})

test('the same seed gives the same life, another seed another, and so does one fault less', () => {
  const { trace } = liveThrough('swarm', 'again')
  expect(liveThrough('swarm', 'again').trace).toEqual(trace)
  expect(liveThrough('swarm', 'other').trace).not.toEqual(trace)
  expect(liveThrough('swarm', 'again', 20).trace).not.toEqual(trace)
})
