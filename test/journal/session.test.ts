import { expect, test } from 'vitest'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { recordable } from './recorded.ts'
import { recordSession } from './session.ts'

const { remake } = recordable.native

test('a session over TCP with 10,000 messages, a ban and a reconnect replays, on both sides', async () => {
  const journals = { alice: memoryJournal(), bob: memoryJournal() }
  await recordSession(journals)
  for (const recorded of [journals.alice, journals.bob]) {
    const journal = decodeNodeJournal(recorded.bytes())
    expect(journal.incomplete).toBeUndefined()
    const lines = journal.entries.flatMap(({ outcome }) => outcome)
    const received = lines.filter(([what, , type]) => what === 'received' && type === 'message')
    expect(received.reduce((sum, line) => sum + Number(line[3]), 0)).toBe(5_000)
    expect(lines.filter(([, type]) => type === 'connection.active').length).toBeGreaterThan(1)
    for (const crypto of BACKENDS) {
      expect(replay(journal, { crypto, protocol: remake }).run()).toBeUndefined()
    }
  }
}, 120_000)
