import { expect, test } from 'vitest'
import { answersOf } from '../../../cli/control/node-answers.ts'
import { describerOf } from '../../../cli/description.ts'
import { createSupervisor } from '../../../index.ts'
import type { BanKey } from '../../../index.ts'
import { startVirtualWorld } from '../../../testing/virtual-world.ts'
import { plain } from '../../contracts/fits/plain.ts'

function createNode() {
  const world = startVirtualWorld({ seed: 'answers' })
  const { datagrams, store, streams, ...rest } = world.nodeWorld('alice', '10.0.0.1')
  const supervisor = createSupervisor({
    ...{ name: 'alice', protocol: plain(), transport: streams, store, world: rest },
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  return { world, supervisor, answer: answersOf(supervisor, rest.clock, describerOf({})) }
}

const refusal = (error: string) => ({ error, usage: false })

test('a node that starts or stops says so, and that it is to be asked again', async () => {
  const { answer, supervisor, world } = createNode()
  const starting = refusal('the node is starting: ask again')
  expect(answer({ ask: 'peers' })).toEqual(starting)
  const started = supervisor.start()
  expect(answer({ ask: 'unban', subject: '10.0.0.9' })).toEqual(starting)
  world.advance(1_000)
  await started
  expect(answer({ ask: 'peers' })).toEqual({ rows: [] })
  const stopped = supervisor.stop()
  expect(answer({ ask: 'bans' })).toEqual(refusal('the node is stopping: ask again'))
  world.advance(10_000)
  await stopped
  expect(answer({ ask: 'bans' })).toEqual(refusal('the node is not running'))
})

test.each<[BanKey, string]>([
  [{ kind: 'identity', identity: 'ab/cd.e==' }, 'identity ab/cd.e=='],
  [{ kind: 'identity', identity: 'a b' }, 'identity a b'],
  [{ kind: 'address', host: 'peer.example' }, 'peer.example'],
  [{ kind: 'claim', group: 'g', identity: 'bob' }, 'claim 1 g bob'],
])('the ban of %j is lifted by what is printed of it', async (key, subject) => {
  const { answer, supervisor, world } = createNode()
  const started = supervisor.start()
  world.advance(1_000)
  await started
  supervisor.ban(key)
  expect(answer({ ask: 'unban', subject })).toMatchObject({ rows: [{ event: 'unbanned' }] })
  expect(supervisor.bans()).toEqual([])
})
