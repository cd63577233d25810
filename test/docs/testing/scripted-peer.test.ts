import { expect, test } from 'vitest'
import { createSupervisor } from '../../../index.ts'
import { encodeAscii } from '../../../codec/bytes.ts'
import { scriptedPeer, startVirtualWorld, until } from '../../../testing/testing.ts'
import { lines } from '../../../examples/smallest-network.ts'

const line = (text: string) => ({ type: 'line' as const, bytes: encodeAscii(text) })

test('a node is dialled by two, and one of them goes', async () => {
  const world = startVirtualWorld({ seed: 'two' })
  const { datagrams: _, store, streams, ...rest } = world.nodeWorld('node', '10.0.0.1')
  const supervisor = createSupervisor({
    protocol: lines(),
    transport: streams,
    store,
    world: rest,
    listen: ['10.0.0.1:7100'],
  })
  await until(world, supervisor.start())

  const dials = '10.0.0.1:7100'
  const [one, two] = [
    scriptedPeer(world, { protocol: lines(), dials }),
    scriptedPeer(world, { protocol: lines(), dials }),
  ]
  one.say(line('hi'))
  two.say(line('hi'))
  world.settle()
  expect(supervisor.connections().map(({ phase }) => phase)).toEqual(['active', 'active'])

  two.reset()
  world.settle()
  const [left] = supervisor.connections()
  supervisor.send(left?.name ?? '', line('alone?'))
  expect(one.next('line')).toEqual(line('hi'))
  expect(one.next('line')).toEqual(line('alone?'))
  await until(world, supervisor.stop())
})
