import { expect, test } from 'vitest'
import { encodeAscii } from '../../../codec/bytes.ts'
import { lines } from '../../../examples/smallest-network.ts'
import { createSupervisor } from '../../../index.ts'
import { hostilePeer, startVirtualWorld, virtualGround } from '../../../testing/testing.ts'

test('a node of ours passes every attack', { timeout: 60_000 }, async () => {
  const world = startVirtualWorld({ seed: 'attacks' })
  const { streams, store, clock, jobs, random } = world.nodeWorld('ours', '10.0.0.1')
  const node = createSupervisor({
    protocol: lines(),
    transport: streams,
    store,
    world: { clock, jobs, random },
    listen: ['10.0.0.1:7100'],
  })
  const started = node.start()
  world.settle()
  await started

  const peer = hostilePeer('10.0.0.1:7100', lines, {
    ground: virtualGround(world),
    messages: [{ type: 'line', bytes: encodeAscii('one') }],
  })
  for await (const { attack, because, verdict } of peer.attackAll()) {
    expect([attack, verdict, because]).toEqual([attack, 'passed', []])
  }
})
