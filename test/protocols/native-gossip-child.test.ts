import { describe, expect, test } from 'vitest'
import type { ChildSpec, ChildTools } from '../../index.ts'
import { gossipChild } from '../../protocols/native/gossip.ts'
import type { GossipChildKept } from '../../protocols/native/gossip.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import {
  bytesOf,
  hostsOf,
  identityOf,
  NETWORK,
  protocolOf,
  startGossipNode,
  startGossipScene,
  startValidator,
  textOf,
} from './native-gossip-support.ts'

type Tools = ChildTools<NativeTypes>

/** A node and a puppet; the node's child is lent other tools than it would be. */
function startChanged(change: (tools: Tools) => Tools) {
  const own = identityOf('near')
  const spec = gossipChild({ network: NETWORK, own, limits: NATIVE_LIMITS })
  const child: ChildSpec<NativeTypes, GossipChildKept> = {
    ...spec,
    start: (tools, kept) => spec.start(change(tools), kept),
  }
  const world = startVirtualWorld({ seed: 'changed' })
  const hosts = hostsOf(['near', 'one'])
  const protocol = { ...protocolOf('near', 'node'), children: [child] }
  const near = startNode(world, 'near', '10.0.0.1', protocol)
  const lines: string[] = []
  near.supervisor.topic('news').subscribe(({ payload }) => lines.push(textOf(payload)))
  const puppet = startGossipNode(world, 'one', 'puppet', hosts, ['near'])
  world.advance(2_000)
  return { world, near, puppet, lines, ...startValidator(near) }
}

describe('the child that fails', () => {
  /** Its first delivery throws, as a fault of ours would. */
  function startFailing() {
    let hasFailed = false
    return startChanged((tools) => ({
      ...tools,
      application: {
        ...tools.application,
        deliver(delivery) {
          if (!hasFailed) {
            hasFailed = true
            throw new Error('broken')
          }
          tools.application.deliver(delivery)
        },
      },
    }))
  }

  test('asks again about what was pending, and remembers what was seen', async () => {
    const { answer, lines, near, puppet, texts, world } = startFailing()
    const { signed } = startGossipScene({ nodes: {} })
    const [first, second] = ['a', 'b'].map((text, number) =>
      signed('carol', { sequence: BigInt(number), payload: bytesOf(text) }),
    )
    if (first === undefined || second === undefined) throw new Error('there are two')
    const pass = (message: typeof first) => puppet.supervisor.send(identityOf('near').id, message)
    pass(first)
    pass(second)
    world.settle()
    await answer(0, 'accept')
    expect(near.eventsOf('child.restarted')).toHaveLength(1)
    world.advance(100)
    expect(texts()).toEqual(['a', 'b', 'b'])
    // The first incarnation's question is nobody's any more.
    await answer(1, 'accept')
    world.settle()
    expect(lines).toEqual([])
    await answer(2, 'accept')
    world.settle()
    expect(lines).toEqual(['b'])
    pass(first)
    pass(second)
    world.advance(100)
    expect([lines, texts().length]).toEqual([['b'], 3])
  })

  test('takes what was pending where nobody is left to be asked', async () => {
    const { answer, lines, puppet, removeValidator, world } = startFailing()
    const { signed } = startGossipScene({ nodes: {} })
    for (const sequence of [1n, 2n, 3n]) {
      puppet.supervisor.send(identityOf('near').id, signed('carol', { sequence }))
    }
    world.settle()
    removeValidator()
    await answer(0, 'accept')
    world.advance(100)
    expect(lines).toEqual(['hello', 'hello'])
    world.advance(10_000)
    expect(lines).toEqual(['hello', 'hello'])
  })

  test('checks again the signatures that were being checked', async () => {
    let incarnations = 0
    const { answer, lines, near, puppet, world } = startChanged((tools) => {
      if (incarnations++ > 0) return tools
      return {
        ...tools,
        run() {
          tools.after(0, () => {
            throw new Error('broken')
          })
        },
      }
    })
    const { signed } = startGossipScene({ nodes: {} })
    puppet.supervisor.send(identityOf('near').id, signed('carol'))
    world.advance(10)
    expect(near.eventsOf('child.restarted')).toHaveLength(1)
    world.advance(200)
    await answer(0, 'accept')
    world.settle()
    expect(lines).toEqual(['hello'])
    expect(near.eventsOf('peer.struck')).toEqual([])
  })

  test('bounds what was pending by a deadline again', async () => {
    const { answer, asked, lines, puppet, world } = startFailing()
    const { signed } = startGossipScene({ nodes: {} })
    for (const sequence of [1n, 2n]) {
      puppet.supervisor.send(identityOf('near').id, signed('carol', { sequence }))
    }
    world.settle()
    await answer(0, 'accept')
    world.advance(100 + 5_000)
    await answer(2, 'accept')
    world.settle()
    expect([asked.length, lines]).toEqual([3, []])
  })
})

test('a publication that could not be signed comes to nothing, and the next one is sent', async () => {
  let failures = 1
  const { near, puppet, world } = startChanged((tools) => ({
    ...tools,
    run(job, done) {
      if (job.operation === 'sign' && failures-- > 0) tools.after(0, () => done(undefined))
      else tools.run(job, done)
    },
  }))
  const [first, second] = ['one', 'two'].map((text) =>
    near.supervisor.publish('news', bytesOf(text)),
  )
  const refused = expect(first).rejects.toMatchObject({ code: 'restarting' })
  world.advance(500)
  await refused
  expect(await second).toMatchObject({ queued: 1 })
  expect(puppet.received()).toEqual(['two'])
  expect(near.eventsOf('child.restarted')).toEqual([])
})

test('nothing is kept of the memory in which a broadcast came', async () => {
  const { answer, lines, near, puppet, world } = startChanged((tools) => ({
    ...tools,
    feed(type, take) {
      tools.feed(type, (routed) => {
        take(routed)
        for (const field of Object.values(routed.message)) {
          if (field instanceof Uint8Array) field.fill(0)
        }
      })
    },
  }))
  const far = startGossipNode(world, 'far', 'node', hostsOf(['near', 'one', 'far']), ['near'])
  world.advance(2_000)
  const { signed } = startGossipScene({ nodes: {} })
  puppet.supervisor.send(identityOf('near').id, signed('carol'))
  world.settle()
  await answer(0, 'accept')
  world.settle()
  expect([lines, far.lines()]).toEqual([['hello'], ['hello']])
  expect([...near.eventsOf('peer.struck'), ...far.struck()]).toEqual([])
})
