/**
 * A `connect` that waits: what ends it, and what it leaves behind.
 */
import { describe, expect, test } from 'vitest'
import { native } from '../../protocols/native.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { keyOf } from '../contracts/seats.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { FAR, startAlone, startTwo, withCode } from './plain-nodes.ts'

describe('connect', () => {
  test('to the node itself is refused at once', async () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', protocol)
    const own = `node://${protocol.identity ?? ''}@10.0.0.1:9946`
    await expect(supervisor.connect(own)).rejects.toThrow(`${own} is this node itself`)
  })

  test('that was called off before dials nobody', async () => {
    const { alice, bob, world } = startTwo()
    const signal = AbortSignal.abort()
    await expect(alice.supervisor.connect(FAR, { signal })).rejects.toEqual(withCode('aborted'))
    world.advance(1_000)
    expect(bob.supervisor.connections()).toEqual([])
  })

  test.each(['10.0.0.2', '10.0.0.0/8'])(
    'to who is banned for good by %s is refused',
    async (by) => {
      const { alice } = startTwo()
      alice.supervisor.ban(by)
      await expect(alice.supervisor.connect(FAR)).rejects.toMatchObject({
        ...{ code: 'refused', message: `${FAR} is banned for good` },
      })
      expect(alice.supervisor.audit().timers).toBe(startAlone().alice.supervisor.audit().timers)
    },
  )

  test('to who is banned for a while waits for that, if it would wait for so long', async () => {
    const { alice, bob, world } = startTwo()
    alice.supervisor.ban('10.0.0.2', { ms: 10_000 })
    const patient = alice.supervisor.connect(FAR, { timeoutMs: 20_000 })
    const impatient = alice.supervisor.connect(FAR, { timeoutMs: 9_999 })
    await expect(impatient).rejects.toMatchObject({
      ...{ code: 'refused', message: `${FAR} is banned for 10000 ms more` },
    })
    world.advance(9_999)
    expect(bob.supervisor.connections()).toEqual([])
    world.advance(1_000)
    await expect(patient).resolves.toBe('alice/out-1')
  })

  test.each(['its address', 'its identity'])(
    'that waits is refused once %s is disconnected: nobody dials it any more',
    async (what) => {
      const world = startVirtualWorld({ seed: 'called off' })
      const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
      const alice = startNode(world, 'alice', '10.0.0.1', protocol)
      const addressOf = (digits: string) => `node://${digits.repeat(32)}@10.0.0.2:9946`
      const [one, other] = ['ab', 'cd'].map((digits) =>
        alice.supervisor.connect(addressOf(digits), { timeoutMs: 5_000 }),
      )
      world.advance(1_000)
      alice.supervisor.disconnect(what === 'its address' ? addressOf('ab') : 'ab'.repeat(32))
      await expect(one).rejects.toMatchObject({
        code: 'refused',
        message: `${addressOf('ab')} is not dialled any more: it was disconnected`,
      })
      world.advance(5_000)
      await expect(other).rejects.toMatchObject({ code: 'timed-out' })
      const dialled = alice.eventsOf('connection.started').map(({ address }) => address)
      expect(dialled.lastIndexOf(addressOf('ab'))).toBeLessThan(dialled.length - 1)
    },
  )

  test('stands where it is asked for right behind a disconnect, within one call', async () => {
    const { alice, bob, world } = startTwo()
    await Promise.all([alice.started, bob.started])
    const first = alice.supervisor.connect(FAR)
    world.advance(1_000)
    const name = await first
    const again: Promise<string>[] = []
    const listening = alice.supervisor.events.subscribe(({ type }) => {
      if (type !== 'peer.banned') return
      alice.supervisor.disconnect(FAR)
      again.push(alice.supervisor.connect(FAR))
    })
    alice.supervisor.disconnect(FAR)
    world.advance(1_000)
    alice.supervisor.ban('10.0.0.7')
    listening.unsubscribe()
    world.advance(1_000)
    expect(await Promise.all(again)).not.toContain(name)
    expect(again).toHaveLength(1)
  })

  test('that is the last of three calls within one stands, whatever was asked before it', async () => {
    const { alice, bob, world } = startTwo()
    await Promise.all([alice.started, bob.started])
    const asked: Promise<string>[] = []
    const listening = alice.supervisor.events.subscribe(({ type }) => {
      if (type !== 'peer.banned') return
      asked.push(alice.supervisor.connect(FAR))
      alice.supervisor.disconnect(FAR)
      asked.push(alice.supervisor.connect(FAR))
    })
    alice.supervisor.ban('10.0.0.7')
    listening.unsubscribe()
    world.advance(2_000)
    const [first, last] = await Promise.allSettled(asked)
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'refused' } })
    const [connection] = alice.supervisor.connections()
    expect(last).toEqual({ status: 'fulfilled', value: connection?.name })
  })

  test.each<['ban' | 'disconnect', string]>([
    ['ban', 'is banned for good'],
    ['disconnect', 'is not dialled any more: it was disconnected'],
  ])('to where somebody was met is refused once %s names him: %s', async (how, why) => {
    const world = startVirtualWorld({ seed: 'met' })
    const alice = startNode(world, 'alice', '10.0.0.1', keyed(keyOf('dialler')))
    const bob = startNode(world, 'bob', '10.0.0.2', keyed(keyOf('listener')))
    const address = '10.0.0.2:7002'
    const first = alice.supervisor.connect(address)
    world.advance(1_000)
    await first
    const [connection] = alice.supervisor.connections()
    const stopped = bob.supervisor.stop()
    world.advance(1_000)
    await stopped

    const waiting = alice.supervisor.connect(address)
    world.advance(5_000)
    alice.supervisor[how](connection?.identity ?? '')
    const dialCount = alice.eventsOf('connection.started').length
    world.advance(60_000)
    await expect(waiting).rejects.toMatchObject({ code: 'refused', message: `${address} ${why}` })
    expect(alice.eventsOf('connection.started')).toHaveLength(dialCount)

    if (how === 'disconnect') return
    const late = alice.supervisor.connect(address)
    world.advance(60_000)
    await expect(late).rejects.toMatchObject({ code: 'refused', message: `${address} ${why}` })
  })

  test.each(['10.0.0.2', '10.0.0.0/8', '::ffff:10.0.0.2'])(
    'to who is banned by %s meanwhile is refused, and before he is there',
    async (by) => {
      const { alice, world } = startAlone()
      const waiting = alice.supervisor.connect(FAR, { timeoutMs: 20_000 })
      const other = alice.supervisor.connect('11.0.0.2:7001', { timeoutMs: 20_000 })
      world.advance(5_000)
      alice.supervisor.ban('10.0.0.3')
      alice.supervisor.ban(by, { ms: 15_000 })
      alice.supervisor.ban(by, { ms: 15_001 })
      await expect(waiting).rejects.toMatchObject({
        ...{ code: 'refused', message: `${FAR} is banned for 15001 ms more` },
      })
      world.advance(15_000)
      await expect(other).rejects.toEqual(withCode('timed-out'))
    },
  )

  test('to an identity that is banned meanwhile is refused', async () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', protocol)
    const address = `node://${'ab'.repeat(32)}@10.0.0.2:9946`
    const waiting = supervisor.connect(address)
    world.advance(1_000)
    supervisor.ban('ab'.repeat(32))
    await expect(waiting).rejects.toMatchObject({ message: `${address} is banned for good` })
  })

  test('to where somebody was met is called off with its dial once he is disconnected', async () => {
    const world = startVirtualWorld({ seed: 'met' })
    const alice = startNode(world, 'alice', '10.0.0.1', keyed(keyOf('dialler')))
    startNode(world, 'bob', '10.0.0.2', keyed(keyOf('listener')))
    const address = '10.0.0.2:7002'
    const first = alice.supervisor.connect(address)
    world.advance(1_000)
    await first
    const identity = alice.supervisor.connections()[0]?.identity ?? ''
    alice.supervisor.disconnect(identity)
    world.advance(5_000)
    const again = alice.supervisor.connect(address)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'connecting' }])
    alice.supervisor.disconnect(identity)
    world.advance(10_000)
    await expect(again).rejects.toEqual(withCode('refused'))
    expect(alice.supervisor.connections()).toEqual([])
  })

  test('to somebody who came in makes a manual peer of him all the same', async () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const protocolOf = (seat: 'dialler' | 'listener') =>
      native({ network: 'test', privateKey: keyOf(seat) })
    const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
    const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('dialler'))
    const addressOf = (host: string, seat: 'dialler' | 'listener') =>
      `node://${protocolOf(seat).identity ?? ''}@${host}:9946`
    void bob.supervisor.connect(addressOf('10.0.0.1', 'listener'))
    world.advance(1_000)
    const [inbound] = alice.supervisor.connections()
    await expect(alice.supervisor.connect(addressOf('10.0.0.2', 'dialler'))).resolves.toBe(
      inbound?.name,
    )
    bob.supervisor.disconnect(addressOf('10.0.0.1', 'listener'))
    world.advance(5_000)
    expect(alice.supervisor.connections()).toMatchObject([{ role: 'dialler', phase: 'active' }])

    // And `disconnect` by his identity forgets him, whichever connection there is.
    alice.supervisor.disconnect(protocolOf('dialler').identity ?? '')
    world.advance(60_000)
    expect([alice.supervisor.connections(), bob.supervisor.connections()]).toEqual([[], []])
  })

  test('has room for a thousand peers by hand, and says so', async () => {
    const { alice } = startAlone()
    for (let port = 1; port <= 1_000; port++) {
      alice.supervisor.connect(`10.0.0.7:${String(port)}`).catch(() => undefined)
    }
    await expect(alice.supervisor.connect(FAR)).rejects.toEqual(withCode('busy'))
    expect(alice.supervisor.audit().remembered['addresses']).toBe(1_000)
    expect(alice.eventsOf('fault')).toEqual([])
  })
})
