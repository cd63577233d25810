import { expect, test } from 'vitest'
import {
  addressOf,
  bytesOf,
  echo,
  settleAll,
  startAsking,
  textOf,
} from './native-requests-support.ts'

/** Both dial each other at once, and one of the two connections stays. */
async function startMeeting() {
  const scene = startAsking({ alice: { bootstrap: [] }, bob: { bootstrap: [] } }, 'meeting')
  const { alice, bob, world } = scene
  const connecting = [
    alice.supervisor.connect(addressOf('bob')),
    bob.supervisor.connect(addressOf('alice')),
  ] as const
  world.advance(2_000)
  const [ofAlice, ofBob] = await Promise.all(connecting)
  const ends = [
    { from: alice, to: bob, name: ofAlice },
    { from: bob, to: alice, name: ofBob },
  ] as const
  /** Whose `connect` settled with the one that did not stay. */
  const dead = ends.find(
    ({ from, name }) => from.supervisor.explain(name)?.ended?.detail === 'duplicate',
  )
  if (dead === undefined) throw new Error('both settled with the connection that stays')
  return { ...scene, ...dead }
}

test('the name of a connection that ended as a duplicate stands for the one that stayed', async () => {
  const { from, name, to, world } = await startMeeting()
  expect(from.supervisor.connections()).toMatchObject([{ phase: 'active' }])
  expect(from.supervisor.connections()[0]?.name).not.toBe(name)

  const got: string[] = []
  to.supervisor.messages('message').subscribe(({ message }) => got.push(textOf(message.payload)))
  const message = { type: 'message', protocol: 'chat', payload: bytesOf('hello') } as const
  expect(from.supervisor.send(name, message)).toBe('queued')
  await expect(from.supervisor.room(name)).resolves.toBeUndefined()

  echo(to.supervisor)
  const asked = from.supervisor.request(name, { protocol: 'test/echo', payload: bytesOf('one') })
  await settleAll(world)
  expect([got, textOf(await asked)]).toEqual([['hello'], 'one'])

  from.supervisor.disconnect(name)
  world.advance(100)
  expect(from.eventsOf('connection.closed').at(-1)).toMatchObject({ detail: 'disconnected' })
})

test('and for nobody where that is gone too', async () => {
  const { from, name, to, world } = await startMeeting()
  world.kill(to.supervisor.counts().node)
  world.advance(100)
  const message = { type: 'message', protocol: 'chat', payload: bytesOf('hello') } as const
  expect(from.supervisor.send(name, message)).toBe('gone')
})
