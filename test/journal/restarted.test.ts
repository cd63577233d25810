import { expect, test } from 'vitest'
import type { Protocol } from '../../index.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { recordable, recordDay } from './recorded.ts'

test('a sub-protocol that was asked to start again is counted, told of, and replayed', () => {
  const { plain } = recordable
  let starts = 0
  const withChild = (protocol: Protocol<PlainTypes>): Protocol<PlainTypes> => ({
    ...protocol,
    children: [
      {
        name: 'counter',
        restart: 'permanent',
        keep: () => ({}),
        start() {
          starts++
          return () => undefined
        },
      },
    ],
  })
  const journal = memoryJournal()
  const subject = { ...plain, protocol: () => withChild(plain.protocol()) }
  const { bob, world } = recordDay(subject, journal, { isStopped: false })
  const child = () => bob.inside.children().map(({ restarts, state }) => ({ restarts, state }))
  expect(child()).toEqual([{ restarts: 0, state: 'running' }])
  const before = starts
  bob.restart('counter')
  expect(child()).toEqual([{ restarts: 1, state: 'down' }])
  // One that is down stays as it is.
  bob.restart('counter')
  world.advance(1_000)
  expect(child()).toEqual([{ restarts: 1, state: 'running' }])
  expect(starts).toBe(before + 1)
  void bob.stop()
  world.advance(10_000)
  expect(() => {
    bob.restart('counter')
  }).toThrow('not running')
  const written = decodeNodeJournal(journal.bytes())
  expect(replay(written, { protocol: () => withChild(plain.remake()) }).run()).toBeUndefined()
})
