import { describe, expect, test } from 'vitest'
import { native, tools } from '../../protocols/native.ts'
import type { ProtocolTypes } from '../../index.ts'
import { startPair } from '../../testing/pair.ts'
import type { NodePair } from '../../testing/pair.ts'
import { connectionMemory, recordConnections, replayConnection } from '../../journal/journal.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'
import { keyOf, say } from '../contracts/seats.ts'

const bytes = (...values: readonly number[]) => Uint8Array.from(values)

const startNativePair = (options: Parameters<typeof startPair>[1] = {}) =>
  startPair((role) => native({ network: 'test/pair', privateKey: keyOf(role) }), {
    address: tools.ownAddress,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  })

async function talksBothWays<T extends ProtocolTypes>(
  { dialler, listener, stop, world }: NodePair<T>,
  one: T['message'],
  other: T['message'],
) {
  const heard: T['message'][] = []
  for (const { supervisor } of [dialler, listener]) {
    supervisor
      .messages<T['message']['type']>(one.type)
      .subscribe(({ message }) => heard.push(message))
  }
  expect(dialler.supervisor.send(dialler.connection, one)).toBe('queued')
  expect(listener.supervisor.send(listener.connection, other)).toBe('queued')
  world.settle()
  const wanted: readonly unknown[] = [one, other]
  expect(heard).toHaveLength(2)
  expect(heard).toEqual(expect.arrayContaining([...wanted]))
  await stop()
  expect(dialler.events.at(-1)?.type).toBe('node.stopped')
}

describe('a pair', () => {
  test('is connected, active, and talks both ways', async () => {
    await talksBothWays(startPair(plain()), say('blob', 1), say('blob', 2))
    await talksBothWays(startPair(sniffing()), say('line', 1), say('line', 2))
    await talksBothWays(
      startPair((role) => keyed(keyOf(role))),
      say('note', 1),
      say('note', 2),
    )
  })

  test('can have the connections of one of them recorded', async () => {
    const memory = connectionMemory<PlainTypes>()
    const { connection } = recordConnections({ sink: memory })
    await talksBothWays(
      startPair(plain(), { connection: { dialler: connection } }),
      say('blob', 1),
      say('blob', 2),
    )
    const [recording, ...others] = memory.recordings
    if (recording === undefined) throw new Error('nothing was recorded')
    const player = { protocol: plain(), crypto: chooseCrypto() }
    expect(replayConnection(recording, player)).toBeUndefined()
    expect(recording.header.options.role).toBe('dialler')
    expect(others).toEqual([])
  })

  test('answers requests: promises settle while the world is moved for them', async () => {
    const pair = startNativePair()
    pair.listener.supervisor.answer('add', async ({ payload }) => bytes((payload[0] ?? 0) + 1))
    const [info] = pair.dialler.supervisor.connections()
    const answer = pair.dialler.supervisor.request(info?.identity ?? '', {
      protocol: 'add',
      payload: bytes(4),
    })
    expect(await pair.until(answer)).toEqual(bytes(5))
    await pair.stop()
  })

  test('moves its world no farther than to what was waited for', async () => {
    const pair = startNativePair()
    const { clock } = pair.world
    const startMs = clock.nowMs
    const rung: number[] = []
    const waited = new Promise((resolve) => {
      clock.at(startMs + 1, () => {
        resolve('settled')
      })
    })
    clock.at(startMs + 1.5, () => rung.push(clock.nowMs))
    expect(await pair.until(waited)).toBe('settled')
    expect([clock.nowMs - startMs, rung]).toEqual([1, []])
    // What is settled by nothing of the world gets time from it, too.
    const turns = (left: number): Promise<number> =>
      new Promise((resolve) => {
        setImmediate(() => {
          resolve(left)
        })
      }).then(() => (left === 0 ? clock.nowMs : turns(left - 1)))
    expect(await pair.until(turns(50))).toBeLessThan(startMs + 1_000)
    await pair.stop()
  })

  test('says in vain what nobody answers, in the time of its world', async () => {
    const pair = startNativePair()
    pair.listener.supervisor.answer('never', () => new Promise(() => undefined))
    const startMs = pair.world.clock.nowMs
    const answer = pair.dialler.supervisor.request(
      pair.dialler.connection,
      { protocol: 'never', payload: bytes(1) },
      { timeoutMs: 5_000 },
    )
    await expect(pair.until(answer)).rejects.toThrow()
    expect(pair.world.clock.nowMs - startMs).toBeGreaterThanOrEqual(5_000)
    await expect(pair.until(new Promise(() => undefined), { withinMs: 1_000 })).rejects.toThrow(
      '1000 ms of the virtual world were waited for in vain',
    )
    await pair.stop()
  })

  test('lives without the sub-protocols of its network where it is told to', async () => {
    const pair = startPair((role) => native({ network: 'test/pair', privateKey: keyOf(role) }), {
      address: tools.ownAddress,
      children: [],
      limits: { historyMax: 3 },
    })
    pair.world.advance(60_000)
    const { dialler } = pair
    expect(dialler.supervisor.connections()[0]?.counters.sentMessages).toBeLessThan(4)
    expect(dialler.supervisor.explain(dialler.connection)?.history).toHaveLength(3)
    await pair.stop()
  })

  test('is the same again from its seed', async () => {
    const factsOf = async (seed: string) => {
      const pair = startNativePair({ seed })
      const facts = pair.dialler.supervisor.connections()[0]?.facts
      await pair.stop()
      return facts
    }
    expect(await factsOf('one')).toEqual(await factsOf('one'))
    expect(await factsOf('one')).not.toEqual(await factsOf('two'))
  })

  test('that cannot come together says why', () => {
    const networks = { dialler: 'test/one', listener: 'test/other' }
    expect(() =>
      startPair((role) => native({ network: networks[role], privateKey: keyOf(role) }), {
        address: tools.ownAddress,
      }),
    ).toThrow(/did not come together: .*network-mismatch/)
  })
})
