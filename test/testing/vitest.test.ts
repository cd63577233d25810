import { describe, expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { tcp } from '../../transport/tcp.ts'
import { startPair } from '../../testing/pair.ts'
import { registerContract } from '../../testing/vitest.ts'
import { plain } from '../contracts/fits/plain.ts'
import { say } from '../contracts/seats.ts'

const HELLO = say('hello')

describe('toReachState', () => {
  test('holds of what is, of what was, and of what comes in the world that it moves', async () => {
    const { dialler, listener, world, stop } = startPair(plain())
    await expect(dialler).toReachState('active')
    await expect(dialler).toReachState('handshaking')
    await expect(dialler.supervisor).toReachState({ session: 'open' })
    await expect(listener.supervisor.connections()[0]).toReachState('active')
    await expect(listener.supervisor).toReachState('running')
    const before = world.clock.nowMs
    await expect(dialler).not.toReachState('closed', { world, withinMs: 59_000 })
    await expect(dialler).toReachState('closed', { world, withinMs: 2_000 })
    expect(world.clock.nowMs - before).toBeGreaterThanOrEqual(60_000)
    await expect(dialler.supervisor.explain(dialler.connection)).toReachState('closing')
    await expect(dialler.supervisor).toReachState('active', { world })
    await stop()
    await expect(dialler.supervisor).toReachState('stopped')
    await expect(dialler.supervisor).not.toReachState('running')
  })

  test('says what there is in its place', async () => {
    const { dialler, stop, world } = startPair(plain())
    const waiting = expect(dialler.supervisor).toReachState('closing', { world, withinMs: 10 })
    await expect(waiting).rejects.toThrow(
      "it was to reach 'closing'; dialler/out-1 is active, its session open",
    )
    await expect(expect(dialler).not.toReachState('active')).rejects.toThrow('was not to reach')
    await stop()
  })
})

describe('toCloseWith', () => {
  test('holds of a detail, of a reason, and of more', async () => {
    const { dialler, listener, world, stop } = startPair(plain())
    dialler.supervisor.send(dialler.connection, HELLO)
    await expect(listener).toCloseWith('hello-twice', { world })
    await expect(listener).toCloseWith('peer-fault')
    await expect(listener).toCloseWith({ reason: 'peer-fault', phase: 'active' })
    await expect(listener.supervisor.explain(listener.connection)).toCloseWith('hello-twice')
    await expect(dialler).toCloseWith('peer-left', { world })
    await stop()
  })

  test('is over at once where the connection ended otherwise', async () => {
    const { dialler, stop, world } = startPair(plain())
    const before = world.clock.nowMs
    dialler.supervisor.disconnect(dialler.connection)
    await expect(expect(dialler).toCloseWith('silent', { world })).rejects.toThrow(
      "closed with { detail: 'disconnected', reason: 'asked', phase: 'active' }",
    )
    expect(world.clock.nowMs).toBe(before)
    await stop()
  })
})

test('nodes on real sockets are waited for in real time', async () => {
  const start = async (listen: readonly string[]) => {
    const supervisor = createSupervisor({ protocol: plain(), transport: tcp(), listen })
    await supervisor.start()
    return supervisor
  }
  const listener = await start(['127.0.0.1:0'])
  const dialler = await start([])
  const [at] = listener.listening
  dialler.connect(`127.0.0.1:${at?.port ?? 0}`).catch(() => undefined)
  await expect(listener).toReachState('active')
  await expect(dialler).not.toReachState('closed', { withinMs: 1 })
  const closing = expect(listener).toCloseWith('shutdown')
  await listener.stop()
  await closing
  await dialler.stop()
  await expect(dialler).toReachState('stopped')
})

describe('a contract', () => {
  const run = () => Promise.resolve('1 run')
  registerContract('registered', [
    { title: 'takes its time', run },
    { title: 'takes as much as it says', run, timeoutMs: 7_000_000 },
  ])

  test('is not held to the time that a runner gives a test of one thing', ({ task }) => {
    const registered = task.suite?.tasks.flatMap((one) => (one.type === 'suite' ? one.tasks : []))
    expect(registered?.map((one) => (one.type === 'test' ? one.timeout : 0))).toEqual([
      120_000, 7_000_000,
    ])
  })
})
