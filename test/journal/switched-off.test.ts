import { expect, test, vi } from 'vitest'
import { createSupervisor } from '../../index.ts'
import type { ObservationPort } from '../../index.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode } from '../support/nodes.ts'

const MESSAGES = 100

/** Bob says so many things to alice; how often her port is told of anything meanwhile. */
function startTalk(how: 'flight' | 'off' | 'recorded') {
  const world = startVirtualWorld({ seed: 'off' })
  const { datagrams, store, streams, ...rest } = world.nodeWorld('alice', '10.0.0.1')
  const alice = createSupervisor({
    ...{ name: 'alice', protocol: plain(), transport: streams, store, world: rest },
    listen: ['10.0.0.1:7001'],
    ...(datagrams === undefined ? {} : { datagrams }),
    ...(how === 'flight' ? {} : { flight: false }),
    ...(how === 'recorded' ? { record: memoryJournal() } : {}),
  })
  void alice.start()
  let heard = 0
  alice.messages('blob').subscribe(() => heard++)
  const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
  world.advance(1_000)
  const port: ObservationPort = alice.port
  const tell = vi.spyOn(port, 'tell')
  const { name = '' } = bob.supervisor.connections()[0] ?? {}
  for (let sent = 0; sent < MESSAGES; sent++) {
    bob.supervisor.send(name, { type: 'blob', payload: new Uint8Array(9) })
  }
  world.advance(100)
  expect(heard).toBe(MESSAGES)
  const told = tell.mock.calls.map(([{ of }]) => of)
  return { alice, told }
}

test('a node that is not recorded tells nobody anything: not one call for a message or a step', () => {
  const { alice, told } = startTalk('off')
  expect(alice.audit().watchers).toBe(0)
  expect(told).toEqual([])
})

test('with the flight recorder alone it is told of messages, and no step or effect is built', () => {
  const { told } = startTalk('flight')
  expect(told).toHaveLength(MESSAGES)
  expect(new Set(told)).toEqual(new Set(['message']))
})

test('a node that is recorded tells of all of it, so that the count above is one of something', () => {
  const { told } = startTalk('recorded')
  expect(told.filter((of) => of === 'message')).toHaveLength(MESSAGES)
  expect(told).toContain('step')
})
