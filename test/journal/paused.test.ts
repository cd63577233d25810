import { expect, test } from 'vitest'
import type { Protocol } from '../../index.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { recordable, recordDay } from './recorded.ts'

test('a node that was paused, and banned a range for as long as its network says, is replayed', () => {
  const { plain } = recordable
  const withBans = (protocol: Protocol<PlainTypes>): Protocol<PlainTypes> => ({
    ...protocol,
    banMs: 60_000,
  })
  const journal = memoryJournal()
  const subject = { ...plain, protocol: () => withBans(plain.protocol()) }
  const { bob, world } = recordDay(subject, journal, { isStopped: false })
  const active = () => bob.connections().filter(({ phase }) => phase === 'active').length
  expect(active()).toBe(1)
  bob.pause()
  world.advance(5_000)
  expect(active()).toBe(0)
  bob.resume()
  world.advance(5_000)
  expect(active()).toBe(1)
  bob.ban('10.0.0.0/24')
  world.advance(5_000)
  expect([active(), bob.bans().length]).toEqual([0, 1])
  world.advance(120_000)
  expect([active(), bob.bans().length]).toEqual([1, 0])
  void bob.stop()
  world.advance(10_000)
  const written = decodeNodeJournal(journal.bytes())
  expect(written).toMatchObject({ isBroken: false, incomplete: undefined })
  expect(replay(written, { protocol: () => withBans(plain.remake()) }).run()).toBeUndefined()
})
