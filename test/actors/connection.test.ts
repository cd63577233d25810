import { expect, test } from 'vitest'
import type { Protocol } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

/** Its wire breaks with what comes first, by a fault of its own. */
const breaking = (): Protocol<PlainTypes> => {
  const protocol = plain()
  return {
    ...protocol,
    wire: (setup) => ({
      ...protocol.wire(setup),
      read() {
        throw new Error('a wire that breaks')
      },
    }),
  }
}

test('a connection whose wire breaks is told of, and is gone at once', () => {
  const world = startVirtualWorld({ seed: 'breaking' })
  const alice = startNode(world, 'alice', '10.0.0.1', plain())
  const bob = startNode(world, 'bob', '10.0.0.2', breaking())
  void bob.supervisor.connect(`10.0.0.1:${String(plain().defaultPort)}`)
  world.advance(1_000)
  expect(bob.eventsOf('fault').map(({ error }) => String(error))).toContain(
    'Error: a wire that breaks',
  )
  expect(bob.eventsOf('connection.closed')[0]).toMatchObject({
    reason: 'our-fault',
    detail: 'wire-fault',
  })
  expect(bob.supervisor.audit()).toMatchObject({ connections: 0, streams: 0 })
  expect(alice.supervisor.connections()).toEqual([])
})
