import { expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import type { SupervisorEvent } from '../../index.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { plain } from '../contracts/fits/plain.ts'

function startPair(seed = 'pair') {
  const world = startVirtualWorld({ seed })
  const start = (name: string, host: string, bootstrap: string[]) => {
    const { streams, datagrams, store, ...rest } = world.nodeWorld(name, host)
    const events: SupervisorEvent[] = []
    const supervisor = createSupervisor({
      name,
      protocol: plain(),
      transport: streams,
      store,
      world: rest,
      listen: [`${host}:7001`],
      peers: { bootstrap },
      ...(datagrams === undefined ? {} : { datagrams }),
    })
    supervisor.events.subscribe((event) => events.push(event))
    void supervisor.start()
    return { supervisor, events }
  }
  const alice = start('alice', '10.0.0.1', [])
  const bob = start('bob', '10.0.0.2', ['10.0.0.1:7001'])
  return { world, alice, bob }
}

test('two nodes connect, talk, and stop', async () => {
  const { world, alice, bob } = startPair()
  world.advance(1_000)
  expect(alice.events.filter(({ type }) => type === 'fault')).toEqual([])
  expect(bob.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  expect(alice.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  const got: number[] = []
  alice.supervisor.messages('blob').subscribe(({ message }) => got.push(message.payload.length))
  const [connection] = bob.supervisor.connections()
  for (let count = 0; count < 100; count++) {
    bob.supervisor.send(connection?.name ?? '', { type: 'blob', payload: new Uint8Array(count) })
  }
  world.advance(1_000)
  expect(got).toEqual(Array.from({ length: 100 }, (_, count) => count))
  const stopped = Promise.all([alice.supervisor.stop(), bob.supervisor.stop()])
  world.advance(10_000)
  expect(await stopped).toEqual([{ killed: [] }, { killed: [] }])
  for (const { supervisor } of [alice, bob]) {
    expect(supervisor.audit()).toMatchObject({
      streams: 0,
      connections: 0,
      timers: 0,
      listeners: 0,
    })
  }
})
